package dev.cathode.engine.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.CpuKernels;
import org.junit.jupiter.api.Test;

/// The goldens run on several implementations of the kernels: here on the one that was asked for.
class KernelPathTest {
    @Test
    void isTheOneAskedFor() {
        CpuKernels kernels = CpuKernels.fastest();
        boolean machineCode = kernels.description().contains("machine code");
        switch (System.getProperty("cathode.cpu", "")) {
            case "vector" -> {
                assertEquals(CpuKernels.vector().description(), kernels.description());
                assertEquals("-Dcathode.cpu=vector", kernels.reason());
            }
            case "avx2" -> assertTrue(kernels.description().startsWith("AVX2 machine code") && kernels.lanes() == 8
                    || !machineCode && !kernels.reason().isEmpty(), kernels.description());
            default -> assertTrue(machineCode || !kernels.reason().isEmpty(), kernels.description());
        }
    }
}
