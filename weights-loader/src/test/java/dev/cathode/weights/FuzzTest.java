package dev.cathode.weights;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Damaged files load or are refused; nothing else happens, in little time and memory.
class FuzzTest {
    private static final int ROUNDS = 4000;
    private static final long LARGEST_FILE = 300_000;
    private static final long MOST_HEAP = 200 << 20;
    private static final Duration MOST_TIME = Duration.ofSeconds(100);
    private static final int EDGE = 3000;

    @TempDir
    private Path folder;

    private record Sample(String name, byte[] bytes) {
    }

    @Test
    void damagedFiles() throws IOException {
        List<Sample> samples = samples();
        assertTrue(samples.size() > 10);
        int loaded = assertTimeoutPreemptively(MOST_TIME, () -> {
            int count = 0;
            for (int seed = 0; seed < ROUNDS; seed++) {
                count += survives(samples.get(seed % samples.size()), seed) ? 1 : 0;
            }
            return count;
        });
        // Some damage is in the numbers, where nobody can see it; most is not.
        assertTrue(loaded > ROUNDS / 100 && loaded < ROUNDS * 99 / 100, loaded + " of " + ROUNDS + " loaded");
    }

    /// Whether a damaged file loads.
    private boolean survives(Sample sample, int seed) throws IOException {
        Path file = folder.resolve(sample.name);
        Files.write(file, damage(sample.bytes, new SplittableRandom(seed)));
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        try (Checkpoint checkpoint = Checkpoints.open(file)) {
            for (String name : checkpoint.names()) {
                FileTensor tensor = checkpoint.tensor(name);
                if (tensor.data().byteSize() != tensor.count() * tensor.dtype().bytes()) {
                    fail(sample.name + ", seed " + seed + ": " + name + " has other bytes than its shape");
                }
                if (tensor.count() > 0) {
                    tensor.data().get(ValueLayout.JAVA_BYTE, 0);
                    tensor.data().get(ValueLayout.JAVA_BYTE, tensor.data().byteSize() - 1);
                }
                checkpoint.release(tensor);
            }
            return true;
        } catch (CheckpointException e) {
            assertTrue(e.getMessage().contains(sample.name), e.getMessage());
            return false;
        } catch (RuntimeException | Error e) {
            throw new AssertionError(sample.name + ", seed " + seed + ": " + e, e);
        } finally {
            long heap = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(heap < MOST_HEAP, sample.name + ", seed " + seed + ": allocated " + heap);
        }
    }

    /// Changes a few bytes, mostly near the ends, where formats keep their tables, or cuts the file.
    private static byte[] damage(byte[] good, SplittableRandom random) {
        byte[] bytes = good.clone();
        if (random.nextInt(8) == 0) {
            return Arrays.copyOf(bytes, random.nextInt(bytes.length));
        }
        int changes = 1 + random.nextInt(6);
        for (int i = 0; i < changes; i++) {
            int edge = Math.min(EDGE, bytes.length);
            int at = switch (random.nextInt(3)) {
                case 0 -> random.nextInt(edge);
                case 1 -> bytes.length - 1 - random.nextInt(edge);
                default -> random.nextInt(bytes.length);
            };
            switch (random.nextInt(4)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt(256);
                case 2 -> Arrays.fill(bytes, at, Math.min(bytes.length, at + 1 + random.nextInt(8)),
                        (byte) (random.nextBoolean() ? 0xFF : 0));
                default -> bytes[at] = bytes[random.nextInt(bytes.length)];
            }
        }
        return bytes;
    }

    private static List<Sample> samples() throws IOException {
        Path checkpoints = Goldens.topic("checkpoints").folder();
        try (Stream<Path> files = Files.walk(checkpoints, 2)) {
            return files.filter(Files::isRegularFile).filter(file -> file.toFile().length() > 0
                    && file.toFile().length() <= LARGEST_FILE
                    && file.toString().matches(".*\\.(safetensors|bin|ckpt|pt|index\\.json)")).sorted().map(file -> {
                        try {
                            return new Sample(file.getFileName().toString(), Files.readAllBytes(file));
                        } catch (IOException e) {
                            throw new java.io.UncheckedIOException(e);
                        }
                    }).toList();
        }
    }
}
