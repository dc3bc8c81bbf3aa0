package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.data.PromptedFolder;
import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs of `method: dreambooth`.
class DreamBoothTest {
    @TempDir
    private Path folder;

    private Path instances;
    private Path classes;

    @BeforeEach
    void pictures() throws Exception {
        instances = Files.createDirectory(folder.resolve("instances"));
        classes = folder.resolve("classes");
        for (int i = 0; i < 3; i++) {
            ImageFiles.write(instances.resolve(i + ".png"), new Stripes().image(i), ImageFormat.PNG, 100, Map.of());
        }
    }

    private Runs.Told train(String output, String settings, int stopAfter) throws Exception {
        return Runs.train(folder.resolve(output), PromptedFolder.open(instances, "a photo of a lung xray"),
                "method: dreambooth\ninstance_data_dir: " + instances + "\ninstance_prompt: a photo of a lung xray\n"
                        + "learning_rate: 1e-3\nmax_train_steps: 4\n" + settings, stopAfter);
    }

    private String prior() {
        return "with_prior_preservation: true\nclass_data_dir: " + classes + "\nclass_prompt: a photo of an xray\n"
                + "num_class_images: 2\n";
    }

    /// The model draws what is missing, once; stopping and going on changes nothing.
    @Test
    void priorPreservation() throws Exception {
        train("whole", prior(), Integer.MAX_VALUE);
        assertEquals(List.of("class-00000.png", "class-00001.png"), names());
        FileTime drawn = Files.getLastModifiedTime(classes.resolve("class-00000.png"));
        assertFalse(Runs.same(classes.resolve("class-00000.png"), classes.resolve("class-00001.png")));
        train("parts", prior(), 2);
        train("parts", prior() + "resume_from_checkpoint: latest", Integer.MAX_VALUE);
        assertEquals(drawn, Files.getLastModifiedTime(classes.resolve("class-00000.png")));
        String unet = "model/unet/diffusion_pytorch_model.safetensors";
        assertTrue(Runs.same(folder.resolve("whole").resolve(unet), folder.resolve("parts").resolve(unet)));
        assertTrue(Runs.same(Runs.MODEL.resolve("text_encoder/model.safetensors"),
                folder.resolve("whole/model/text_encoder/model.safetensors")), "the text encoder is frozen");
    }

    /// The class counts as its weight says: without any it has no part in the gradient.
    @Test
    void theClassHasItsWeight() throws Exception {
        Files.createDirectory(classes);
        for (int i = 3; i < 5; i++) {
            ImageFiles.write(classes.resolve(i + ".png"), new Stripes().image(i), ImageFormat.PNG, 100, Map.of());
        }
        Runs.Told plain = train("plain", "", Integer.MAX_VALUE);
        Runs.Told none = train("none", prior() + "prior_loss_weight: 0\n", Integer.MAX_VALUE);
        Runs.Told full = train("full", prior(), Integer.MAX_VALUE);
        assertEquals(List.of("3.png", "4.png"), names(), "there were enough");
        for (int i = 0; i < plain.losses().size(); i++) {
            assertEquals(plain.losses().get(i), none.losses().get(i), 1e-4 * plain.losses().get(i));
        }
        assertTrue(full.losses().getFirst() > 1.2 * plain.losses().getFirst(), full + " and " + plain);
    }

    private List<String> names() throws Exception {
        try (Stream<Path> files = Files.list(classes)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
