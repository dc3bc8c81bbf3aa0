package dev.cathode.kernels.cuda.dnn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.kernels.cuda.library.Prototypes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;

/// A `libcuda.so.1` that does nothing, made from the functions that NVIDIA's `cuda.h` declares: with it cuDNN compiles
/// kernels, and takes them for loaded, where there is no GPU. It belongs into a process of its own, in which nothing
/// else looks for a driver.
final class StubDriver {
    private static final Pattern HANDLE = Pattern.compile("typedef struct CU\\w+_st \\*(CU\\w+);");
    private static final Pattern VERSION = Pattern.compile(
            "#define (cu[A-Z]\\w*)\\s+(?:__CUDA_API_PT[DS][SZ]\\()?(cu[A-Z]\\w*)");
    private static final Pattern FUNCTION = Pattern.compile(
            "CUresult\\s+CUDAAPI\\s+(cu[A-Z]\\w*)\\s*\\(([^;]*?)\\)\\s*;");
    private static final Pattern RESULT = Pattern.compile("(CU\\w+)\\s*\\*\\s*\\w+");

    private StubDriver() { }

    /// Makes the library; skips the test where there is no `cuda.h` or no C compiler.
    ///
    /// @param folder where to
    static Path in(Path folder) throws IOException, InterruptedException {
        Optional<Path> header = Prototypes.header("cuda.h");
        Assumptions.assumeTrue(header.isPresent(), "cuda.h is not on this machine");
        Path functions = Files.writeString(folder.resolve("functions.c"), functions(Files.readString(header.get())));
        Path answers = folder.resolve("stub-driver.c");
        try (InputStream in = StubDriver.class.getResourceAsStream("stub-driver.c")) {
            Files.copy(in, answers);
        }
        Path library = folder.resolve("libcuda.so.1");
        Process process;
        try {
            process = new ProcessBuilder("cc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
                    "-Wl,-soname,libcuda.so.1", "-o", library.toString(), functions.toString(), answers.toString(),
                    "-ldl").redirectErrorStream(true).start();
        } catch (IOException e) {
            return Assumptions.abort("no C compiler: " + e.getMessage());
        }
        String words = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), words);
        return library;
    }

    /// One weak C function for every function of the header and each of its versions: it stores a handle wherever one
    /// is asked for, and succeeds.
    private static String functions(String header) {
        String text = header.replaceAll("(?s)/\\*.*?\\*/", " ").replaceAll("//.*", "");
        Set<String> handles = HANDLE.matcher(text).results().map(m -> m.group(1)).collect(Collectors.toSet());
        handles.add("CUdeviceptr");
        Map<String, Set<String>> versions = new TreeMap<>();
        VERSION.matcher(text).results().forEach(m -> versions.computeIfAbsent(m.group(1), n -> new HashSet<>())
                .add(m.group(2)));
        Map<String, String> functions = new TreeMap<>();
        FUNCTION.matcher(text).results().forEach(m -> {
            String body = function(m.group(2).split(","), handles);
            functions.put(m.group(1), body);
            versions.getOrDefault(m.group(1), Set.of()).forEach(name -> functions.putIfAbsent(name, body));
        });
        return functions.entrySet().stream()
                .map(f -> "__attribute__((weak)) int " + f.getKey() + f.getValue() + "\n")
                .collect(Collectors.joining("", "static char nothing[4096];\n", ""));
    }

    private static String function(String[] parameters, Set<String> handles) {
        List<String> names = new ArrayList<>();
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < parameters.length; i++) {
            names.add("void* a" + i);
            var result = RESULT.matcher(parameters[i].strip());
            body.append(result.matches() && handles.contains(result.group(1))
                    ? " if (a" + i + ") *(void**) a" + i + " = nothing;" : " (void) a" + i + ";");
        }
        return "(" + String.join(", ", names) + ") {" + body + " return 0; }";
    }
}
