package dev.cathode.bench.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.engine.runtime.cuda.CudaDevice;
import dev.cathode.engine.runtime.cuda.CudaOptions;
import dev.cathode.kernels.cuda.ShimMachine;
import dev.cathode.kernels.cuda.gpu.Gpu;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import dev.cathode.weights.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/// What runs on a machine with a GPU, up to the point where one is needed: kernels on the machine that plays one,
/// networks on the CPU, both small.
class GpuBenchTest {
    @Test
    void everyKernelIsTimed() {
        ShimMachine.Options options = ShimMachine.Options.QUICK.withAttention();
        Optional<String> missing = ShimMachine.missing(options);
        assumeTrue(missing.isEmpty(), () -> missing.orElseThrow());
        List<Figure> figures = new ArrayList<>();
        try (ShimMachine machine = ShimMachine.open(options)) {
            GpuBench.kernels(machine, 32, new int[][] {{1, 2, 64, 77, 40}}, figures::add);
            assertEquals(0, machine.buffers(), "memory is given back");
        }
        assertTrue(figures.stream().allMatch(f -> f.value() > 0 && Double.isFinite(f.value())), figures.toString());
        String names = figures.stream().map(Figure::name).collect(Collectors.joining("\n"));
        for (String part : List.of("copy", "product", "group norm", "its gradient", "layer norm", "GEGLU", "sum",
                "upsample", "AdamW", "linear", "conv 3×3", "residual", "gradient of the weights",
                "attention 1×2×64, 77 keys, 40", "40, gradient", "40, gradient (cuDNN)")) {
            assertTrue(names.contains(part), () -> part + " is not among\n" + names);
        }
    }

    @Test
    void networksOfAModel() {
        List<Figure> figures = new ArrayList<>();
        NetworkTimes times = new NetworkTimes(Goldens.root().resolve("pipeline/model"), 1, 32, figures::add);
        CpuOptions options = CpuOptions.defaults().withThreads(1);
        try (CpuDevice device = CpuDevice.open(options)) {
            times.networks(device);
        }
        times.images(CpuDevice.open(options), 1);
        times.training(() -> CpuDevice.open(options), 1);
        assertEquals(List.of("U-Net step, batch 2", "U-Net step, batch 2, host time", "U-Net step, batch 2, memory",
                "VAE decode", "VAE decode, host time", "VAE decode, memory", "VAE encode", "VAE encode, host time",
                "VAE encode, memory", "image, 1 steps", "training, batch 1", "training, batch 1, memory"),
                figures.stream().map(Figure::name).toList());
        assertTrue(figures.stream().allMatch(f -> f.value() > 0), figures.toString());
    }

    @Test
    void networksWithoutALookAtTheResults() {
        ShimMachine.Options options = ShimMachine.Options.QUICK;
        Optional<String> missing = ShimMachine.missing(options);
        assumeTrue(missing.isEmpty(), () -> missing.orElseThrow());
        List<Figure> figures = new ArrayList<>();
        NetworkTimes times = new NetworkTimes(Goldens.root().resolve("pipeline/model"), 1, 32, figures::add);
        try (CudaDevice device = new CudaDevice(ShimMachine.open(options), CudaOptions.defaults())) {
            times.networks(device);
        }
        assertEquals(9, figures.size());
    }

    @Test
    void theTable(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("figures");
        Stream.of(new Figure("layer norm", Figure.OURS, 20, "µs", 15), Figure.of("U-Net step, batch 2", 10, "ms"),
                new Figure("U-Net step, batch 2", "torch eager", 30, "ms", Double.NaN),
                new Figure("U-Net step, batch 2", "torch compiled", 15, "ms", Double.NaN),
                Figure.of("training, batch 32", 120, "images/s"),
                new Figure("training, batch 32", "torch compiled", 60, "images/s", Double.NaN),
                new Figure("VAE decode", "torch eager", 5, "ms", Double.NaN)).forEach(GpuBench.appender(file));
        List<String> lines = GpuBench.table(file);
        assertTrue(lines.get(1).matches("layer norm +20.0 +15.0 +75 %"), lines.get(1));
        assertTrue(lines.get(3).matches("figure +unit +must +aim +cathode +torch eager +torch compiled +compiled"),
                lines.get(3));
        assertTrue(lines.get(4).matches("U-Net step, batch 2 +ms +9.10 +4.00 +10.00! +30.00 +15.00 +1.50×"),
                lines.get(4));
        assertTrue(lines.get(5).matches("training, batch 32 +images/s +100 +190 +120 +- +60.00 +2.00×"), lines.get(5));
        assertTrue(lines.get(6).matches("VAE decode +ms +- +5.00 +-"), lines.get(6));
        Files.writeString(file, "nonsense");
        assertThrows(IllegalArgumentException.class, () -> GpuBench.table(file));
    }

    @Test
    void testsRunWithoutMaven() {
        TestExecutionSummary summary = GpuTests.run("dev.cathode.kernels.cuda.CudaSamplingTest");
        assertEquals(0, summary.getTotalFailureCount());
        assertTrue(summary.getTestsFoundCount() > 0);
    }

    @Test
    void withoutAGpuTheScriptSaysInOneLineWhatIsMissing(@TempDir Path folder) throws IOException, InterruptedException {
        assumeTrue(Gpu.obstacle(0, LibrarySearch.ofSystem()).isPresent(), "there is a GPU");
        Path script = Path.of("../tools/gpu/check.sh");
        assumeTrue(Files.exists(Path.of("/bin/sh")) && Files.exists(script), "there is no shell, or no script");
        ProcessBuilder builder = new ProcessBuilder("/bin/sh", script.toString(), folder.resolve("results").toString());
        builder.environment().putAll(Map.of("JAVA", System.getProperty("java.home") + "/bin/java", "CATHODE_CLASSES",
                System.getProperty("java.class.path")));
        Process process = builder.redirectErrorStream(true).start();
        List<String> lines = new String(process.getInputStream().readAllBytes()).lines().toList();
        assertEquals(3, process.waitFor(), lines.toString());
        assertEquals(1, lines.size(), lines.toString());
        assertTrue(lines.getFirst().startsWith(Gpu.obstacle(0, LibrarySearch.ofSystem()).orElseThrow().split(":")[0]),
                lines.getFirst());
        assertFalse(Files.exists(folder.resolve("results")));
        builder.environment().put("JAVA", folder.resolve("nowhere").toString());
        Process noJava = builder.start();
        assertTrue(new String(noJava.getInputStream().readAllBytes()).contains("tools/gpu/pack.sh"));
        assertEquals(2, noJava.waitFor());
    }

    @Test
    void partsThatDoNotExistAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> GpuBench.main(new String[] {"everything", "x"}));
        assertThrows(IllegalArgumentException.class, () -> GpuBench.main(new String[] {"kernels"}));
    }
}
