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

/// Compiles kernels, and the process that runs them, with g++ and its sanitizers. Results are kept in `target/`, by the
/// hash of all that went into them.
final class ShimCompiler {
    private static final Pattern ENTRY = Pattern.compile("(?m)^KERNEL\\((.+?)\\) (\\w+)\\(");
    private static final Pattern INCLUDE = Pattern.compile("(?m)^#include \"(\\w+\\.h)\"$");
    private static final List<String> FLAGS = List.of("-O1", "-g1", "-fsanitize=address,undefined",
            "-fno-sanitize-recover=all", "-fno-strict-aliasing", "-Wno-unknown-pragmas");

    private final Path folder;
    private final String header;

    private ShimCompiler(Path folder) {
        this.folder = folder;
        this.header = resource("shim.h");
    }

    /// A compiler, or why there is none.
    record Found(Optional<ShimCompiler> compiler, String reason) { }

    static Found find() {
        try {
            Path folder = Files.createDirectories(Path.of("target", "cuda-shim").toAbsolutePath());
            run(List.of("g++", "--version"), folder.resolve("version.log"));
            var compiler = new ShimCompiler(folder);
            compiler.host();
            return new Found(Optional.of(compiler), "");
        } catch (IOException | IllegalStateException e) {
            return new Found(Optional.empty(), "kernels for GPUs are not tested: g++ with -fsanitize=address,undefined "
                    + "does not work here (" + e.getMessage() + ")");
        }
    }

    Path folder() {
        return folder;
    }

    /// The process that runs kernels.
    Path host() {
        return compile(resource("shim.cpp"), "host", "-std=gnu++20", "-O2", "-rdynamic", "-ldl");
    }

    /// A library of the text's kernels.
    Path library(String text) {
        var all = new StringBuilder(header).append(text).append("\n#line 1 \"entries\"\n");
        Matcher entries = ENTRY.matcher(text);
        while (entries.find()) {
            all.append("SHIM_ENTRY(").append(entries.group(2)).append(", ").append(entries.group(1)).append(")\n");
        }
        return compile(all.toString(), "kernels", "-std=gnu++17", "-shared", "-fPIC");
    }

    private Path compile(String text, String name, String... flags) {
        var all = new ArrayList<>(FLAGS);
        all.addAll(List.of(flags));
        try {
            var hash = MessageDigest.getInstance("SHA-256").digest((all + text).getBytes(StandardCharsets.UTF_8));
            String stem = name + "-" + HexFormat.of().formatHex(hash, 0, 12);
            Path result = folder.resolve(stem + ".so");
            if (!Files.exists(result)) {
                Path source = Files.writeString(folder.resolve(stem + ".cpp"), text);
                Path unfinished = folder.resolve(stem + "." + ProcessHandle.current().pid());
                var command = new ArrayList<>(List.of("g++", "-o", unfinished.toString(), source.toString()));
                command.addAll(all);
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
