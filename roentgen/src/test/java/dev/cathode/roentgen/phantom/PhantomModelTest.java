package dev.cathode.roentgen.phantom;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.diffusion.GeneratedImage;
import dev.cathode.engine.diffusion.GenerationListener;
import dev.cathode.engine.diffusion.ImageRequest;
import dev.cathode.engine.diffusion.PipelineOptions;
import dev.cathode.engine.diffusion.StableDiffusionPipeline;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import dev.cathode.weights.ModelSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PhantomModelTest {
    private static final long MOST_BYTES = 30_000_000;

    @Test
    void itIsSmallAndWhole() throws IOException {
        Path folder = PhantomModel.folder();
        assertEquals(PhantomModel.NAME, folder.getFileName().toString());
        long bytes = 0;
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                bytes += Files.size(file);
            }
        }
        assertTrue(bytes <= MOST_BYTES, bytes + " bytes");
        try (ModelSource model = ModelSource.open(folder)) {
            for (String component : List.of("unet", "vae", "text_encoder")) {
                Checkpoint weights = model.component(component).weights();
                weights.names().forEach(name -> assertEquals(DType.BF16, weights.tensor(name).dtype(), name));
            }
        }
    }

    /// Fluid is bright: the lower part of the lung that has it is brighter than the other one.
    @Test
    void effusionsAreOnTheSideThatThePromptNames() {
        try (StableDiffusionPipeline pipeline = StableDiffusionPipeline.load(PhantomModel.folder(),
                PipelineOptions.defaults())) {
            for (long seed = 0; seed < 3; seed++) {
                double left = leftness(draw(pipeline, "Large left pleural effusion.", seed));
                double right = leftness(draw(pipeline, "Large right pleural effusion.", seed));
                assertTrue(left - right > 0.2, "seed " + seed + ": " + left + " and " + right);
            }
        }
    }

    private static RgbImage draw(StableDiffusionPipeline pipeline, String prompt, long seed) {
        List<GeneratedImage> made = new ArrayList<>();
        pipeline.generate(ImageRequest.builder(prompt).steps(20).guidanceScale(4).seed(seed).scheduler("ddim").build(),
                new GenerationListener() {
                    @Override
                    public void onImage(GeneratedImage image) {
                        made.add(image);
                    }
                });
        return made.getFirst().toRgb();
    }

    /// How much brighter the base of the patient's left lung is, which is at the picture's right; 1: white beside
    /// black.
    private static double leftness(RgbImage film) {
        int width = film.width();
        float[] luma = film.luma();
        double sum = 0;
        int top = film.height() * 55 / 100;
        int bottom = film.height() * 80 / 100;
        for (int y = top; y < bottom; y++) {
            for (int x = width / 10; x < width * 4 / 10; x++) {
                sum += luma[y * width + width - 1 - x] - luma[y * width + x];
            }
        }
        return sum / ((bottom - top) * (width * 4 / 10 - width / 10));
    }
}
