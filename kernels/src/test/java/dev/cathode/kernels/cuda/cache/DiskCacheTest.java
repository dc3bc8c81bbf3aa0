package dev.cathode.kernels.cuda.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cuda.library.CudaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskCacheTest {
    private static final int KEYS = 3;

    @TempDir
    private Path folder;

    private final AtomicInteger compiled = new AtomicInteger();

    private static DiskCache.Key key(int i) {
        return new DiskCache.Key("sm_90", List.of("NVRTC 13.0", "sm_90", "source " + i, "--std=c++17"));
    }

    /// What a key stands for: as large as a real one, the same in every process.
    private static byte[] contents(int i) {
        byte[] bytes = new byte[40_000 + i];
        new Random(i).nextBytes(bytes);
        return bytes;
    }

    private byte[] get(DiskCache.Key key, byte[] made) {
        return new DiskCache(folder).get(key, () -> {
            compiled.incrementAndGet();
            return made;
        });
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    @Test
    void everyPartOfTheKeyCounts() {
        List<DiskCache.Key> keys = List.of(key(0), key(1),
                new DiskCache.Key("sm_90", List.of("NVRTC 13.0", "sm_90", "source 0", "--std=c++20")),
                new DiskCache.Key("sm_90", List.of("NVRTC 13.0", "sm_90", "source 0", "--std=", "c++17")),
                new DiskCache.Key("sm_90", List.of("NVRTC 13.0", "sm_90", "source 0--std=c++17")),
                new DiskCache.Key("sm_90", List.of("NVRTC 13.0", "sm_80", "source 0", "--std=c++17")),
                new DiskCache.Key("sm_90", List.of("NVRTC 12.9", "sm_90", "source 0", "--std=c++17")));
        for (int i = 0; i < keys.size(); i++) {
            assertArrayEquals(contents(i), get(keys.get(i), contents(i)));
        }
        assertEquals(keys.size(), compiled.get());
        for (int i = 0; i < keys.size(); i++) {
            assertArrayEquals(contents(i), get(keys.get(i), new byte[] {1}));
        }
        assertEquals(keys.size(), compiled.get());
    }

    @Test
    void damageIsSeenAndMended() throws IOException {
        get(key(0), contents(0));
        Path file = files().getFirst();
        byte[] good = Files.readAllBytes(file);
        List<byte[]> damaged = new ArrayList<>(List.of(new byte[0], new byte[] {1}, Arrays.copyOf(good, 71),
                Arrays.copyOf(good, 72), Arrays.copyOf(good, good.length - 1), Arrays.copyOf(good, good.length + 1)));
        for (int at : new int[] {0, 8, 40, 72, good.length - 1}) {
            byte[] flipped = good.clone();
            flipped[at] ^= 4;
            damaged.add(flipped);
        }
        for (byte[] bytes : damaged) {
            Files.write(file, bytes);
            compiled.set(0);
            assertArrayEquals(contents(0), get(key(0), contents(0)));
            assertEquals(1, compiled.get());
            assertArrayEquals(good, Files.readAllBytes(file));
        }
    }

    @Test
    void aFileUnderAnothersNameIsNotTaken() throws IOException {
        get(key(0), contents(0));
        Path first = files().getFirst();
        byte[] bytes = Files.readAllBytes(first);
        get(key(1), contents(1));
        Path second = files().stream().filter(file -> !file.equals(first)).findFirst().orElseThrow();
        Files.write(second, bytes);
        assertArrayEquals(contents(1), get(key(1), contents(1)));
    }

    @Test
    void whatDoesNotCompileIsNotKept() throws IOException {
        DiskCache cache = new DiskCache(folder);
        assertThrows(CudaException.class, () -> cache.get(key(0), () -> {
            throw new CudaException("nvrtcCompileProgram", "no", 6);
        }));
        assertEquals(List.of(), files());
        assertArrayEquals(contents(0), get(key(0), contents(0)));
    }

    @Test
    void aFolderThatCannotBeWrittenCostsNothingButTime() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "in the way");
        DiskCache cache = new DiskCache(file.resolve("cache"));
        for (int i = 0; i < 2; i++) {
            assertArrayEquals(contents(0), cache.get(key(0), () -> {
                compiled.incrementAndGet();
                return contents(0);
            }));
        }
        assertEquals(2, compiled.get());
    }

    @Test
    void whatIsRemovedIsMadeAgain() {
        get(key(0), contents(0));
        new DiskCache(folder).remove(key(0));
        new DiskCache(folder).remove(key(1));
        assertArrayEquals(contents(1), get(key(0), contents(1)));
        assertEquals(2, compiled.get());
    }

    @Test
    void leftoversOfKilledProcessesGoWhenTheyAreOld() throws IOException {
        Path old = Files.writeString(folder.resolve("new-1.part"), "half a kernel");
        Path young = Files.writeString(folder.resolve("new-2.part"), "another process is at it");
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
        get(key(0), contents(0));
        assertFalse(Files.exists(old));
        assertTrue(Files.exists(young));
    }

    @Test
    void threadsThatAskTogetherCompileOnce() throws InterruptedException {
        DiskCache cache = new DiskCache(folder);
        List<Thread> threads = new ArrayList<>();
        AtomicInteger right = new AtomicInteger();
        for (int i = 0; i < 8; i++) {
            threads.add(Thread.ofVirtual().start(() -> {
                byte[] got = cache.get(key(0), () -> {
                    compiled.incrementAndGet();
                    return contents(0);
                });
                right.addAndGet(Arrays.equals(got, contents(0)) ? 1 : 0);
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(8, right.get());
        assertEquals(1, compiled.get());
    }

    /// Another process, which deletes and remakes the same few entries until it is killed.
    static final class Churn {
        private Churn() { }

        public static void main(String[] arguments) throws IOException {
            Path folder = Path.of(arguments[0]);
            System.out.println("started");
            for (int round = 0; true; round++) {
                int i = round % KEYS;
                byte[] got = new DiskCache(folder).get(key(i), () -> contents(i));
                if (!Arrays.equals(got, contents(i))) {
                    System.exit(3);
                }
                try (Stream<Path> files = Files.list(folder)) {
                    for (Path file : files.filter(f -> f.toString().endsWith(".kept")).toList()) {
                        Files.deleteIfExists(file);
                    }
                }
            }
        }
    }

    @Test
    void twoProcessesKilledInTheMiddleLeaveNothingWrong() throws IOException, InterruptedException {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            processes.add(new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx64m",
                    "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), Churn.class.getName(),
                    folder.toString()).redirectError(ProcessBuilder.Redirect.DISCARD).start());
        }
        try {
            for (Process process : processes) {
                assertEquals('s', process.getInputStream().read());
            }
            for (int round = 0; round < 60; round++) { // this process reads and writes beside them
                int i = round % KEYS;
                assertArrayEquals(contents(i), get(key(i), contents(i)));
            }
            assertTrue(processes.stream().allMatch(Process::isAlive), "a process read something wrong");
        } finally {
            processes.forEach(Process::destroyForcibly);
        }
        for (Process process : processes) {
            process.waitFor();
        }
        for (Path file : files()) { // whole or a leftover, never half under a real name
            if (file.toString().endsWith(".kept")) {
                assertTrue(Files.size(file) > 40_000, file + " has " + Files.size(file) + " bytes");
            }
        }
        for (int i = 0; i < KEYS; i++) {
            assertArrayEquals(contents(i), get(key(i), contents(i)));
        }
    }
}
