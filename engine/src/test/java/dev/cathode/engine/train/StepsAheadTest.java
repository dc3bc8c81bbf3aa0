package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.diffusion.schedulers.PredictionType;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.Variables;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.engine.train.log.StepReport;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.Goldens;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Steps whose results are read when later ones have long been asked for: what a run leaves is the same.
class StepsAheadTest {
    private static final String FILE = "unet.safetensors";
    private static final DiffusionLoss LOSS =
            new DiffusionLoss(TrainingGoldenTest.SCHEDULE, PredictionType.EPSILON, false);

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"0, false", "1, false", "1, true"})
    void nothingChangesAfterABadStep(double maxGradNorm, boolean accumulate) {
        nothingChangesAfterABadStep(TrainingGoldenTest::device, maxGradNorm, accumulate);
    }

    /// The second step of three has noise that is no number, and results are asked for last.
    static void nothingChangesAfterABadStep(Supplier<Device> devices, double maxGradNorm, boolean accumulate) {
        int[] shape = TrainingGoldenTest.TOPIC.shape(FILE, "latents"); // [steps, batch, C, h, w]
        int size = accumulate ? 1 : shape[1];
        var options = new StepOptions(Optimizer.AdamW.defaults(), maxGradNorm, true);
        IntFunction<Graph> objective = batch -> TrainingGoldenTest.objective(LOSS, 0,
                Shape.of(batch, shape[2], shape[3], shape[4]));
        Map<String, Shape> trainable = TrainingStep.parameters(objective.apply(1), name -> name.startsWith("unet.mid"));
        Checkpoint weights = TrainingGoldenTest.weights();
        try (Device device = devices.get();
                var state = new TrainingState(device, trainable, Map.of(), options, accumulate);
                var step = new TrainingStep(device, weights, state, options, accumulate, objective)) {
            state.start(weights);
            List<Supplier<TrainingStep.Result>> results = new ArrayList<>();
            List<byte[]> after = new ArrayList<>();
            List<TrainingStep.Batch> bad = List.of();
            for (int i = 0; i < 3; i++) {
                boolean spoilt = i == 1;
                List<TrainingStep.Batch> batches = IntStream.range(0, shape[1] / size).mapToObj(part ->
                        new TrainingStep.Batch(size, executable -> set(executable, part * size, size, spoilt))).toList();
                bad = spoilt ? batches : bad;
                results.add(step.ask(i + 1, 1e-3, 0.9, shape[1], batches.iterator()));
                if (i == 0) {
                    after = tensors(state);
                }
            }
            assertEquals(List.of(true, false), results.subList(0, 2).stream().map(r -> r.get().finite()).toList());
            assertSame(after, tensors(state));
            String where = step.firstNonFinite(bad.getLast()).orElseThrow();
            assertFalse(where.contains("Norm"), where);
            assertSame(after, tensors(state));
        }
    }

    private static void set(Executable executable, int first, int count, boolean spoilt) {
        TrainingGoldenTest.set(executable, FILE, LOSS, 0, first, count);
        if (spoilt) {
            executable.set("noise", notNumbers(executable, "noise"));
        }
    }

    private static float[] notNumbers(Executable executable, String input) {
        float[] numbers = new float[executable.inputs().get(input).intCount()];
        Arrays.fill(numbers, Float.NaN);
        return numbers;
    }

    private static List<byte[]> tensors(TrainingState state) {
        return Stream.of("", "exp_avg", "exp_avg_sq", "ema").flatMap(kind -> state.tensors(kind).stream())
                .map(entry -> entry.data().get().toArray(ValueLayout.JAVA_BYTE)).toList();
    }

    private static void assertSame(List<byte[]> expected, List<byte[]> actual) {
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), actual.get(i));
        }
    }

    // ---- whole runs

    /// A device on the processor that is to be kept busy as one of its own memory is.
    private record Remote(Device device) implements Device {
        @Override
        public String description() {
            return device.description();
        }

        @Override
        public boolean isRemote() {
            return true;
        }

        @Override
        public DeviceWeights weights(Checkpoint checkpoint, Variables variables) {
            return device.weights(checkpoint, variables);
        }

        @Override
        public Variables variables() {
            return device.variables();
        }

        @Override
        public Executable compile(Graph graph, DeviceWeights weights, CompileOptions options) {
            return device.compile(graph, weights, options);
        }

        @Override
        public long requiredBytes(Graph graph, DeviceWeights weights, CompileOptions options) {
            return device.requiredBytes(graph, weights, options);
        }

        @Override
        public void close() {
            device.close();
        }
    }

    /// A task whose samples of one step are no numbers.
    private record Spoilt(FineTuning task, long step) implements TrainingTask<FineTuning.Sample> {
        @Override
        public Checkpoint weights() {
            return task.weights();
        }

        @Override
        public Map<String, Shape> trainable() {
            return task.trainable();
        }

        @Override
        public Graph loss(int batch) {
            return task.loss(batch);
        }

        @Override
        public FineTuning.Sample read(int index) throws IOException {
            return task.read(index);
        }

        @Override
        public void set(Executable loss, Place place, List<FineTuning.Sample> samples) {
            task.set(loss, place, samples);
            if (place.step() == step && !place.heldOut()) {
                loss.set("noise", notNumbers(loss, "noise"));
            }
        }

        @Override
        public Map<String, RgbImage> pictures(TrainingState state) {
            return Map.of();
        }

        @Override
        public void write(Path folder, TrainingState state, boolean average) throws IOException {
            task.write(folder, state, average);
        }

        @Override
        public void close() {
            task.close();
        }
    }

    /// @param told what is told of the steps that were done
    private record Told(List<String> told, Optional<String> failure) { }

    private Told train(Path output, boolean ahead, long spoiltStep, String settings) throws Exception {
        TrainingRecipe recipe = TrainingRecipe.parse("pretrained_model_name_or_path: "
                + Goldens.root().resolve("pipeline/model") + "\ntrain_data_dir: unused\noutput_dir: " + output
                + "\nresolution: 32\ntrain_batch_size: 2\nuse_ema: true\ntrain_text_encoder: false\n"
                + "validation_split: 0.2\nmax_train_steps: 5\nlearning_rate: 1e-3\n" + settings + "\n", "test", List.of());
        List<String> told = new ArrayList<>();
        var listener = new TrainingListener() {
            @Override
            public void onStep(StepReport report, long total, Optional<Duration> remaining) {
                told.add("step " + report.step() + ": " + report.loss() + ' ' + report.gradientNorm());
            }

            @Override
            public void onValidation(long step, double loss) {
                told.add("validation " + step + ": " + loss);
            }

            @Override
            public void onCheckpoint(Path written) {
                told.add(written.getFileName().toString());
            }
        };
        try (Device local = CpuDevice.open(CpuOptions.defaults().withThreads(1));
                Device device = ahead ? new Remote(local) : local;
                FineTuning task = FineTuning.open(device, recipe, TrainedModel.open(recipe.model(), recipe.steps().seed()),
                        new Stripes(), listener)) {
            TrainingData split = TrainingData.split(new Stripes(), recipe.data().validationSplit(),
                    new TrainingRandom(recipe.steps().seed()));
            new Trainer<>(device, recipe, new Spoilt(task, spoiltStep), split, listener).run();
            return new Told(told, Optional.empty());
        } catch (TrainingDivergedException e) {
            return new Told(told, Optional.of(e.getMessage().replace(output.toString(), "")));
        }
    }

    @ParameterizedTest
    @CsvSource({"max_grad_norm: 0", "gradient_accumulation_steps: 2"})
    void aRunThatIsAheadEndsLikeOneThatIsNot(String settings) throws Exception {
        String often = "checkpointing_steps: 4\nvalidation_steps: 3\n" + settings;
        Told local = train(folder.resolve("local"), false, -1, often);
        assertEquals(local, train(folder.resolve("ahead"), true, -1, often));
        assertEquals(Optional.empty(), local.failure);
        assertEquals(List.of("step", "step", "step", "validation", "step", "checkpoint-4", "step", "validation"), local.told.stream().map(line -> line.split(" ")[0]).toList());
        sameTensors("model/unet");
        sameTensors("checkpoint-4/state");
    }

    @Test
    void theParametersBeforeABadStepAreKept() throws Exception {
        String seldom = "checkpointing_steps: 100\nvalidation_steps: 100";
        Told local = train(folder.resolve("local"), false, 3, seldom);
        assertEquals(local, train(folder.resolve("ahead"), true, 3, seldom));
        assertTrue(local.failure.orElseThrow().startsWith("step 4: "), local.failure.orElseThrow());
        assertTrue(local.failure.orElseThrow().contains("/checkpoint-3"), local.failure.orElseThrow());
        sameTensors("checkpoint-3/state");
    }

    private void sameTensors(String part) throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("local").resolve(part))) {
            List<Path> tensors = files.filter(file -> file.toString().endsWith(".safetensors")).toList();
            assertFalse(tensors.isEmpty());
            for (Path file : tensors) {
                assertEquals(-1, Files.mismatch(file, folder.resolve("ahead").resolve(part).resolve(file.getFileName())),
                        file.toString());
            }
        }
    }

    @Test
    void onlyADeviceOfItsOwnIsAhead() {
        for (boolean remote : new boolean[] {false, true}) {
            var options = new StepOptions(Optimizer.AdamW.defaults(), 0, false);
            try (Device local = TrainingGoldenTest.device(); Device device = remote ? new Remote(local) : local;
                    var state = new TrainingState(device, Map.of(), Map.of(), options, false);
                    var step = new TrainingStep(device, TrainingGoldenTest.weights(), state, options, false,
                            batch -> new Graph())) {
                assertEquals(remote, step.ahead() > 0);
            }
        }
    }
}
