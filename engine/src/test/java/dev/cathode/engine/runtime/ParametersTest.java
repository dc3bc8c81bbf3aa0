package dev.cathode.engine.runtime;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Layers;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.random.RandomWeights;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.DType;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What happens when a checkpoint and a network do not belong together, or a plan does not fit the machine.
class ParametersTest {
    private static Graph network(int channels, int layers) {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(1, 4, 4, 8));
        for (int i = 0; i < layers; i++) {
            x = Layers.conv3x3(Scope.root(graph).at("conv", i), x, channels);
        }
        graph.output("y", x);
        return graph;
    }

    private static String refused(Graph wanted, Graph held) {
        try (Device device = CpuDevice.open(CpuOptions.defaults()); RandomWeights checkpoint = new RandomWeights(1, held);
             DeviceWeights weights = device.weights(checkpoint)) {
            return assertThrows(CheckpointException.class,
                    () -> device.compile(wanted, weights, CompileOptions.defaults()).close()).getMessage();
        }
    }

    @Test
    void missingTensorsAreAllNamed() {
        String message = refused(network(8, 3), network(8, 1));
        for (String part : List.of("random weights", "conv.1.weight [8, 8, 3, 3] is missing", "conv.2.bias [8] is missing")) {
            assertTrue(message.contains(part), message);
        }
    }

    @Test
    void aWrongShapeIsShownAsTheFileHasIt() {
        String message = refused(network(8, 1), network(16, 1));
        assertTrue(message.contains("conv.0.weight is [16, 8, 3, 3], not [8, 8, 3, 3]"), message);
    }

    @Test
    void extraTensorsAreRefusedUnlessHarmless() {
        try (RandomWeights checkpoint = new RandomWeights(1, network(8, 2))) {
            String message = assertThrows(CheckpointException.class,
                    () -> ExtraTensors.refuse(checkpoint, List.of(network(8, 1)), List.of())).getMessage();
            assertTrue(message.contains("conv.1.weight") && message.contains("2 tensors"), message);
            assertDoesNotThrow(() -> ExtraTensors.refuse(checkpoint, List.of(network(8, 1)), List.of("conv\\.1\\..*")));
            assertDoesNotThrow(() -> ExtraTensors.refuse(checkpoint, List.of(network(8, 2)), List.of()));
        }
    }

    @Test
    void whatDoesNotFitTheMemoryIsRefusedBeforeItIsAllocated() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(1 << 20, 1 << 20)); // 4 TiB
        graph.output("y", Ops.silu(x));
        try (Device device = CpuDevice.open(CpuOptions.defaults()); RandomWeights none = new RandomWeights(1, graph);
             DeviceWeights weights = device.weights(none)) {
            var refusal = assertThrows(InsufficientMemoryException.class,
                    () -> device.compile(graph, weights, CompileOptions.defaults()).close());
            assertTrue(refusal.needed() >= 2L << 42 && refusal.available() < refusal.needed());
            assertTrue(refusal.getMessage().startsWith("needs 8192.0 GiB"), refusal.getMessage());
        }
    }
}
