package dev.cathode.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// A folder beside the result in which the result grows: it moves to its place when it is whole, and is gone after a
/// failure or an interruption.
final class Workplace {
    private Workplace() { }

    /// Makes the file or folder at the path it is given.
    @FunctionalInterface
    interface Work {
        /// Does it.
        void into(Path temporary) throws IOException;
    }

    /// Makes `out` by making it elsewhere first.
    static void build(Path out, Work work) throws IOException {
        Path whole = out.toAbsolutePath();
        Path folder = Files.createTempDirectory(whole.getParent(), ".cathode");
        Thread hook = Thread.ofPlatform().unstarted(() -> delete(folder));
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            Path temporary = folder.resolve(whole.getFileName());
            work.into(temporary);
            Files.move(temporary, whole);
        } finally {
            delete(folder);
            Shutdown.forget(hook);
        }
    }

    private static void delete(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : deepestFirst) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
