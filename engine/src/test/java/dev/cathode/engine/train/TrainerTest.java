package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.data.ImageTextDataset;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.engine.train.log.StepReport;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Runs of a few steps with a tiny model: what they write, and that stopping and going on changes nothing.
class TrainerTest {
    private static final String MODEL = Goldens.root().resolve("pipeline/model").toString();

    @TempDir
    private Path folder;

    /// Stopped after some steps and resumed, a run ends with the bytes of one that was not.
    @ParameterizedTest
    @ValueSource(strings = {"validation_prompts: [\"a left effusion\"]",
        "train_text_encoder: false\ncache_latents: true\nmixed_precision: bf16",
        "gradient_accumulation_steps: 2\ngradient_checkpointing: true",
        "max_grad_norm: 0\nsnr_gamma: 5\nprediction_type: v_prediction"})
    void resumingIsExact(String settings) throws Exception {
        Path whole = folder.resolve("whole");
        Path parts = folder.resolve("parts");
        assertTrue(train(whole, settings, Integer.MAX_VALUE).completed());
        Trainer.Outcome first = train(parts, settings, 2);
        assertFalse(first.completed());
        assertEquals(2, first.steps());
        assertTrue(train(parts, settings + "\nresume_from_checkpoint: latest", 2).steps() == 4);
        assertTrue(train(parts, settings + "\nresume_from_checkpoint: latest", Integer.MAX_VALUE).completed());
        assertSameFiles(whole.resolve("checkpoint-6/state"), parts.resolve("checkpoint-6/state"));
        assertSameFiles(whole.resolve("model/unet"), parts.resolve("model/unet"));
        assertEquals(steps(whole), steps(parts));
    }

    /// The loss falls on four samples.
    @Test
    void theLossFalls() throws Exception {
        List<Float> losses = new ArrayList<>();
        run(folder.resolve("fall"), "learning_rate: 2e-3\nmax_train_steps: 30", new TrainingListener() {
            @Override
            public void onStep(StepReport report, long total, Optional<Duration> remaining) {
                losses.add(report.loss());
            }
        });
        double before = losses.subList(0, 10).stream().mapToDouble(Float::doubleValue).average().orElseThrow();
        double after = losses.subList(20, 30).stream().mapToDouble(Float::doubleValue).average().orElseThrow();
        assertTrue(after < before, before + " to " + after);
    }

    @Test
    void aStepThatIsNotFiniteStopsWithACheckpointOfWhatWasThere() throws Exception {
        Path output = folder.resolve("diverged");
        var failure = assertThrows(TrainingDivergedException.class, () ->
                train(output, "learning_rate: 1e30\nmax_grad_norm: 0", Integer.MAX_VALUE));
        assertTrue(failure.getMessage().contains("is not finite"), failure.getMessage());
        try (Stream<Path> files = Files.list(output)) {
            assertTrue(files.anyMatch(f -> f.getFileName().toString().startsWith("checkpoint-")), failure.getMessage());
        }
    }

    @Test
    void aCheckpointOfAnotherRunIsRefused() throws Exception {
        Path output = folder.resolve("other");
        train(output, "", 2);
        var failure = assertThrows(IllegalArgumentException.class, () ->
                train(output, "learning_rate: 3e-4\nresume_from_checkpoint: latest", 2));
        assertTrue(failure.getMessage().contains("learning_rate"), failure.getMessage());
    }

    /// Trains until so many steps of this call are done.
    private Trainer.Outcome train(Path output, String settings, int stopAfter) throws Exception {
        int[] done = {0};
        return run(output, settings, new TrainingListener() {
            @Override
            public void onStep(StepReport report, long total, Optional<Duration> remaining) {
                done[0]++;
            }

            @Override
            public boolean isCancelled() {
                return done[0] >= stopAfter;
            }
        });
    }

    private static Trainer.Outcome run(Path output, String settings, TrainingListener listener) throws Exception {
        String base = "pretrained_model_name_or_path: " + MODEL + "\ntrain_data_dir: unused\noutput_dir: " + output
                + "\nresolution: 32\ntrain_batch_size: 2\nuse_ema: true\nconditioning_dropout: 0.3\n"
                + "validation_split: 0.2\nvalidation_steps: 6\ncheckpointing_steps: 3\n";
        String all = base + (settings.contains("max_train_steps") ? "" : "max_train_steps: 6\n")
                + (settings.contains("learning_rate") ? "" : "learning_rate: 1e-3\n") + settings + "\n";
        TrainingRecipe recipe = TrainingRecipe.parse(all, "test", List.of());
        ImageTextDataset data = new Stripes();
        try (Device device = CpuDevice.open(CpuOptions.defaults().withThreads(1));
                FineTuning task = FineTuning.open(device, recipe, TrainedModel.open(recipe.model(), recipe.steps().seed()),
                        data, listener)) {
            TrainingData split = TrainingData.split(data, recipe.data().validationSplit(),
                    new TrainingRandom(recipe.steps().seed()));
            return new Trainer<>(device, recipe, task, split, listener).run();
        }
    }

    private static void assertSameFiles(Path expected, Path actual) throws IOException {
        try (Stream<Path> files = Files.list(expected)) {
            List<Path> all = files.filter(Files::isRegularFile).toList();
            assertFalse(all.isEmpty());
            for (Path file : all) {
                assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(actual.resolve(file.getFileName())),
                        file.toString());
            }
        }
    }

    /// The columns of the log that do not depend on time.
    private static List<String> steps(Path output) throws IOException {
        return Files.readAllLines(output.resolve("log.csv")).stream()
                .map(line -> String.join(",", List.of(line.split(",")).subList(0, 5))).toList();
    }
}
