package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineTest {
    private static final long GIB = 1L << 30;

    @TempDir
    Path root;

    @Test
    void linuxWithoutLimits() throws IOException {
        write("proc/meminfo", "MemTotal:       16777216 kB\nMemFree:   1 kB\nMemAvailable:    8388608 kB\n");
        write("proc/self/cgroup", "0::/user.slice/session\n");
        write("sys/fs/cgroup/user.slice/session/memory.max", "max\n");
        write("sys/fs/cgroup/user.slice/session/cpu.max", "max 100000\n");
        write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
        assertEquals(new Machine(16 * GIB, OptionalLong.empty(), OptionalDouble.empty(), "madvise"),
                Machine.ask(root, 1));
    }

    @Test
    void theTightestGroupLimits() throws IOException {
        write("proc/meminfo", "MemTotal:       16777216 kB\nMemAvailable:    8388608 kB\n");
        write("proc/self/cgroup", "0::/outer/inner\n");
        write("sys/fs/cgroup/outer/inner/memory.max", String.valueOf(6 * GIB));
        write("sys/fs/cgroup/outer/memory.max", String.valueOf(4 * GIB));
        write("sys/fs/cgroup/outer/cpu.max", "150000 100000\n");
        assertEquals(new Machine(16 * GIB, OptionalLong.of(4 * GIB), OptionalDouble.of(1.5), "unknown"),
                Machine.ask(root, 1));
    }

    @Test
    void aContainerSeesItsGroupAsTheRoot() throws IOException {
        write("proc/self/cgroup", "0::/docker/abc\n");
        write("sys/fs/cgroup/memory.max", String.valueOf(2 * GIB));
        assertEquals(OptionalLong.of(2 * GIB), Machine.ask(root, 16 * GIB).memoryLimit());
    }

    @Test
    void otherSystemsGetJavasAnswers() {
        assertEquals(new Machine(4 * GIB, OptionalLong.empty(), OptionalDouble.empty(), "unknown"),
                Machine.ask(root, 4 * GIB));
    }

    @Test
    void thisMachineHasMemory() {
        Machine machine = Machine.ask();
        assertTrue(machine.totalMemory() > 0, machine.toString());
    }

    private void write(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }
}
