package dev.cathode.kernels.cuda.inventory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.kernels.cuda.driver.FakeDriver;
import dev.cathode.kernels.cuda.library.CudaLibrary;
import dev.cathode.kernels.cuda.library.Finding;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import dev.cathode.kernels.cuda.library.NativeLibrary;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CudaInventoryTest {
    @TempDir
    private Path folder;

    private LibrarySearch search() {
        Map<String, String> environment = new HashMap<>(System.getenv());
        environment.merge("CATHODE_CUDA_PATH", folder.toString(), (old, own) -> own + ":" + old);
        return LibrarySearch.of(environment);
    }

    private static CudaInventory.Line line(List<CudaInventory.Line> lines, String name) {
        return lines.stream().filter(line -> line.name().equals(name)).findFirst()
                .orElseThrow(() -> new AssertionError(name + " is not in " + lines));
    }

    @Test
    void everyLibraryIsThereOrSaysHowToGetIt() {
        LibrarySearch search = LibrarySearch.ofSystem();
        List<CudaInventory.Line> lines = CudaInventory.of(search);
        for (CudaLibrary library : CudaLibrary.values()) {
            CudaInventory.Line line = line(lines, library.title());
            switch (search.find(library)) {
                case NativeLibrary found -> assertFalse(line.usable() && !line.detail().contains(found.library()
                        == CudaLibrary.DRIVER ? "CUDA" : found.name().replaceFirst("\\.so.*", "")), line.toString());
                case Finding.Missing missing -> assertEquals(new CudaInventory.Line(library.title(), false,
                        missing.detail()), line);
            }
        }
        assumeTrue(search.find(CudaLibrary.DRIVER) instanceof Finding.Missing, "there is a driver");
        assertEquals(new CudaInventory.Line("GPU", false, "none without a driver; the CPU does everything"),
                line(lines, "GPU"));
    }

    @Test
    void gpusOfADriver() throws IOException, InterruptedException {
        FakeDriver.open(folder);
        List<CudaInventory.Line> lines = CudaInventory.of(search());
        assertEquals(new CudaInventory.Line("CUDA driver", true, "CUDA 13.0, " + folder.resolve("libcuda.so.1")),
                line(lines, "CUDA driver"));
        assertEquals(new CudaInventory.Line("cuda:0", true, "Fake GPU 0, 1.0 GiB, sm_90, 132 multiprocessors"),
                line(lines, "cuda:0"));
        assertTrue(lines.stream().anyMatch(line -> line.name().equals("cuda:1")), lines.toString());
    }

    @Test
    void aDriverWithoutAGpu() throws IOException, InterruptedException {
        FakeDriver.open(folder, "-DNO_DEVICE");
        CudaInventory.Line line = line(CudaInventory.of(search()), "GPU");
        assertFalse(line.usable());
        assertTrue(line.detail().startsWith("cuInit: ") && line.detail().contains("(100): no GPU is visible"),
                line.toString());
    }

    @Test
    void librariesThatAreNewerThanTheDriver() throws IOException, InterruptedException {
        FakeDriver.open(folder, "-DVERSION=12040");
        LibrarySearch search = search();
        List<CudaInventory.Line> lines = CudaInventory.of(search);
        assertTrue(line(lines, "CUDA driver").detail().startsWith("CUDA 12.4, "), lines.toString());
        CudaInventory.Line nvrtc = line(lines, "NVRTC");
        if (search.find(CudaLibrary.NVRTC, List.of(12)) instanceof Finding.Missing) {
            assertFalse(nvrtc.usable());
            boolean newer = search.find(CudaLibrary.NVRTC) instanceof NativeLibrary;
            assertTrue(nvrtc.detail().contains(newer ? "is made for CUDA 13, and the driver runs CUDA 12.4: update"
                    : "libnvrtc.so.12 not found"), nvrtc.toString());
        } else {
            assertTrue(nvrtc.detail().contains("libnvrtc.so.12"), nvrtc.toString());
        }
    }

    @Test
    void aDriverThatIsTooOld() throws IOException, InterruptedException {
        FakeDriver.open(folder, "-DVERSION=11080");
        CudaInventory.Line line = line(CudaInventory.of(search()), "CUDA driver");
        assertFalse(line.usable());
        assertTrue(line.detail().contains("CUDA 11.8") && line.detail().contains("too old; install"), line.toString());
    }
}
