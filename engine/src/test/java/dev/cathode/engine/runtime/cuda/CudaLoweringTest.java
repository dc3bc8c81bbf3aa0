package dev.cathode.engine.runtime.cuda;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.models.GoldenNetworks;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.weights.DType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Every network of the goldens is planned for a GPU, at its published size too; nothing runs.
class CudaLoweringTest {
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16"})
    void everyNetworkHasAPlan(DType type) {
        Map<String, Graph> graphs = new LinkedHashMap<>(GoldenNetworks.published());
        GoldenNetworks.tiny().forEach(run -> graphs.put(run + " " + graphs.size(), run.graph()));
        try (CudaDevice device = new CudaDevice(new PlanningMachine(), CudaOptions.defaults().withDtype(type))) {
            graphs.forEach((name, graph) -> {
                try (NoNumbers checkpoint = new NoNumbers(graph); DeviceWeights weights = device.weights(checkpoint)) {
                    long numbers = graph.parameters().values().stream().mapToLong(p -> p.shape().count()).sum();
                    var fused = CompileOptions.defaults();
                    var apart = fused.withoutFusion().withTaps(graph.taps().keySet());
                    for (CompileOptions options : List.of(fused, apart)) {
                        long bytes = device.requiredBytes(graph, weights, options);
                        assertTrue(bytes > numbers * type.bytes(), () -> name + ": " + bytes);
                    }
                }
            });
        }
    }

    /// 16-bit numbers take half the memory: of the weights but those of normalisations, and of what is computed.
    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16"})
    void sixteenBitsTakeHalfTheMemory(DType type) {
        GoldenNetworks.published().forEach((name, graph) -> {
            double share = (double) required(graph, type) / required(graph, DType.F32);
            assertTrue(share < 0.6, () -> name + ": " + share);
        });
    }

    private static long required(Graph graph, DType type) {
        try (CudaDevice device = new CudaDevice(new PlanningMachine(), CudaOptions.defaults().withDtype(type));
             NoNumbers checkpoint = new NoNumbers(graph); DeviceWeights weights = device.weights(checkpoint)) {
            return device.requiredBytes(graph, weights, CompileOptions.defaults());
        }
    }
}
