package dev.cathode.kernels.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Memory for tests: buffers between guards of NaN. A kernel that reads a guard computes NaN, one that writes a guard
/// is caught by [#check].
final class Guarded implements AutoCloseable {
    private static final int GUARD = 256;
    private static final int POISON = 0x7fc0beef;

    private final Arena arena = Arena.ofShared();
    private final List<MemorySegment> blocks = new ArrayList<>();

    /// A buffer of NaN; the address is a multiple of 64.
    MemorySegment poisoned(long bytes) {
        long padded = (bytes + 3) / 4 * 4;
        MemorySegment block = arena.allocate(GUARD + padded + GUARD, 64);
        for (long i = 0; i < block.byteSize(); i += 4) {
            block.set(JAVA_INT, i, POISON);
        }
        blocks.add(block);
        return block.asSlice(GUARD, bytes);
    }

    /// A buffer of these numbers.
    MemorySegment of(float[] numbers) {
        MemorySegment buffer = poisoned(numbers.length * 4L);
        MemorySegment.copy(numbers, 0, buffer, JAVA_FLOAT, 0, numbers.length);
        return buffer;
    }

    /// Fails if a guard was written.
    void check(String what) {
        for (MemorySegment block : blocks) {
            for (int i = 0; i < GUARD; i += 4) {
                assertEquals(POISON, block.get(JAVA_INT, i), what + " wrote before a buffer");
                assertEquals(POISON, block.get(JAVA_INT, block.byteSize() - GUARD + i), what + " wrote after a buffer");
            }
        }
    }

    /// Whether a number is one that nobody wrote.
    static boolean isUntouched(float x) {
        return Float.floatToRawIntBits(x) == POISON;
    }

    @Override
    public void close() {
        arena.close();
    }
}
