package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.cli.DeviceOptions.Choice;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.cuda.CudaDevice;
import dev.cathode.engine.runtime.cuda.CudaOptions;
import dev.cathode.kernels.cuda.driver.FakeDriver;
import dev.cathode.kernels.cuda.gpu.FakeLibraries;
import dev.cathode.kernels.cuda.gpu.Gpu;
import dev.cathode.kernels.cuda.library.CudaLibrary;
import dev.cathode.kernels.cuda.library.Finding;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import dev.cathode.weights.DType;
import dev.cathode.weights.Goldens;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.TypeConversionException;

class DeviceOptionsTest {
    private static final String MODEL = Goldens.root().resolve("pipeline").resolve("model").toString();

    @TempDir
    Path folder;

    @Test
    void names() {
        var converter = new DeviceOptions.Converter();
        assertEquals(new Choice.Cpu(), converter.convert("cpu"));
        assertEquals(new Choice.Cuda(0), converter.convert("cuda"));
        assertEquals(new Choice.Cuda(3), converter.convert("cuda:3"));
        assertEquals(new Choice.Auto(), converter.convert("auto"));
        for (String other : List.of("gpu", "cuda:", "cuda:x", "cuda:-1", "CPU", "")) {
            assertThrows(TypeConversionException.class, () -> converter.convert(other), other);
        }
    }

    @Test
    void theProcessorUnlessSomethingElseIsAsked() {
        List<String> notes = new ArrayList<>();
        assertTrue(CommandLine.populateCommand(new DeviceOptions()).gpu(DType.BF16, false, notes::add).isEmpty());
        assertEquals(List.of(), notes);
    }

    /// Sampling is refused, or goes on without, with one line that says why.
    @Test
    void withoutAGpu() {
        Optional<String> obstacle = Gpu.obstacle(0, LibrarySearch.ofSystem());
        Assumptions.assumeTrue(obstacle.isPresent(), "this machine has a GPU");
        Outcome refused = sample("cuda");
        assertEquals(1, refused.code());
        assertTrue(refused.err().contains(obstacle.get()), refused.err());
        assertFalse(Files.exists(folder.resolve("x.png")));
        Outcome done = sample("auto");
        assertEquals(0, done.code(), done.err());
        assertTrue(done.err().contains("cathode: computing on the processor: " + obstacle.get()), done.err());
        assertTrue(Files.exists(folder.resolve("x.png")));
    }

    // ---- machines with something in the way, played by libraries of the tests

    /// What a command line gets on a machine whose libraries are in these folders.
    private Optional<Device> device(String choice, List<String> notes, Path... libraries) {
        return CommandLine.populateCommand(new DeviceOptions(), "--device", choice).gpu(index ->
                new CudaDevice(Gpu.open(index, false, FakeLibraries.search(libraries), folder.resolve("cache")),
                        CudaOptions.defaults()), notes::add);
    }

    /// `cuda` fails and says why; `auto` takes the processor and says why, in one line.
    private void assertObstacle(String why, Path... libraries) {
        List<String> notes = new ArrayList<>();
        assertRefused("cuda", why, libraries);
        assertTrue(device("auto", notes, libraries).isEmpty());
        assertEquals(1, notes.size(), notes.toString());
        assertTrue(notes.getFirst().startsWith("cathode: computing on the processor: "), notes.getFirst());
        assertTrue(notes.getFirst().contains(why), notes.getFirst());
        assertEquals(1, notes.getFirst().lines().count(), notes.getFirst());
    }

    private void assertRefused(String choice, String why, Path... libraries) {
        List<String> notes = new ArrayList<>();
        String refusal = assertThrows(RuntimeException.class, () -> device(choice, notes, libraries)).getMessage();
        assertTrue(refusal.contains(why), refusal);
        assertEquals(List.of(), notes);
    }

    /// In this order: what was opened once is found again by its name.
    @Test
    void aGpuAndWhatIsInTheWayOfOne() throws Exception {
        if (LibrarySearch.ofSystem().find(CudaLibrary.DRIVER) instanceof Finding.Missing) {
            assertObstacle("libcuda.so.1 not found", Files.createDirectory(folder.resolve("none")));
        }
        assertObstacle("no GPU is visible", driver("no-gpu", "-DNO_DEVICE"));
        assertObstacle("CUDA 11.8", driver("old", "-DVERSION=11080"));
        assertObstacle("has no function cuStreamBeginCapture_v2, so it is too old", driver("older", "-DOLD"));
        Path driver = driver("whole");
        Path thirteen = Files.createDirectory(folder.resolve("thirteen"));
        FakeLibraries.nvrtc(thirteen);
        FakeLibraries.cublasLt(thirteen);
        if (FakeLibraries.search().find(CudaLibrary.CUDNN) instanceof Finding.Missing) {
            assertObstacle("libcudnn.so.9 not found", driver, thirteen);
        }
        FakeLibraries.cudnn(thirteen);
        assertObstacle("is made for CUDA 13, and the driver runs CUDA 12.4: update the driver",
                driver("twelve", "-DVERSION=12040"), thirteen);
        assertObstacle("another process holds this GPU for itself", driver("taken", "-DTAKEN"), thirteen);
        List<String> notes = new ArrayList<>();
        for (String choice : List.of("auto", "cuda")) {
            try (Device device = device(choice, notes, driver, thirteen).orElseThrow()) {
                assertTrue(device.description().contains("cuda:0, Fake GPU 0"), device.description());
            }
        }
        assertEquals(List.of(), notes);
        assertRefused("cuda:1", "does not compile for sm_91", driver, thirteen);
        assertRefused("cuda:7", "cuda:7: no such GPU: there is cuda:0, cuda:1", driver, thirteen);
    }

    private Path driver(String name, String... flags) throws Exception {
        Path libraries = Files.createDirectory(folder.resolve(name));
        FakeDriver.open(libraries, flags);
        return libraries;
    }

    private Outcome sample(String device) {
        return Outcome.of("sample", "cat", "--model", MODEL, "--steps", "1", "--size", "64x64", "--device", device, "--out",
                folder.resolve("x.png").toString());
    }
}
