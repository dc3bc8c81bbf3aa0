package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import jdk.incubator.vector.FloatVector;

/// Eight rows by one vector, for what is left beside panels of three: still enough sums to hide their latency.
final class OuterProduct8x1 {
    private static final int V = Simd.LANES * Float.BYTES;

    private OuterProduct8x1() { }

    /// See [OuterProduct#tile] for the arguments.
    static void run(long a, long b, int k, long start, long startStride, long c, long cStride) {
        FloatVector c00 = FloatVector.fromMemorySegment(SPECIES, ALL, start, LE);
        FloatVector c10 = FloatVector.fromMemorySegment(SPECIES, ALL, start + startStride, LE);
        FloatVector c20 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 2 * startStride, LE);
        FloatVector c30 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 3 * startStride, LE);
        FloatVector c40 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 4 * startStride, LE);
        FloatVector c50 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 5 * startStride, LE);
        FloatVector c60 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 6 * startStride, LE);
        FloatVector c70 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 7 * startStride, LE);
        for (int p = 0; p < k; p++) {
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
            FloatVector x6 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a + 24));
            c60 = x6.fma(b0, c60);
            FloatVector x7 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a + 28));
            c70 = x7.fma(b0, c70);
            a += 32;
            b += V;
        }
        c00.intoMemorySegment(ALL, c, LE);
        c10.intoMemorySegment(ALL, c + cStride, LE);
        c20.intoMemorySegment(ALL, c + 2 * cStride, LE);
        c30.intoMemorySegment(ALL, c + 3 * cStride, LE);
        c40.intoMemorySegment(ALL, c + 4 * cStride, LE);
        c50.intoMemorySegment(ALL, c + 5 * cStride, LE);
        c60.intoMemorySegment(ALL, c + 6 * cStride, LE);
        c70.intoMemorySegment(ALL, c + 7 * cStride, LE);
    }
}
