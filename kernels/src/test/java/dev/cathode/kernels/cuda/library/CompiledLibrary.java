package dev.cathode.kernels.cuda.library;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;

/// A library of NVIDIA's played by a C file of the tests, found and called as the real one is.
public final class CompiledLibrary {
    private CompiledLibrary() { }

    /// Compiles a C file into a folder and opens it from there; skips the test where there is no C compiler.
    ///
    /// @param beside the class that the C file is a resource beside of
    /// @param name the file name of the library it plays
    public static NativeLibrary open(Class<?> beside, String source, CudaLibrary library, String name, Path folder,
                                     String... flags) throws IOException, InterruptedException {
        Path file = folder.resolve(source);
        try (InputStream in = beside.getResourceAsStream(source)) {
            Files.copy(in, file);
        }
        List<String> command = new ArrayList<>(List.of("cc", "-std=gnu11", "-O1", "-Wall", "-Werror", "-shared", "-fPIC",
                "-o", folder.resolve(name).toString(), file.toString()));
        command.addAll(List.of(flags));
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            return Assumptions.abort("no C compiler: " + e.getMessage());
        }
        String words = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), words);
        NativeLibrary found = LibrarySearch.of(Map.of("CATHODE_CUDA_PATH", folder.toString())).find(library).orThrow();
        assertTrue(found.file().startsWith(folder), found.toString());
        return found;
    }
}
