package dev.cathode.kernels.cuda.nvrtc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.KernelSource;
import dev.cathode.kernels.cuda.cache.DiskCache;
import dev.cathode.kernels.cuda.library.CudaException;
import dev.cathode.kernels.cuda.library.CudaLibrary;
import dev.cathode.kernels.cuda.library.Libraries;
import dev.cathode.kernels.cuda.library.Prototypes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NvrtcTest {
    private static final String TRIVIAL = """
            extern "C" __global__ void scale(float* x, long long count, float factor) {
                long long i = blockIdx.x * (long long) blockDim.x + threadIdx.x;
                if (i < count) x[i] *= factor;
            }
            """;

    private static Nvrtc nvrtc() {
        return Nvrtc.of(Libraries.assume(CudaLibrary.NVRTC));
    }

    @Test
    void typesAreThoseOfTheHeader() throws IOException {
        Prototypes.check("nvrtc.h", Nvrtc::new);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sm_80", "sm_90", "sm_120"})
    void compilesToMachineCodeWithoutAGpu(String chip) {
        Nvrtc nvrtc = nvrtc();
        assertTrue(nvrtc.chips().contains(chip), nvrtc.version() + ": " + nvrtc.chips());
        byte[] cubin = nvrtc.compile("trivial.cu", TRIVIAL, List.of("--gpu-architecture=" + chip));
        assertEquals(0x7f, cubin[0]);
        assertEquals("ELF", new String(cubin, 1, 3, StandardCharsets.US_ASCII));
        assertTrue(new String(cubin, StandardCharsets.ISO_8859_1).contains("scale"));
    }

    @Test
    void anErrorHasTheCompilersWords() {
        Nvrtc nvrtc = nvrtc();
        CudaException wrong = assertThrows(CudaException.class, () -> nvrtc.compile("wrong.cu",
                "\nextern \"C\" __global__ void f() { nonsense = 1; }", List.of("--gpu-architecture=sm_90")));
        assertEquals(6, wrong.code());
        for (String word : List.of("wrong.cu(2)", "nonsense", "--gpu-architecture=sm_90", "NVRTC_ERROR_COMPILATION")) {
            assertTrue(wrong.getMessage().contains(word), wrong.getMessage());
        }
        CudaException option = assertThrows(CudaException.class,
                () -> nvrtc.compile("trivial.cu", TRIVIAL, List.of("--gpu-architecture=sm_1")));
        assertTrue(option.getMessage().contains("NVRTC_ERROR_INVALID_OPTION"), option.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"sm_80", "sm_90", "sm_120"})
    void ourKernelsCompileAndAreKept(String chip, @TempDir Path folder) throws IOException {
        KernelCompiler compiler = new KernelCompiler(nvrtc(), new DiskCache(folder));
        KernelSource source = KernelSource.of("elementwise.cu").using("activations.cuh").with(Element.BFLOAT16);
        byte[] first = compiler.compile(source, chip);
        assertFalse(first.length == 0);
        assertArrayEquals(first, compiler.compile(source, chip));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(1, files.filter(file -> file.toString().endsWith(".kept")).count());
        }
    }
}
