package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.data.ImageTextDataset;
import dev.cathode.engine.diffusion.GeneratedImage;
import dev.cathode.engine.diffusion.GenerationListener;
import dev.cathode.engine.diffusion.ImageRequest;
import dev.cathode.engine.diffusion.PipelineOptions;
import dev.cathode.engine.diffusion.StableDiffusionPipeline;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.engine.train.log.StepReport;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.Goldens;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Short runs of training with tiny models, for tests of what they write.
final class Runs {
    /// The tiny model of the goldens.
    static final Path MODEL = Goldens.root().resolve("pipeline/model");

    private Runs() { }

    /// What a run told.
    ///
    /// @param losses of its steps
    /// @param validation the last loss on samples held out
    record Told(List<Float> losses, double validation) {
        /// The mean loss of some steps.
        double mean(int from, int to) {
            return losses.subList(from, to).stream().mapToDouble(Float::doubleValue).average().orElseThrow();
        }
    }

    /// Trains by the recipe's method.
    ///
    /// @param settings beside those that every run has; the model is [#MODEL] if they name none
    static Told train(Path output, ImageTextDataset data, String settings) throws Exception {
        return train(output, data, settings, Integer.MAX_VALUE);
    }

    /// The same, told to stop after some steps.
    static Told train(Path output, ImageTextDataset data, String settings, int stopAfter) throws Exception {
        String all = "output_dir: " + output + "\nresolution: 32\ntrain_batch_size: 2\nvalidation_split: 0.4\n"
                + "validation_steps: 1000\ncheckpointing_steps: 3\n" + settings + "\n"
                + (settings.contains("dreambooth") ? "" : "train_data_dir: unused\n")
                + (settings.contains("pretrained_model") ? "" : "pretrained_model_name_or_path: " + MODEL + "\n");
        TrainingRecipe recipe = TrainingRecipe.parse(all, "test", List.of());
        List<Float> losses = new ArrayList<>();
        double[] validation = {Double.NaN};
        var listener = new TrainingListener() {
            @Override
            public void onStep(StepReport report, long total, Optional<Duration> remaining) {
                losses.add(report.loss());
            }

            @Override
            public void onValidation(long step, double loss) {
                validation[0] = loss;
            }

            @Override
            public boolean isCancelled() {
                return losses.size() >= stopAfter;
            }
        };
        try (Device device = CpuDevice.open(CpuOptions.defaults().withThreads(2));
                TrainingTask<?> task = TrainingTasks.open(device, recipe, data, listener)) {
            new Trainer<>(device, recipe, task, TrainingTasks.data(recipe, data), listener).run();
        }
        return new Told(losses, validation[0]);
    }

    /// A small picture by a written model; asserts that its numbers are numbers.
    static RgbImage draw(Path model, String prompt) {
        List<GeneratedImage> images = new ArrayList<>();
        try (var pipeline = StableDiffusionPipeline.load(model, PipelineOptions.defaults().withThreads(2))) {
            ImageRequest request = ImageRequest.builder(prompt).steps(4).seed(1).size(32, 32).build();
            pipeline.generate(request, new GenerationListener() {
                @Override
                public void onImage(GeneratedImage image) {
                    images.add(image);
                }
            });
        }
        for (float number : images.getFirst().finalLatents()) {
            assertTrue(Float.isFinite(number), prompt);
        }
        return images.getFirst().toRgb();
    }

    /// Whether two files hold the same bytes.
    static boolean same(Path one, Path two) throws Exception {
        return Files.mismatch(one, two) < 0;
    }
}
