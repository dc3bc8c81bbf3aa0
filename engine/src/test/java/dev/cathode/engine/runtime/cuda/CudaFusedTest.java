package dev.cathode.engine.runtime.cuda;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.gradients.Gradients;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.random.RandomWeights;
import dev.cathode.engine.random.TorchGenerator;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.kernels.cuda.Machines;
import dev.cathode.kernels.cuda.ShimMachine;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What a GPU leaves to cuDNN only where it is large: convolutions with a whole epilogue, and attention. Beside the
/// CPU.
class CudaFusedTest {
    /// Of the norm, for numbers of 8 bits that are rounded once before and once behind a product.
    private static final double BFLOAT16_TOLERANCE = 1e-2;

    private static Graph graph() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(2, 32, 32, 32));
        Value time = graph.input("time", DType.F32, Shape.of(2, 1, 1, 320));
        Value residual = graph.input("residual", DType.F32, Shape.of(2, 32, 32, 320));
        Value sums = Ops.add(Ops.conv2d(x, graph.parameter("w", Shape.of(320, 3, 3, 32)),
                graph.parameter("b", Shape.of(320)), Op.Geometry.of(1, 1)), time);
        graph.output("convolution", Ops.add(Ops.silu(sums), residual));
        Value q = graph.input("q", DType.F32, Shape.of(1, 128, 256));
        Value k = graph.input("k", DType.F32, Shape.of(1, 128, 256));
        Value v = graph.input("v", DType.F32, Shape.of(1, 128, 256));
        Value attention = Ops.attention(q, k, v, 4, false, null);
        graph.output("attention", attention);
        Map<Value, Value> gradients = Gradients.of(attention, graph.input("gradient", DType.F32, attention.shape()),
                List.of(q, k, v));
        graph.output("gradient of q", gradients.get(q));
        graph.output("gradient of k", gradients.get(k));
        graph.output("gradient of v", gradients.get(v));
        return graph;
    }

    /// The results of the first run and of one that is replayed.
    private static Map<String, float[]> results(Device device) {
        Graph graph = graph();
        TorchGenerator generator = new TorchGenerator(3);
        try (device; Checkpoint checkpoint = new RandomWeights(1, graph); DeviceWeights weights = device.weights(checkpoint);
             Executable executable = device.compile(graph, weights, CompileOptions.defaults())) {
            executable.inputs().forEach((name, shape) -> executable.set(name, generator.randn(shape.intCount())));
            Map<String, float[]> results = new TreeMap<>();
            for (String run : new String[] {"first", "recorded", "replayed"}) {
                executable.run();
                executable.outputs().keySet().forEach(name -> results.put(name + ", " + run, executable.get(name)));
            }
            return results;
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16"})
    void largeConvolutionsAndAttention(DType type) {
        Optional<String> reason = Machines.missing(ShimMachine.Options.QUICK);
        Assumptions.assumeTrue(reason.isEmpty(), reason.orElse(""));
        Map<String, float[]> expected = results(CpuDevice.open(CpuOptions.defaults().withThreads(1)));
        results(new CudaDevice(Machines.open(ShimMachine.Options.QUICK), CudaOptions.defaults().withDtype(type)))
                .forEach((name, numbers) -> {
                    double error = Errors.relative(numbers, expected.get(name));
                    assertTrue(error <= BFLOAT16_TOLERANCE, () -> name + ": " + error);
                });
    }
}
