package dev.cathode.kernels.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cuda.library.CudaLibrary;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import dev.cathode.kernels.cuda.library.NativeLibrary;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;

/// A `libcuda.so.1` made from `fake-driver.c`, found and called as the real one is.
public final class FakeDriver {
    private FakeDriver() { }

    /// Compiles it into a folder and opens it from there; skips the test where there is no C compiler.
    public static NativeLibrary open(Path folder, String... flags) throws IOException, InterruptedException {
        Path source = folder.resolve("fake-driver.c");
        try (InputStream in = FakeDriver.class.getResourceAsStream("fake-driver.c")) {
            Files.copy(in, source);
        }
        List<String> command = new ArrayList<>(List.of("cc", "-std=gnu11", "-O1", "-Wall", "-Werror", "-shared", "-fPIC",
                "-o", folder.resolve("libcuda.so.1").toString(), source.toString()));
        command.addAll(List.of(flags));
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            return Assumptions.abort("no C compiler: " + e.getMessage());
        }
        String words = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), words);
        NativeLibrary library = LibrarySearch.of(Map.of("CATHODE_CUDA_PATH", folder.toString()))
                .find(CudaLibrary.DRIVER).orThrow();
        assertTrue(library.file().startsWith(folder), library.toString());
        return library;
    }

    /// How many things it made that were not given back; contexts count a thousand.
    static int live(NativeLibrary library) throws Throwable {
        return (int) library.function("fake_live", FunctionDescriptor.of(ValueLayout.JAVA_INT)).invokeExact();
    }
}
