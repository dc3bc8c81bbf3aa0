package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import jdk.incubator.vector.FloatVector;

/// Four rows by two vectors, for what six rows do not divide. Flat, as [MicroKernel6x4].
final class OuterProduct4x2 {
    private static final int V = Simd.LANES * Float.BYTES;

    private OuterProduct4x2() { }

    /// See [Products#pixels] for the arguments.
    static void run(long a, long aStep, long table, long offset, int k, long start, long startStride, long c,
                    long cStride) {
        FloatVector c00 = FloatVector.fromMemorySegment(SPECIES, ALL, start, LE);
        FloatVector c01 = FloatVector.fromMemorySegment(SPECIES, ALL, start + V, LE);
        FloatVector c10 = FloatVector.fromMemorySegment(SPECIES, ALL, start + startStride, LE);
        FloatVector c11 = FloatVector.fromMemorySegment(SPECIES, ALL, start + startStride + V, LE);
        FloatVector c20 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 2 * startStride, LE);
        FloatVector c21 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 2 * startStride + V, LE);
        FloatVector c30 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 3 * startStride, LE);
        FloatVector c31 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 3 * startStride + V, LE);
        for (int p = 0; p < k; p++) {
            long b = ALL.get(JAVA_LONG_UNALIGNED, table) + offset;
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, ALL, b, LE);
            FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, ALL, b + V, LE);
            FloatVector x0 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a));
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            FloatVector x1 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a + 4));
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            FloatVector x2 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a + 8));
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            FloatVector x3 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a + 12));
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
            a += aStep;
            table += Long.BYTES;
        }
        c00.intoMemorySegment(ALL, c, LE);
        c01.intoMemorySegment(ALL, c + V, LE);
        c10.intoMemorySegment(ALL, c + cStride, LE);
        c11.intoMemorySegment(ALL, c + cStride + V, LE);
        c20.intoMemorySegment(ALL, c + 2 * cStride, LE);
        c21.intoMemorySegment(ALL, c + 2 * cStride + V, LE);
        c30.intoMemorySegment(ALL, c + 3 * cStride, LE);
        c31.intoMemorySegment(ALL, c + 3 * cStride + V, LE);
    }
}
