package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Functions of pairs of numbers, one loop each.
final class PairLoops {
    static {
        CompilerDirectives.install();
    }

    private static final int V = Simd.LANES * Float.BYTES;

    private PairLoops() { }

    /// `y = a + b`.
    static void add(long a, long b, long y, long count) {
        long i = 0;
        for (; i <= 4 * count - V; i += V) {
            FloatVector.fromMemorySegment(SPECIES, ALL, a + i, LE)
                    .add(FloatVector.fromMemorySegment(SPECIES, ALL, b + i, LE)).intoMemorySegment(ALL, y + i, LE);
        }
        if (i < 4 * count) {
            VectorMask<Float> rest = SPECIES.indexInRange(i / 4, count);
            FloatVector.fromMemorySegment(SPECIES, ALL, a + i, LE, rest)
                    .add(FloatVector.fromMemorySegment(SPECIES, ALL, b + i, LE, rest))
                    .intoMemorySegment(ALL, y + i, LE, rest);
        }
    }

    /// `y = a - b`.
    static void subtract(long a, long b, long y, long count) {
        long i = 0;
        for (; i <= 4 * count - V; i += V) {
            FloatVector.fromMemorySegment(SPECIES, ALL, a + i, LE)
                    .sub(FloatVector.fromMemorySegment(SPECIES, ALL, b + i, LE)).intoMemorySegment(ALL, y + i, LE);
        }
        if (i < 4 * count) {
            VectorMask<Float> rest = SPECIES.indexInRange(i / 4, count);
            FloatVector.fromMemorySegment(SPECIES, ALL, a + i, LE, rest)
                    .sub(FloatVector.fromMemorySegment(SPECIES, ALL, b + i, LE, rest))
                    .intoMemorySegment(ALL, y + i, LE, rest);
        }
    }

    /// `y = a · b`.
    static void multiply(long a, long b, long y, long count) {
        long i = 0;
        for (; i <= 4 * count - V; i += V) {
            FloatVector.fromMemorySegment(SPECIES, ALL, a + i, LE)
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, b + i, LE)).intoMemorySegment(ALL, y + i, LE);
        }
        if (i < 4 * count) {
            VectorMask<Float> rest = SPECIES.indexInRange(i / 4, count);
            FloatVector.fromMemorySegment(SPECIES, ALL, a + i, LE, rest)
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, b + i, LE, rest))
                    .intoMemorySegment(ALL, y + i, LE, rest);
        }
    }

    /// `y = a / b`.
    static void divide(long a, long b, long y, long count) {
        long i = 0;
        for (; i <= 4 * count - V; i += V) {
            FloatVector.fromMemorySegment(SPECIES, ALL, a + i, LE)
                    .div(FloatVector.fromMemorySegment(SPECIES, ALL, b + i, LE)).intoMemorySegment(ALL, y + i, LE);
        }
        if (i < 4 * count) {
            VectorMask<Float> rest = SPECIES.indexInRange(i / 4, count);
            FloatVector.fromMemorySegment(SPECIES, ALL, a + i, LE, rest)
                    .div(FloatVector.fromMemorySegment(SPECIES, ALL, b + i, LE, rest))
                    .intoMemorySegment(ALL, y + i, LE, rest);
        }
    }
}
