package dev.cathode.engine.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// How much memory this process may still take.
public final class SystemMemory {
    private SystemMemory() { }

    /// Bytes that can be allocated without swapping: what the kernel calls available, or what the control group leaves,
    /// whichever is less; `Long.MAX_VALUE` where the system does not say.
    public static long available() {
        return available(Path.of("/"));
    }

    /// As [#available()], for a system whose root directory is elsewhere.
    static long available(Path root) {
        long free = Long.MAX_VALUE;
        for (String line : lines(root.resolve("proc/meminfo"))) {
            if (line.startsWith("MemAvailable:")) {
                free = Long.parseLong(line.replaceAll("\\D+", "")) << 10;
            }
        }
        long limit = number(root.resolve("sys/fs/cgroup/memory.max"));
        if (limit == Long.MAX_VALUE) {
            return free;
        }
        long used = number(root.resolve("sys/fs/cgroup/memory.current"));
        long cache = 0; // file pages count as used but give way
        for (String line : lines(root.resolve("sys/fs/cgroup/memory.stat"))) {
            if (line.startsWith("file ")) {
                cache = Long.parseLong(line.substring(5).strip());
            }
        }
        return Math.min(free, limit - Math.min(limit, used - Math.min(used, cache)));
    }

    private static long number(Path file) {
        List<String> lines = lines(file);
        String text = lines.isEmpty() ? "max" : lines.getFirst().strip();
        return text.equals("max") ? Long.MAX_VALUE : Long.parseLong(text);
    }

    private static List<String> lines(Path file) {
        try {
            return Files.isReadable(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            return List.of(); // the system does not say
        }
    }
}
