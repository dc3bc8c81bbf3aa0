package dev.cathode.kernels.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Compiles kernels, and the process that runs them, with g++. Results are kept in the `target/` of the module whose
/// tests run, by the hash of all that went into them.
final class ShimCompiler {
    /// How kernels run.
    enum Mode {
        /// With sanitizers, and threads in an order that is drawn: finds mistakes.
        STRICT,
        /// Optimised, and threads by their numbers: many times as fast, for whole networks.
        QUICK
    }


    private static final Pattern ENTRY = Pattern.compile("(?m)^KERNEL\\((.+?)\\) (\\w+)\\(");
    private static final Pattern INCLUDE = Pattern.compile("(?m)^#include \"(\\w+\\.h)\"$");
    private static final List<String> ALWAYS = List.of("-g1", "-fno-strict-aliasing", "-Wno-unknown-pragmas");
    private static final List<String> SANITIZERS = List.of("-fsanitize=address,undefined", "-fno-sanitize-recover=all");

    private final Mode mode;
    private final Path folder;
    private final String header;

    private ShimCompiler(Mode mode, Path folder) {
        this.mode = mode;
        this.folder = folder;
        this.header = resource("shim.h");
    }

    /// A compiler, or why there is none.
    record Found(Optional<ShimCompiler> compiler, String reason) { }

    static Found find(Mode mode) {
        try {
            Path folder = Files.createDirectories(Path.of("target", "cuda-shim").toAbsolutePath());
            run(List.of("g++", "--version"), folder.resolve("version.log"));
            var compiler = new ShimCompiler(mode, folder);
            compiler.host();
            return new Found(Optional.of(compiler), "");
        } catch (IOException | IllegalStateException e) {
            return new Found(Optional.empty(), "kernels for GPUs are not tested: g++" + (mode == Mode.STRICT ? " with "
                    + SANITIZERS.getFirst() : "") + " does not work here (" + e.getMessage() + ")");
        }
    }

    Path folder() {
        return folder;
    }

    /// The process that runs kernels.
    Path host() {
        return compile(resource("shim.cpp"), "host", flags("-O2", "-std=gnu++20", "-rdynamic", "-ldl"));
    }

    /// A library of products of matrices and convolutions: see [ShimMath].
    Path math() {
        return compile(resource("shim_math.cpp"), "math", List.of("-O3", "-std=gnu++17", "-shared", "-fPIC"));
    }

    /// A library of the text's kernels.
    Path library(String text) {
        var all = new StringBuilder(header).append(text).append("\n#line 1 \"entries\"\n");
        Matcher entries = ENTRY.matcher(text);
        while (entries.find()) {
            all.append("SHIM_ENTRY(").append(entries.group(2)).append(", ").append(entries.group(1)).append(")\n");
        }
        return compile(all.toString(), "kernels", flags(mode == Mode.STRICT ? "-O1" : "-O2", "-std=gnu++17", "-shared",
                "-fPIC"));
    }

    private List<String> flags(String... more) {
        var all = new ArrayList<>(ALWAYS);
        all.addAll(mode == Mode.STRICT ? SANITIZERS : List.of("-DSHIM_QUICK"));
        all.addAll(List.of(more));
        return all;
    }

    private Path compile(String text, String name, List<String> flags) {
        try {
            var hash = MessageDigest.getInstance("SHA-256").digest((flags + text).getBytes(StandardCharsets.UTF_8));
            String stem = name + "-" + HexFormat.of().formatHex(hash, 0, 12);
            Path result = folder.resolve(stem + ".so");
            if (!Files.exists(result)) {
                Path source = Files.writeString(folder.resolve(stem + ".cpp"), text);
                Path unfinished = folder.resolve(stem + "." + ProcessHandle.current().pid());
                var command = new ArrayList<>(List.of("g++", "-o", unfinished.toString(), source.toString()));
                command.addAll(flags);
                run(command, folder.resolve(stem + ".log"));
                Files.move(unfinished, result, StandardCopyOption.ATOMIC_MOVE);
            }
            return result;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void run(List<String> command, Path log) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try {
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException(command + " takes too long");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        if (process.exitValue() != 0) {
            throw new IllegalStateException(String.join(" ", command) + "\n" + Files.readString(log));
        }
    }

    /// A file with all it includes of ours in place, so that the text is all there is to compile.
    private static String resource(String name) {
        try (InputStream in = ShimCompiler.class.getResourceAsStream(name)) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8).replace("#pragma once\n", "");
            return INCLUDE.matcher(text).replaceAll(found -> Matcher.quoteReplacement(resource(found.group(1))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
