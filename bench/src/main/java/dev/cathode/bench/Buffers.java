package dev.cathode.bench;

import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// What every benchmark needs: threads, memory, reproducible numbers, and a judge.
final class Buffers implements AutoCloseable {
    /// A number of the result, computed another way.
    interface Reference {
        double at(long index);
    }

    private static final int SAMPLES = 97;

    final Workers workers;
    private final Arena arena = Arena.ofShared();

    /// @param threads threads, or 0 for as many as there are processors
    Buffers(int threads) {
        workers = new Workers(threads > 0 ? threads : Runtime.getRuntime().availableProcessors());
    }

    /// `count` floats of zeros.
    MemorySegment floats(long count) {
        return OffHeap.allocate(4 * count, arena);
    }

    /// `bytes` bytes.
    MemorySegment bytes(long bytes) {
        return OffHeap.allocate(Math.max(bytes, 1), arena);
    }

    /// `count` floats between -range and range that depend on nothing but `seed`.
    MemorySegment random(long count, long seed, float range) {
        MemorySegment numbers = floats(count);
        long state = seed;
        for (long i = 0; i < count; i++) {
            state = state * 6364136223846793005L + 1442695040888963407L; // Knuth's linear congruence
            numbers.setAtIndex(ValueLayout.JAVA_FLOAT, i, range * ((state >>> 40) * 0x1p-23f - 1));
        }
        return numbers;
    }

    /// Compares numbers all over a result with a reference.
    ///
    /// @param tolerance largest difference, in root mean squares of the compared numbers
    /// @throws IllegalStateException if one differs
    static void check(String what, MemorySegment result, long count, double tolerance, Reference reference) {
        long[] indices = new long[SAMPLES];
        double[] expected = new double[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            indices[i] = count <= SAMPLES ? i % count : i * (count - 1) / (SAMPLES - 1);
            expected[i] = reference.at(indices[i]);
        }
        double scale = Math.sqrt(Arrays.stream(expected).map(x -> x * x).average().orElseThrow());
        for (int i = 0; i < SAMPLES; i++) {
            float actual = result.getAtIndex(ValueLayout.JAVA_FLOAT, indices[i]);
            if (!(Math.abs(actual - expected[i]) <= tolerance * scale)) { // also catches NaN
                throw new IllegalStateException("%s is wrong: number %d is %s, not %s (root mean square %.3g)"
                        .formatted(what, indices[i], actual, expected[i], scale));
            }
        }
    }

    /// A parameter such as `2x4096x320` as numbers.
    static int[] sizes(String shape, int count) {
        int[] sizes = Arrays.stream(shape.split("x")).mapToInt(Integer::parseInt).toArray();
        if (sizes.length != count) {
            throw new IllegalArgumentException("shape " + shape + " should have " + count + " numbers, as 2x64x64");
        }
        return sizes;
    }

    static float get(MemorySegment numbers, long index) {
        return numbers.getAtIndex(ValueLayout.JAVA_FLOAT, index);
    }

    @Override
    public void close() {
        workers.close();
        arena.close();
    }
}
