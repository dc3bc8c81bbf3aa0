package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.diffusion.schedulers.PredictionType;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.cuda.CudaDevice;
import dev.cathode.engine.runtime.cuda.CudaOptions;
import dev.cathode.kernels.cuda.CudaMachine;
import dev.cathode.kernels.cuda.Machines;
import dev.cathode.kernels.cuda.ShimMachine;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Training steps by the CUDA kernels, on the CPU or a GPU: in float32 against PyTorch's, in bfloat16 against float32.
class CudaTrainingTest {
    private static final String FILE = "unet.safetensors";
    private static final DiffusionLoss LOSS =
            new DiffusionLoss(TrainingGoldenTest.SCHEDULE, PredictionType.EPSILON, false);

    @BeforeAll
    static void kernelsCanRun() {
        Machines.missing(ShimMachine.Options.QUICK).ifPresent(reason -> Assumptions.abort(reason));
    }

    private static Supplier<Device> device(DType type, ShimMachine.Options options) {
        return () -> new CudaDevice(Machines.open(options), CudaOptions.defaults().withDtype(type));
    }

    /// One graph a step; from the third on, a step is a replay.
    @Test
    void unetWithMovingAverage() {
        TrainingGoldenTest.run(device(DType.F32, ShimMachine.Options.QUICK), FILE, "unet."::equals, true, false, 0);
    }

    /// Gradients add up over batches, and are applied by a graph of their own.
    @Test
    void unetAndTextEncoderInBatches() {
        TrainingGoldenTest.run(device(DType.F32, ShimMachine.Options.QUICK), "joint.safetensors", prefix -> true, false, true, 0);
    }

    @Test
    void priorPreservation() {
        TrainingGoldenTest.priorPreservation(device(DType.F32, ShimMachine.Options.QUICK));
    }

    @Test
    void nothingChangesAfterABadStep() {
        StepsAheadTest.nothingChangesAfterABadStep(device(DType.F32, ShimMachine.Options.QUICK), 0, false);
        StepsAheadTest.nothingChangesAfterABadStep(device(DType.BF16, ShimMachine.Options.QUICK), 1, true);
    }

    private static Graph objective(int batch) {
        int[] shape = TrainingGoldenTest.TOPIC.shape(FILE, "latents");
        return TrainingGoldenTest.objective(LOSS, 0, Shape.of(batch, shape[2], shape[3], shape[4]));
    }

    private static final StepOptions OPTIONS = new StepOptions(Optimizer.AdamW.defaults(), 1, true);

    private static Map<String, Shape> trainable() {
        return TrainingStep.parameters(objective(1), name -> true);
    }

    /// The gradients of all parameters.
    private static Map<String, float[]> gradients(Supplier<Device> devices) {
        Map<String, float[]> gradients = new LinkedHashMap<>();
        Checkpoint weights = TrainingGoldenTest.weights();
        int batch = TrainingGoldenTest.TOPIC.shape(FILE, "latents")[1];
        try (Device device = devices.get();
                var state = new TrainingState(device, trainable(), Map.of(), OPTIONS, true)) {
            state.start(weights);
            Graph graph = StepGraphs.accumulating(objective(batch), trainable().keySet(), OPTIONS);
            try (DeviceWeights held = device.weights(weights, state.variables());
                    Executable executable = device.compile(graph, held, CompileOptions.defaults());
                    Arena arena = Arena.ofConfined()) {
                TrainingGoldenTest.set(executable, FILE, LOSS, 0, 0, batch);
                executable.set(StepGraphs.SHARE, new float[] {1});
                executable.run();
                trainable().forEach((name, shape) -> {
                    MemorySegment numbers = arena.allocate(ValueLayout.JAVA_FLOAT, shape.count());
                    state.variables().read(StepGraphs.slot(StepGraphs.GRADIENT, name), numbers);
                    gradients.put(name, numbers.toArray(ValueLayout.JAVA_FLOAT));
                });
            }
        }
        return gradients;
    }

