package dev.cathode.engine.runtime.cuda;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.golden.OpsCase;
import dev.cathode.kernels.cuda.Machines;
import dev.cathode.kernels.cuda.ShimMachine;
import dev.cathode.weights.DType;
import dev.cathode.weights.Goldens;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Every operation and its gradients against PyTorch, by the CUDA kernels, on the CPU unless a GPU is asked for.
class CudaOpsTest {
    /// Of the norm. An operand or a result rounded to bfloat16 is wrong by 0.0017 of its norm on average; attention's
    /// gradients go through a handful of such roundings.
    private static final double BFLOAT16_TOLERANCE = 1e-2;

    @BeforeAll
    static void kernelsCanRun() {
        Optional<String> reason = Machines.missing(ShimMachine.Options.QUICK);
        Assumptions.assumeTrue(reason.isEmpty(), reason.orElse(""));
    }

    private static CudaDevice device(DType type) {
        return new CudaDevice(Machines.open(ShimMachine.Options.QUICK), CudaOptions.defaults().withDtype(type));
    }

    @Test
    void everyCaseInFloat32() {
        try (CudaDevice device = device(DType.F32)) {
            for (String file : OpsCase.files()) {
                try (var network = new GoldenNetwork("CUDA", 1, device, Goldens.topic("ops").file(file))) {
                    OpsCase.of(file).forEach(c -> c.check(network));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16"})
    void everyCaseIn16Bits(DType type) {
        try (CudaDevice device = device(type)) {
            for (String file : OpsCase.files()) {
                try (var network = new GoldenNetwork("CUDA", 1, device, Goldens.topic("ops").file(file))) {
                    OpsCase.of(file).forEach(c -> c.results(network).forEach((name, numbers) -> {
                        double error = Errors.relative(numbers, c.expected(name));
                        assertTrue(error <= BFLOAT16_TOLERANCE, () -> c.name() + '.' + name + ": " + error);
                    }));
                }
            }
        }
    }
}
