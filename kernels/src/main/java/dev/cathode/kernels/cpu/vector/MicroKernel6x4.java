package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import jdk.incubator.vector.FloatVector;

/// Six rows by four vectors: 24 sums, 4 vectors of weights and a broadcast, for 32 registers. Flat, because the
/// compiler keeps vectors in registers only where it sees every one of them by name.
final class MicroKernel6x4 {
    private static final int V = Simd.LANES * Float.BYTES;

    private MicroKernel6x4() { }

    /// See [Products#panel] for the arguments.
    static void run(long rows, long tapStep, int taps, long offset, int k, long b, long start, long startStride,
                    long c) {
        FloatVector c00 = FloatVector.fromMemorySegment(SPECIES, ALL, start, LE);
        FloatVector c01 = FloatVector.fromMemorySegment(SPECIES, ALL, start + V, LE);
        FloatVector c02 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 2 * V, LE);
        FloatVector c03 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 3 * V, LE);
        FloatVector c10 = FloatVector.fromMemorySegment(SPECIES, ALL, start + startStride, LE);
        FloatVector c11 = FloatVector.fromMemorySegment(SPECIES, ALL, start + startStride + V, LE);
        FloatVector c12 = FloatVector.fromMemorySegment(SPECIES, ALL, start + startStride + 2 * V, LE);
        FloatVector c13 = FloatVector.fromMemorySegment(SPECIES, ALL, start + startStride + 3 * V, LE);
        FloatVector c20 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 2 * startStride, LE);
        FloatVector c21 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 2 * startStride + V, LE);
        FloatVector c22 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 2 * startStride + 2 * V, LE);
        FloatVector c23 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 2 * startStride + 3 * V, LE);
        FloatVector c30 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 3 * startStride, LE);
        FloatVector c31 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 3 * startStride + V, LE);
        FloatVector c32 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 3 * startStride + 2 * V, LE);
        FloatVector c33 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 3 * startStride + 3 * V, LE);
        FloatVector c40 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 4 * startStride, LE);
        FloatVector c41 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 4 * startStride + V, LE);
        FloatVector c42 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 4 * startStride + 2 * V, LE);
        FloatVector c43 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 4 * startStride + 3 * V, LE);
        FloatVector c50 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 5 * startStride, LE);
        FloatVector c51 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 5 * startStride + V, LE);
        FloatVector c52 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 5 * startStride + 2 * V, LE);
        FloatVector c53 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 5 * startStride + 3 * V, LE);
        for (int t = 0; t < taps; t++) {
            long a0 = ALL.get(JAVA_LONG_UNALIGNED, rows) + offset;
            long a1 = ALL.get(JAVA_LONG_UNALIGNED, rows + 8) + offset;
            long a2 = ALL.get(JAVA_LONG_UNALIGNED, rows + 16) + offset;
            long a3 = ALL.get(JAVA_LONG_UNALIGNED, rows + 24) + offset;
            long a4 = ALL.get(JAVA_LONG_UNALIGNED, rows + 32) + offset;
            long a5 = ALL.get(JAVA_LONG_UNALIGNED, rows + 40) + offset;
            for (int p = 0; p < k; p++) {
                FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, ALL, b, LE);
                FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, ALL, b + V, LE);
                FloatVector b2 = FloatVector.fromMemorySegment(SPECIES, ALL, b + 2 * V, LE);
                FloatVector b3 = FloatVector.fromMemorySegment(SPECIES, ALL, b + 3 * V, LE);
                FloatVector x0 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a0 + 4L * p));
                c00 = x0.fma(b0, c00);
                c01 = x0.fma(b1, c01);
                c02 = x0.fma(b2, c02);
                c03 = x0.fma(b3, c03);
                FloatVector x1 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a1 + 4L * p));
                c10 = x1.fma(b0, c10);
                c11 = x1.fma(b1, c11);
                c12 = x1.fma(b2, c12);
                c13 = x1.fma(b3, c13);
                FloatVector x2 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a2 + 4L * p));
                c20 = x2.fma(b0, c20);
                c21 = x2.fma(b1, c21);
                c22 = x2.fma(b2, c22);
                c23 = x2.fma(b3, c23);
                FloatVector x3 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a3 + 4L * p));
                c30 = x3.fma(b0, c30);
                c31 = x3.fma(b1, c31);
                c32 = x3.fma(b2, c32);
                c33 = x3.fma(b3, c33);
                FloatVector x4 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a4 + 4L * p));
                c40 = x4.fma(b0, c40);
                c41 = x4.fma(b1, c41);
                c42 = x4.fma(b2, c42);
                c43 = x4.fma(b3, c43);
                FloatVector x5 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a5 + 4L * p));
                c50 = x5.fma(b0, c50);
                c51 = x5.fma(b1, c51);
                c52 = x5.fma(b2, c52);
                c53 = x5.fma(b3, c53);
                b += 4 * V;
            }
            rows += tapStep;
        }
        c00.intoMemorySegment(ALL, c, LE);
        c01.intoMemorySegment(ALL, c + V, LE);
        c02.intoMemorySegment(ALL, c + 2 * V, LE);
        c03.intoMemorySegment(ALL, c + 3 * V, LE);
        c10.intoMemorySegment(ALL, c + 4 * V, LE);
        c11.intoMemorySegment(ALL, c + 5 * V, LE);
        c12.intoMemorySegment(ALL, c + 6 * V, LE);
        c13.intoMemorySegment(ALL, c + 7 * V, LE);
        c20.intoMemorySegment(ALL, c + 8 * V, LE);
        c21.intoMemorySegment(ALL, c + 9 * V, LE);
        c22.intoMemorySegment(ALL, c + 10 * V, LE);
        c23.intoMemorySegment(ALL, c + 11 * V, LE);
        c30.intoMemorySegment(ALL, c + 12 * V, LE);
        c31.intoMemorySegment(ALL, c + 13 * V, LE);
        c32.intoMemorySegment(ALL, c + 14 * V, LE);
        c33.intoMemorySegment(ALL, c + 15 * V, LE);
        c40.intoMemorySegment(ALL, c + 16 * V, LE);
        c41.intoMemorySegment(ALL, c + 17 * V, LE);
        c42.intoMemorySegment(ALL, c + 18 * V, LE);
        c43.intoMemorySegment(ALL, c + 19 * V, LE);
        c50.intoMemorySegment(ALL, c + 20 * V, LE);
        c51.intoMemorySegment(ALL, c + 21 * V, LE);
        c52.intoMemorySegment(ALL, c + 22 * V, LE);
        c53.intoMemorySegment(ALL, c + 23 * V, LE);
    }
}
