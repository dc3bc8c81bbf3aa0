package dev.cathode.engine.gradients;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.plain.PlainKernels;
import dev.cathode.engine.random.TorchGenerator;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.Variables;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.engine.train.PrefixedCheckpoint;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.weights.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Layers with many channels and few pixels read variables where they lie, forward and backward.
class PackedInPassingTest {
    private static final int IN = 530;
    private static final int OUT = 520;
    private static final Shape FILTER = Shape.of(OUT, 3, 3, IN);

    @Test
    void convolutionWithAStride() {
        Map<String, float[]> fast = run(CpuKernels.fastest(), 2);
        run(new PlainKernels(), 0).forEach((name, expected) -> {
            float[] actual = fast.get(name);
            for (int i = 0; i < expected.length; i++) {
                assertEquals(expected[i], actual[i], 1e-4, name + " number " + i);
            }
        });
    }

    private static Map<String, float[]> run(CpuKernels kernels, int inPassing) {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(1, 7, 6, IN));
        Value y = Ops.conv2d(x, graph.parameter("w", FILTER), null, Op.Geometry.of(2, 1));
        Value dy = graph.input("dy", DType.F32, y.shape());
        graph.output("y", y);
        graph.output("dx", Gradients.of(y, dy, List.of(x)).get(x));
        try (Device device = CpuDevice.open(CpuOptions.defaults().withThreads(2), kernels);
                Variables variables = device.variables()) {
            variables.define("w", FILTER);
            try (Arena arena = Arena.ofConfined()) {
                variables.write("w", arena.allocateFrom(ValueLayout.JAVA_FLOAT, numbers(1, FILTER, 0.02f)));
            }
            try (DeviceWeights weights = device.weights(new PrefixedCheckpoint(Map.of()), variables);
                    Executable executable = device.compile(graph, weights, CompileOptions.defaults())) {
                assertEquals(inPassing, executable.describe().split("packed in passing", -1).length - 1,
                        executable.describe());
                executable.set("x", numbers(2, x.shape(), 1));
                executable.set("dy", numbers(3, dy.shape(), 1));
                executable.run();
                return Map.of("y", executable.get("y"), "dx", executable.get("dx"));
            }
        }
    }

    private static float[] numbers(long seed, Shape shape, float scale) {
        float[] numbers = new TorchGenerator(seed).randn(shape.intCount());
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] *= scale;
        }
        return numbers;
    }
}
