package dev.cathode.kernels.cuda.library;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.function.Executable;

/// Compares the downcalls of a class with NVIDIA's own header, where that is found.
public final class Prototypes {
    private static final Pattern HANDLE = Pattern.compile("CU(context|stream|event|module|function|graph|graphExec)|"
            + "cublasLt(Handle|MatmulDesc|MatrixLayout|MatmulPreference)_t|cudaStream_t|nvrtcProgram|cudnnHandle_t|"
            + "cudnnBackendDescriptor_t|ncclComm_t");
    private static final Pattern LONG = Pattern.compile(
            "size_t|u?int64_t|unsigned long long|CUdeviceptr|cuuint64_t");

    private Prototypes() { }

    /// The types of all functions that a class of downcalls asks for; the functions themselves do nothing and return 0.
    public static Map<String, FunctionDescriptor> of(Consumer<Functions> binding) {
        Map<String, FunctionDescriptor> types = new LinkedHashMap<>();
        binding.accept((name, type) -> {
            types.put(name, type);
            var method = type.toMethodType();
            return MethodHandles.dropArguments(MethodHandles.zero(method.returnType()), 0, method.parameterList());
        });
        return types;
    }

    /// Checks every function that a class of downcalls asks for; skips if the header is not on this machine.
    public static void check(String header, Consumer<Functions> binding) throws IOException {
        Map<String, FunctionDescriptor> types = of(binding);
        assertFalse(types.isEmpty());
        Optional<Path> file = header(header);
        assumeTrue(file.isPresent(), header + " is not on this machine");
        String text = Files.readString(file.get()).replaceAll("(?s)/\\*.*?\\*/", " ").replaceAll("//.*", "");
        List<Executable> checks = new ArrayList<>();
        types.forEach((name, type) -> checks.add(() -> {
            FunctionDescriptor declared = declared(text, name);
            assertNotNull(declared, name + " is not in " + file.get());
            assertEquals(plain(declared), plain(type), name);
        }));
        assertAll(checks);
    }

    private static List<String> plain(FunctionDescriptor type) {
        return Stream.concat(type.returnLayout().stream(), type.argumentLayouts().stream())
                .map(layout -> layout instanceof ValueLayout value ? value.carrier().getSimpleName()
                        : "struct of " + layout.byteSize()).toList();
    }

    /// The prototype of a function, or of the plain name that a macro makes this version of.
    private static FunctionDescriptor declared(String text, String name) {
        for (String spelling : spellings(text, name)) {
            for (int at = text.indexOf(spelling); at >= 0; at = text.indexOf(spelling, at + 1)) {
                int open = at + spelling.length();
                int close = text.indexOf(')', at);
                String result = text.substring(text.lastIndexOf(';', at) + 1, at).replaceAll("(?s).*[}\\n](?=.*\\w)", "")
                        .replaceAll("\\b(CUDAAPI|CUBLASWINAPI|CUDNNWINAPI|extern)\\b", "").strip();
                boolean prototype = close > 0 && text.substring(open, close).strip().startsWith("(")
                        && text.substring(close + 1).stripLeading().startsWith(";") && !result.isEmpty();
                if (prototype) {
                    MemoryLayout[] parameters = Stream.of(text.substring(text.indexOf('(', at) + 1, close).split(","))
                            .map(String::strip).filter(p -> !p.isEmpty() && !p.equals("void"))
                            .map(p -> layout(p.replaceFirst("\\w+$", ""), p)).toArray(MemoryLayout[]::new);
                    return result.equals("void") ? FunctionDescriptor.ofVoid(parameters)
                            : FunctionDescriptor.of(layout(result, result), parameters);
                }
            }
        }
        return null;
    }

    /// The name itself, and names that macros replace by it: `#define cuMemAlloc cuMemAlloc_v2`.
    private static List<String> spellings(String text, String name) {
        List<String> list = new ArrayList<>(List.of(name));
        for (int at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
            String[] words = text.substring(text.lastIndexOf('\n', at) + 1, at).strip().split("\\W+");
            int define = List.of(words).indexOf("define");
            if (define >= 0 && define + 1 < words.length) {
                list.add(words[define + 1]);
            }
        }
        return list;
    }

    private static MemoryLayout layout(String type, String whole) {
        String name = type.replaceAll("\\b(const|struct|enum)\\b", "").strip().replaceAll("\\s+", " ");
        if (whole.contains("*") || whole.contains("[") || HANDLE.matcher(name).matches()) {
            return ValueLayout.ADDRESS;
        }
        return switch (name) {
            case String n when LONG.matcher(n).matches() -> ValueLayout.JAVA_LONG;
            case "unsigned char" -> ValueLayout.JAVA_BYTE;
            case "unsigned short" -> ValueLayout.JAVA_SHORT;
            case "ncclUniqueId" -> MemoryLayout.structLayout(MemoryLayout.sequenceLayout(128, ValueLayout.JAVA_BYTE));
            default -> ValueLayout.JAVA_INT; // int, unsigned, CUdevice, and all enums
        };
    }

    /// The file of a header of NVIDIA's, if it is on this machine.
    public static Optional<Path> header(String name) throws IOException {
        List<Path> folders = new ArrayList<>(List.of(Path.of("/usr/local/cuda/include"), Path.of("/usr/include")));
        for (String variable : List.of("CUDA_HOME", "CATHODE_CUDA_PATH")) {
            Optional.ofNullable(System.getenv(variable)).ifPresent(home -> folders.add(Path.of(home, "include")));
        }
        Path python = Path.of(System.getenv().getOrDefault("VIRTUAL_ENV", "/nowhere"), "lib");
        if (Files.isDirectory(python)) {
            try (DirectoryStream<Path> versions = Files.newDirectoryStream(python, "python3*")) {
                for (Path version : versions) {
                    Path wheels = version.resolve("site-packages/nvidia");
                    if (Files.isDirectory(wheels)) {
                        try (DirectoryStream<Path> parts = Files.newDirectoryStream(wheels)) {
                            parts.forEach(part -> folders.add(part.resolve("include")));
                        }
                    }
                }
            }
        }
        return folders.stream().map(folder -> folder.resolve(name)).filter(Files::isRegularFile).findFirst();
    }
}