    /// bfloat16 keeps 8 bits of a number. PyTorch's gradients of the same step are off by 2.8e-2 with everything in
    /// bfloat16, and by 2.9e-2 with its autocast; ours by 2.5e-2 and 2.7e-2.
    @Test
    void gradientsInBfloat16AreAsCloseAsPyTorchs() {
        Map<String, float[]> exact = gradients(TrainingGoldenTest::device);
        compare(exact, gradients(device(DType.BF16, ShimMachine.Options.QUICK)));
        compare(exact, gradients(device(DType.BF16, ShimMachine.Options.QUICK.withAttention().withoutFusion())));
    }

    private static void compare(Map<String, float[]> exact, Map<String, float[]> half) {
        assertEquals(exact.keySet(), half.keySet());
        double off = 0;
        double size = 0;
        for (String name : exact.keySet()) {
            float[] expected = exact.get(name);
            float[] actual = half.get(name);
            for (int i = 0; i < expected.length; i++) {
                off += Math.pow((double) actual[i] - expected[i], 2);
                size += Math.pow(expected[i], 2);
            }
        }
        assertTrue(Math.sqrt(off / size) < 3.5e-2, "gradients are off by " + Math.sqrt(off / size));
    }

    /// The bytes of everything that training changes, after some steps.
    private static List<byte[]> trained(CudaMachine machine, int steps) {
        return trained(machine, OPTIONS, steps, (device, state) -> { }, executable -> { });
    }

    /// @param before is called before anything is compiled
    /// @param compiled is given the step before it runs
    private static List<byte[]> trained(CudaMachine machine, StepOptions options, int steps,
                                        BiConsumer<Device, TrainingState> before, Consumer<Executable> compiled) {
        Checkpoint weights = TrainingGoldenTest.weights();
        int batch = TrainingGoldenTest.TOPIC.shape(FILE, "latents")[1];
        try (Device device = new CudaDevice(machine, CudaOptions.defaults());
                var state = new TrainingState(device, trainable(), Map.of(), options, false);
                var step = new TrainingStep(device, weights, state, options, false, CudaTrainingTest::objective)) {
            state.start(weights);
            before.accept(device, state);
            compiled.accept(step.executable(batch));
            int buffers = 0;
            long waits = 0;
            List<Supplier<TrainingStep.Result>> results = new ArrayList<>();
            for (int i = 0; i < steps; i++) {
                int index = i;
                results.add(step.ask(i + 1, 1e-4, 0.5, batch, List.of(new TrainingStep.Batch(batch,
                        executable -> TrainingGoldenTest.set(executable, FILE, LOSS, index, 0, batch))).iterator()));
                if (machine instanceof ShimMachine shim) {
                    buffers = i == 0 ? shim.buffers() : buffers;
                    waits = i == 0 ? shim.waits() : waits;
                    assertEquals(buffers, shim.buffers(), "a step allocates nothing");
                    assertEquals(waits, shim.waits(), "a step waits for nothing");
                }
            }
            results.forEach(result -> assertTrue(result.get().finite()));
            return List.of("", "exp_avg", "exp_avg_sq", "ema").stream().flatMap(kind -> state.tensors(kind).stream())
                    .map(entry -> entry.data().get().toArray(ValueLayout.JAVA_BYTE)).toList();
        }
    }

    @Test
    void twoRunsGiveTheSameBytes() {
        List<byte[]> first = trained(Machines.openRepeatable(ShimMachine.Options.QUICK.withAttention()), 3);
        List<byte[]> second = trained(Machines.openRepeatable(ShimMachine.Options.QUICK.withAttention()), 3);
        assertEquals(first.size(), second.size());
        for (int i = 0; i < first.size(); i++) {
            assertArrayEquals(first.get(i), second.get(i));
        }
    }

