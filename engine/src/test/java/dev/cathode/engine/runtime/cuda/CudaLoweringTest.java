package dev.cathode.engine.runtime.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.compile.HalfPrecision;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.models.GoldenNetworks;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.weights.DType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
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

    /// Heads of 512 numbers, the autoencoder's, take more shared memory than the GPUs have that are not made for data
    /// centres.
    @Test
    void attentionTakesWhatSharedMemoryThereIs() {
        assertEquals(List.of("flash attention"), attentions("VAE decoder", 232448));
        assertEquals(List.of("products and softmax"), attentions("VAE decoder", 101376));
        assertEquals(List.of("flash attention"), attentions("U-Net", 101376));
    }

    private static List<String> attentions(String network, int sharedBytes) {
        Graph graph = HalfPrecision.apply(GoldenNetworks.published().get(network), DType.BF16);
        try (CudaDevice device = new CudaDevice(new PlanningMachine(sharedBytes), CudaOptions.defaults());
             NoNumbers checkpoint = new NoNumbers(graph); DeviceWeights weights = device.weights(checkpoint)) {
            List<Value> steps = graph.values().stream().filter(value -> value.op() instanceof Op.Attention).toList();
            CudaLowering lowering = new CudaLowering(new CudaPlans(new PlanningMachine(sharedBytes)),
                    (CudaWeights) weights, false, steps);
            return steps.stream().map(value -> lowering.lower(value).description()).distinct().toList();
        }
    }

    private static long required(Graph graph, DType type) {
        try (CudaDevice device = new CudaDevice(new PlanningMachine(), CudaOptions.defaults().withDtype(type));
             NoNumbers checkpoint = new NoNumbers(graph); DeviceWeights weights = device.weights(checkpoint)) {
            return device.requiredBytes(graph, weights, CompileOptions.defaults());
        }
    }
}
