package dev.cathode.engine.runtime.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.random.RandomWeights;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.InsufficientMemoryException;
import dev.cathode.engine.runtime.Variables;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cuda.ShimMachine;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What an executable does beside computing: recordings, prologues, cancelling, memory.
class CudaExecutableTest {
    private ShimMachine machine;
    private CudaDevice device;

    @BeforeEach
    void open() {
        Optional<String> reason = ShimMachine.missing(ShimMachine.Options.QUICK);
        Assumptions.assumeTrue(reason.isEmpty(), reason.orElse(""));
        machine = ShimMachine.open(ShimMachine.Options.QUICK);
        device = new CudaDevice(machine, CudaOptions.defaults());
    }

    @AfterEach
    void close() {
        if (device != null) {
            int left = machine.buffers();
            device.close();
            assertEquals(0, left, "buffers nobody gave back");
        }
    }

    /// `y = w (x + c)` in two layers, c constant.
    private static Graph network() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(3, 16));
        Value c = Ops.silu(graph.input("c", DType.F32, Shape.of(3, 16)));
        Value sum = graph.tap("sum", Ops.add(x, c));
        graph.output("y", Ops.linear(sum, graph.parameter("w", Shape.of(8, 16)), null));
        return graph;
    }

    private static float[] numbers(int count, float first) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = first + i / 16f;
        }
        return numbers;
    }

    @Test
    void replayedRunsComputeWithTheNumbersOfNow() {
        try (Checkpoint checkpoint = new RandomWeights(1, network()); DeviceWeights weights = device.weights(checkpoint);
             Executable executable = device.compile(network(), weights,
                     CompileOptions.defaults().withConstantInputs(Set.of("c")))) {
            executable.set("c", numbers(48, 0));
            float[][] results = new float[4][];
            for (int run = 0; run < results.length; run++) {
                executable.set("x", numbers(48, run % 2));
                executable.run();
                results[run] = executable.get("y");
            }
            assertArrayEquals(results[0], results[2]);
            assertArrayEquals(results[1], results[3]);
            assertFalse(Arrays.equals(results[0], results[1]));
            long before = machine.done();
            executable.run();
            long body = machine.done() - before;
            executable.set("c", numbers(48, 2));
            before = machine.done();
            executable.run();
            assertTrue(machine.done() - before > body, "the prologue runs again");
            assertFalse(Arrays.equals(results[3], executable.get("y")));
        }
    }

    /// What is fetched are the numbers of the run before, whatever runs next, and nothing waits for them.
    @Test
    void numbersAreFetchedWithoutWaiting() {
        try (Checkpoint checkpoint = new RandomWeights(1, network()); DeviceWeights weights = device.weights(checkpoint);
             Executable executable = device.compile(network(), weights, CompileOptions.defaults())) {
            executable.set("c", numbers(48, 0));
            long waits = machine.waits();
            List<Supplier<float[]>> fetched = new ArrayList<>();
            for (int run = 0; run < 4; run++) {
                executable.set("x", numbers(48, run));
                executable.run();
                fetched.add(executable.fetch("y"));
            }
            assertEquals(waits, machine.waits());
            executable.await();
            assertEquals(waits + 1, machine.waits());
            for (int run = 0; run < 4; run++) {
                executable.set("x", numbers(48, run));
                executable.run();
                assertArrayEquals(executable.get("y"), fetched.get(run).get());
            }
            assertThrows(IllegalArgumentException.class, () -> executable.fetch("x"));
        }
    }

    @Test
    void aRunCanBeCancelledAndStartedAgain() {
        try (Checkpoint checkpoint = new RandomWeights(1, network()); DeviceWeights weights = device.weights(checkpoint);
             Executable executable = device.compile(network(), weights, CompileOptions.defaults())) {
            executable.set("c", numbers(48, 0));
            executable.set("x", numbers(48, 1));
            assertThrows(CancellationException.class, () -> executable.run(() -> true));
            executable.run();
            float[] y = executable.get("y");
            executable.run();
            assertThrows(CancellationException.class, () -> executable.run(() -> true));
            executable.run();
            assertArrayEquals(y, executable.get("y"));
        }
    }

    @Test
    void profilesNameEveryKernelAndNonFiniteNumbersTheirSource() {
        try (Checkpoint checkpoint = new RandomWeights(1, network()); DeviceWeights weights = device.weights(checkpoint);
             Executable executable = device.compile(network(), weights, CompileOptions.defaults())) {
            executable.set("c", numbers(48, 0));
            executable.set("x", numbers(48, 1));
            assertEquals(Optional.empty(), executable.firstNonFinite());
            List<Executable.StepProfile> profile = executable.profile();
            assertEquals(executable.describe().lines().count(), profile.size());
            assertTrue(profile.stream().anyMatch(step -> step.kernel().equals("matmul") && step.flops() == 2 * 3 * 8 * 16));
            float[] broken = numbers(48, 1);
            broken[7] = Float.NaN;
            executable.set("x", broken);
            assertTrue(executable.firstNonFinite().orElseThrow().contains("[3, 16]"));
        }
    }

    @Test
    void variablesAreReadInTheTypeThatProductsWant() {
        Graph graph = new Graph();
        Value w = graph.parameter("w", Shape.of(8, 16));
        Value x = graph.input("x", DType.F32, Shape.of(2, 16));
        graph.output("y", Ops.linear(x, w, null));
        Value change = graph.input("change", DType.F32, Shape.of(8, 16));
        graph.effect(graph.add(new UpdateOp.Accumulate(), List.of(w, change)));
        try (Variables variables = device.variables(); Checkpoint none = new NoNumbers(new Graph());
             DeviceWeights weights = device.weights(none, variables); Arena arena = Arena.ofConfined()) {
            variables.define("w", Shape.of(8, 16));
            variables.write("w", arena.allocateFrom(ValueLayout.JAVA_FLOAT, numbers(128, 1)));
            try (Executable executable = device.compile(graph, weights, CompileOptions.defaults())) {
                float[] ones = new float[32];
                Arrays.fill(ones, 1);
                executable.set("x", ones);
                executable.set("change", numbers(128, -1));
                for (int run = 0; run < 4; run++) {
                    executable.run();
                    float expected = 0; // the first row's sum: each run adds i/16 - 1 to 1 + i/16
                    for (int i = 0; i < 16; i++) {
                        expected += (1 - run) + (run + 1) * i / 16f;
                    }
                    assertEquals(expected, executable.get("y")[0], 0.01f * 16, "run " + run);
                }
                MemorySegment read = arena.allocate(ValueLayout.JAVA_FLOAT, 128);
                variables.read("w", read);
                assertEquals(-3f, read.getAtIndex(ValueLayout.JAVA_FLOAT, 0));
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefusedBeforeItIsAllocated() {
        Graph graph = new Graph();
        graph.output("y", Ops.activate(graph.input("x", DType.F32, Shape.of(1 << 20)), Activation.SILU));
        try (Checkpoint none = new NoNumbers(graph); DeviceWeights weights = device.weights(none)) {
            long needed = device.requiredBytes(graph, weights, CompileOptions.defaults());
            machine.setMemory(needed - 1);
            var refusal = assertThrows(InsufficientMemoryException.class,
                    () -> device.compile(graph, weights, CompileOptions.defaults()));
            assertEquals(needed, refusal.needed());
            assertTrue(refusal.getMessage().contains("of GPU memory"), refusal.getMessage());
            assertEquals(0, machine.buffers());
        }
    }

    @Test
    void missingParametersAreNamed() {
        try (Checkpoint none = new NoNumbers(new Graph()); DeviceWeights weights = device.weights(none)) {
            String message = assertThrows(CheckpointException.class,
                    () -> device.compile(network(), weights, CompileOptions.defaults())).getMessage();
            assertTrue(message.contains("w [8, 16] is missing"), message);
        }
    }

    @Test
    void twoExecutablesShareWeights() {
        try (Checkpoint checkpoint = new RandomWeights(1, network()); DeviceWeights weights = device.weights(checkpoint);
             Executable first = device.compile(network(), weights, CompileOptions.defaults())) {
            long bytes = weights.bytes();
            try (Executable second = device.compile(network(), weights, CompileOptions.defaults().withTaps(Set.of("sum")))) {
                assertEquals(bytes, weights.bytes());
                assertEquals(Set.of("y", "tap.sum"), second.outputs().keySet());
                for (Executable executable : List.of(first, second)) {
                    executable.set("c", numbers(48, 0));
                    executable.set("x", numbers(48, 1));
                    executable.run();
                }
                assertArrayEquals(first.get("y"), second.get("y"));
            }
        }
    }
}
