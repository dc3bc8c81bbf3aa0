package dev.cathode.cli;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/// What the system says about memory and processors. Linux tells it in files; elsewhere Java's own answers are used.
///
/// @param totalMemory bytes of memory in the machine
/// @param memoryLimit bytes that the container (control group) allows, if it limits them
/// @param processorLimit processors that the container allows, if it limits them
/// @param hugePages how the system backs large memory: `always`, `madvise` or `never`; `unknown` where it does not say
record Machine(long totalMemory, OptionalLong memoryLimit, OptionalDouble processorLimit,
               String hugePages) {
    /// Asks this machine.
    static Machine ask() {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return ask(Path.of("/"), system.getTotalMemorySize());
    }

    /// Asks the files under `root`; if they do not tell how much memory there is, it is `total`.
    static Machine ask(Path root, long total) {
        List<String> meminfo = lines(root.resolve("proc/meminfo"));
        long machineTotal = kilobytes(meminfo, "MemTotal:").orElse(total);
        OptionalLong limit = OptionalLong.empty();
        OptionalDouble processors = OptionalDouble.empty();
        for (Path group = group(root); group != null && group.startsWith(root.resolve("sys/fs/cgroup"));
                group = group.getParent()) { // a limit of an enclosing group holds as well
            OptionalLong most = number(group, "memory.max");
            if (most.isPresent() && (limit.isEmpty() || most.getAsLong() < limit.getAsLong())) {
                limit = most;
            }
            OptionalDouble share = processors(group);
            if (share.isPresent()) {
                processors = OptionalDouble.of(Math.min(share.getAsDouble(), processors.orElse(Double.MAX_VALUE)));
            }
        }
        return new Machine(machineTotal, limit, processors, hugePages(root));
    }

    /// The folder of the control group of this process (version 2).
    private static Path group(Path root) {
        Path groups = root.resolve("sys/fs/cgroup");
        for (String line : lines(root.resolve("proc/self/cgroup"))) {
            if (line.startsWith("0::/")) {
                Path group = groups.resolve(line.substring("0::/".length())).normalize();
                return Files.isDirectory(group) ? group : groups; // a container sees its own group as the root
            }
        }
        return groups;
    }

    private static OptionalLong kilobytes(List<String> lines, String name) {
        for (String line : lines) {
            String[] words = line.split("\\s+");
            if (words.length > 1 && words[0].equals(name)) {
                return OptionalLong.of(Long.parseLong(words[1]) * 1024);
            }
        }
        return OptionalLong.empty();
    }

    /// The number in a file; empty if there is no such file or it says "max".
    private static OptionalLong number(Path group, String file) {
        List<String> lines = lines(group.resolve(file));
        return lines.isEmpty() || !lines.getFirst().matches("\\d+") ? OptionalLong.empty()
                : OptionalLong.of(Long.parseLong(lines.getFirst()));
    }

    /// `cpu.max` holds "quota period" in microseconds, or "max period".
    private static OptionalDouble processors(Path group) {
        List<String> lines = lines(group.resolve("cpu.max"));
        String[] words = lines.isEmpty() ? new String[0] : lines.getFirst().split(" ");
        return words.length != 2 || words[0].equals("max") ? OptionalDouble.empty()
                : OptionalDouble.of(Double.parseDouble(words[0]) / Double.parseDouble(words[1]));
    }

    /// The file marks the chosen word with brackets: `always [madvise] never`.
    private static String hugePages(Path root) {
        for (String line : lines(root.resolve("sys/kernel/mm/transparent_hugepage/enabled"))) {
            return line.replaceAll(".*\\[(.*)].*", "$1");
        }
        return "unknown";
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return List.of(); // not Linux, or not for us to read
        }
    }
}
