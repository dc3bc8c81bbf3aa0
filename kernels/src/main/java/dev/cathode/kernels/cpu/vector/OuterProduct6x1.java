package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import jdk.incubator.vector.FloatVector;

/// Six rows by one vector, for panels of one. Flat, as [MicroKernel6x4].
final class OuterProduct6x1 {
    private static final int V = Simd.LANES * Float.BYTES;

    private OuterProduct6x1() { }

    /// See [Products#pixels] for the arguments.
    static void run(long a, long aStep, long table, long offset, int k, long start, long startStride, long c,
                    long cStride) {
        FloatVector c00 = FloatVector.fromMemorySegment(SPECIES, ALL, start, LE);
        FloatVector c10 = FloatVector.fromMemorySegment(SPECIES, ALL, start + startStride, LE);
        FloatVector c20 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 2 * startStride, LE);
        FloatVector c30 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 3 * startStride, LE);
        FloatVector c40 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 4 * startStride, LE);
        FloatVector c50 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 5 * startStride, LE);
        for (int p = 0; p < k; p++) {
            long b = ALL.get(JAVA_LONG_UNALIGNED, table) + offset;
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, ALL, b, LE);
            FloatVector x0 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a));
            c00 = x0.fma(b0, c00);
            FloatVector x1 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a + 4));
            c10 = x1.fma(b0, c10);
            FloatVector x2 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a + 8));
            c20 = x2.fma(b0, c20);
            FloatVector x3 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a + 12));
            c30 = x3.fma(b0, c30);
            FloatVector x4 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a + 16));
            c40 = x4.fma(b0, c40);
            FloatVector x5 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a + 20));
            c50 = x5.fma(b0, c50);
            a += aStep;
            table += Long.BYTES;
        }
        c00.intoMemorySegment(ALL, c, LE);
        c10.intoMemorySegment(ALL, c + cStride, LE);
        c20.intoMemorySegment(ALL, c + 2 * cStride, LE);
        c30.intoMemorySegment(ALL, c + 3 * cStride, LE);
        c40.intoMemorySegment(ALL, c + 4 * cStride, LE);
        c50.intoMemorySegment(ALL, c + 5 * cStride, LE);
    }
}