    /// Also where gradients are not clipped, so that none has to wait for the last one: unless there is no memory to
    /// keep them all. Either way the bytes are the same.
    @Test
    void oneLaunchUpdatesEverythingIfGradientsFit() {
        Assumptions.assumeFalse(Machines.areGpus(), "the memory of a GPU is what it is");
        var options = new StepOptions(Optimizer.AdamW.defaults(), 0, true);
        List<byte[]> together = trained(ShimMachine.open(ShimMachine.Options.QUICK), options, 2, (device, state) -> { },
                executable -> assertEquals(1, launches(executable, "adam of " + trainable().size())));
        ShimMachine tight = ShimMachine.open(ShimMachine.Options.QUICK);
        List<byte[]> apart = trained(tight, options, 2, (device, state) -> {
            Graph graph = StepGraphs.whole(objective(TrainingGoldenTest.TOPIC.shape(FILE, "latents")[1]),
                    trainable().keySet(), options);
            try (DeviceWeights held = device.weights(TrainingGoldenTest.weights(), state.variables())) {
                long used = ShimMachine.Options.QUICK.memory() - tight.available();
                tight.setMemory(used + device.requiredBytes(graph, held, CompileOptions.defaults()) - 1);
            }
        }, executable -> assertEquals(0, launches(executable, "adam of " + trainable().size())));
        for (int i = 0; i < together.size(); i++) {
            assertArrayEquals(together.get(i), apart.get(i));
        }
    }

    private static long launches(Executable executable, String kernel) {
        return executable.describe().lines().filter(line -> line.endsWith(": " + kernel)).count();
    }

    /// All parameters in one launch, with their moving averages and the 16-bit copies that the network reads.
    @Test
    void oneLaunchUpdatesEverything() {
        Checkpoint weights = TrainingGoldenTest.weights();
        int batch = TrainingGoldenTest.TOPIC.shape(FILE, "latents")[1];
        var samples = new TrainingStep.Batch(batch,
                executable -> TrainingGoldenTest.set(executable, FILE, LOSS, 0, 0, batch));
        try (Device device = new CudaDevice(Machines.openRepeatable(ShimMachine.Options.QUICK.withAttention()),
                CudaOptions.defaults());
                var state = new TrainingState(device, trainable(), Map.of(), OPTIONS, false);
                var step = new TrainingStep(device, weights, state, OPTIONS, false, CudaTrainingTest::objective);
                Arena arena = Arena.ofConfined()) {
            state.start(weights);
            double before = step.evaluate(samples);
            step.run(1, 1e-3, 0.5, batch, List.of(samples).iterator());
            double after = step.evaluate(samples);
            assertTrue(after < before, after + " after a step, " + before + " before");
            trainable().forEach((name, shape) -> {
                MemorySegment numbers = arena.allocate(ValueLayout.JAVA_FLOAT, shape.count());
                state.variables().read(name, numbers);
                state.variables().write(name, numbers);
            });
            assertEquals(after, step.evaluate(samples), "the copies were what the parameters are");
            List<String> kernels = step.executable(batch).describe().lines()
                    .map(line -> line.substring(line.lastIndexOf(": ") + 2)).toList();
            for (String attention : List.of("library attention", "flash attention")) { // the text encoder's is causal
                long count = kernels.stream().filter(attention::equals).count();
                assertTrue(count > 0, attention);
                assertEquals(count, kernels.stream().filter((attention + " gradient")::equals).count(), attention);
            }
            List<String> updates = step.executable(batch).describe().lines()
                    .filter(line -> line.contains(" Adam ") || line.contains(" Average ")).toList();
            assertEquals(2 * trainable().size(), updates.size());
            assertEquals(1, updates.stream().filter(line -> line.endsWith(": adam of " + trainable().size())).count());
            assertEquals(updates.size() - 1, updates.stream().filter(line -> line.endsWith(": with a later update"))
                    .count());
        }
    }
}
