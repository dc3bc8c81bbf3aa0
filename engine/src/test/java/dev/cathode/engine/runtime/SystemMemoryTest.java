package dev.cathode.engine.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemMemoryTest {
    @TempDir
    private Path root;

    private void write(String file, String text) throws IOException {
        Files.createDirectories(root.resolve(file).getParent());
        Files.writeString(root.resolve(file), text);
    }

    @Test
    void whatTheKernelCallsAvailable() throws IOException {
        write("proc/meminfo", "MemTotal:       25165824 kB\nMemFree:         1000 kB\nMemAvailable:   20480 kB\n");
        assertEquals(20480L << 10, SystemMemory.available(root));
        write("sys/fs/cgroup/memory.max", "max\n");
        assertEquals(20480L << 10, SystemMemory.available(root), "an unlimited group changes nothing");
    }

    @Test
    void aControlGroupLimitsIt() throws IOException {
        write("proc/meminfo", "MemAvailable:   20480 kB\n");
        write("sys/fs/cgroup/memory.max", "10000000\n");
        write("sys/fs/cgroup/memory.current", "9000000\n");
        write("sys/fs/cgroup/memory.stat", "anon 6000000\nfile 3000000\n");
        assertEquals(4_000_000, SystemMemory.available(root), "file pages give way");
    }

    @Test
    void unknownIsUnlimited() {
        assertEquals(Long.MAX_VALUE, SystemMemory.available(root));
        assertTrue(SystemMemory.available() > 0);
    }
}
