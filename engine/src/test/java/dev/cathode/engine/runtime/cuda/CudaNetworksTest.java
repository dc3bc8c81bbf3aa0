package dev.cathode.engine.runtime.cuda;

import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.models.GoldenNetworks;
import dev.cathode.kernels.cuda.ShimMachine;
import dev.cathode.weights.DType;
import dev.cathode.weights.Goldens;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Every tiny network, by the CUDA kernels on the CPU.
class CudaNetworksTest {
    @BeforeAll
    static void kernelsCanRun() {
        Optional<String> reason = ShimMachine.missing(ShimMachine.Options.QUICK);
        Assumptions.assumeTrue(reason.isEmpty(), reason.orElse(""));
    }

    private static CudaDevice device(DType type) {
        return new CudaDevice(ShimMachine.open(ShimMachine.Options.QUICK), CudaOptions.defaults().withDtype(type));
    }

    /// An autoencoder's file holds results of two graphs.
    private static boolean isResult(Map<String, float[]> results, String name) {
        String tap = "tap." + name.replaceFirst("^hidden\\.", "hidden_states.");
        return results.containsKey(name) || results.containsKey(tap);
    }

    /// Every block, at the tolerance of the goldens, which is far below a thousandth.
    @Test
    void everyBlockIsThatOfTheReferenceInFloat32() {
        try (CudaDevice device = device(DType.F32)) {
            for (GoldenNetworks.Run run : GoldenNetworks.tiny()) {
                try (var network = new GoldenNetwork("CUDA", 1, device, run.weights())) {
                    Map<String, float[]> results = network.run(run.graph(), run.inputs());
                    List<String> compared = run.topic().outputs(run.file()).stream().map(Goldens.Tensor::name)
                            .filter(name -> isResult(results, name)).toList();
                    assertFalse(compared.isEmpty(), run + " has nothing to compare");
                    compared.forEach(name -> network.assertMatches(run.topic(), run.file(), name,
                            network.result(results, name)));
                }
            }
        }
    }
}
