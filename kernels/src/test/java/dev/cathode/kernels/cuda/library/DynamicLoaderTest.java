package dev.cathode.kernels.cuda.library;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DynamicLoaderTest {
    private DynamicLoader loader;

    @BeforeEach
    void linux() {
        Optional<DynamicLoader> system = DynamicLoader.ofSystem();
        assumeTrue(system.isPresent(), "not Linux");
        loader = system.get();
    }

    @Test
    void opensByNameAndCallsAndKnowsTheFile() throws Throwable {
        LibrarySearch.Opened math = assertInstanceOf(LibrarySearch.Opened.class, loader.open("libm.so.6"));
        NativeLibrary library = new NativeLibrary(CudaLibrary.NVRTC, "libm.so.6", "libm.so.6", 13, math.handle(),
                loader);
        assertEquals(Path.of("libm.so.6"), library.file());
        var cosine = library.function("cos", FunctionDescriptor.of(ValueLayout.JAVA_DOUBLE, ValueLayout.JAVA_DOUBLE));
        assertEquals(1, (double) cosine.invokeExact(0.0));
        assertTrue(library.file().isAbsolute() && library.file().getFileName().toString().startsWith("libm"),
                library.toString());
        LibraryException none = assertThrows(LibraryException.class,
                () -> library.function("noSuchFunction", FunctionDescriptor.of(ValueLayout.JAVA_INT)));
        assertTrue(none.getMessage().contains("noSuchFunction") && none.getMessage().contains("too old"),
                none.getMessage());
    }

    @Test
    void aRefusalHasTheSystemsWords(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("libcudnn.so.9");
        Files.writeString(file, "this is no library, however long the text of it may be made to look");
        LibrarySearch.Refused refused = assertInstanceOf(LibrarySearch.Refused.class, loader.open(file.toString()));
        assertTrue(refused.reason().contains("invalid ELF header"), refused.reason());
        Finding found = LibrarySearch.of(Map.of("CATHODE_CUDA_PATH", folder.toString())).find(CudaLibrary.CUDNN);
        if (found instanceof Finding.Missing missing) { // unless this machine has one elsewhere
            assertTrue(missing.sentence().contains("invalid ELF header"), missing.sentence());
        }
    }
}
