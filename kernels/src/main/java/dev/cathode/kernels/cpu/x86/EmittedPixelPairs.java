package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.vector.PixelPairs;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/// Sums over pairs of pixels by machine code, for processors with AVX-512 BF16. Called as critical: see
/// [Calls#critical].
final class EmittedPixelPairs implements PixelPairs {
    private static final MethodHandle THREE = Calls.critical(3);
    private static final MethodHandle NINE = Calls.critical(9);
    private static final int VECTOR_BYTES = 64;

    private final MemorySegment neighbours;
    /// For one, two and four vectors.
    private final MemorySegment[] ofSix = new MemorySegment[3];
    private final MemorySegment[] ofFour = new MemorySegment[3];

    private EmittedPixelPairs(Offsets offsets, MachineCode code) {
        neighbours = code.at(offsets.neighbours);
        for (int i = 0; i < 3; i++) {
            ofSix[i] = code.at(offsets.ofSix[i]);
            ofFour[i] = code.at(offsets.ofFour[i]);
        }
    }

    /// Appends the functions, and remembers where they start.
    static final class Offsets {
        private final int neighbours;
        private final int[] ofSix = new int[3];
        private final int[] ofFour = new int[3];

        Offsets(Assembler a) {
            neighbours = a.function();
            PairCode.neighbours(a);
            for (int i = 0; i < 3; i++) {
                ofSix[i] = a.function();
                OuterProductCode.pairs(a, new Tile(6, 1 << i, 512));
                ofFour[i] = a.function();
                OuterProductCode.pairs(a, new Tile(4, 1 << i, 512));
            }
        }

        /// The functions in executable memory.
        EmittedPixelPairs in(MachineCode code) {
            return new EmittedPixelPairs(this, code);
        }
    }

    @Override
    public void neighbours(long x, long bytes, long distance) {
        if (bytes == 0) {
            return;
        }
        try {
            THREE.invokeExact(neighbours, x, bytes / VECTOR_BYTES, distance);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this); // the code lives as long as this
        }
    }

    @Override
    public void pixels(int rows, int vectors, long a, long aStep, long table, long offset, int pairs, long start,
                       long startStride, long c, long cStride) {
        MemorySegment[] functions = rows == 6 ? ofSix : ofFour;
        try {
            NINE.invokeExact(functions[vectors >> 1], a, aStep, table, offset, (long) pairs, start, startStride, c,
                    cStride);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
