package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import jdk.incubator.vector.FloatVector;

/// Twelve rows by one vector, for panels of one vector: as many sums as the latency of an addition needs. Flat, as
/// [MicroKernel6x4].
final class MicroKernel12x1 {
    private static final int V = Simd.LANES * Float.BYTES;

    private MicroKernel12x1() { }

    /// See [Products#panel] for the arguments.
    static void run(long rows, long tapStep, int taps, long offset, int k, long b, long start, long startStride,
                    long c) {
        FloatVector c00 = FloatVector.fromMemorySegment(SPECIES, ALL, start, LE);
        FloatVector c10 = FloatVector.fromMemorySegment(SPECIES, ALL, start + startStride, LE);
        FloatVector c20 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 2 * startStride, LE);
        FloatVector c30 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 3 * startStride, LE);
        FloatVector c40 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 4 * startStride, LE);
        FloatVector c50 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 5 * startStride, LE);
        FloatVector c60 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 6 * startStride, LE);
        FloatVector c70 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 7 * startStride, LE);
        FloatVector c80 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 8 * startStride, LE);
        FloatVector c90 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 9 * startStride, LE);
        FloatVector c100 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 10 * startStride, LE);
        FloatVector c110 = FloatVector.fromMemorySegment(SPECIES, ALL, start + 11 * startStride, LE);
        for (int t = 0; t < taps; t++) {
            long a0 = ALL.get(JAVA_LONG_UNALIGNED, rows) + offset;
            long a1 = ALL.get(JAVA_LONG_UNALIGNED, rows + 8) + offset;
            long a2 = ALL.get(JAVA_LONG_UNALIGNED, rows + 16) + offset;
            long a3 = ALL.get(JAVA_LONG_UNALIGNED, rows + 24) + offset;
            long a4 = ALL.get(JAVA_LONG_UNALIGNED, rows + 32) + offset;
            long a5 = ALL.get(JAVA_LONG_UNALIGNED, rows + 40) + offset;
            long a6 = ALL.get(JAVA_LONG_UNALIGNED, rows + 48) + offset;
            long a7 = ALL.get(JAVA_LONG_UNALIGNED, rows + 56) + offset;
            long a8 = ALL.get(JAVA_LONG_UNALIGNED, rows + 64) + offset;
            long a9 = ALL.get(JAVA_LONG_UNALIGNED, rows + 72) + offset;
            long a10 = ALL.get(JAVA_LONG_UNALIGNED, rows + 80) + offset;
            long a11 = ALL.get(JAVA_LONG_UNALIGNED, rows + 88) + offset;
            for (int p = 0; p < k; p++) {
                FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, ALL, b, LE);
                FloatVector x0 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a0 + 4L * p));
                c00 = x0.fma(b0, c00);
                FloatVector x1 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a1 + 4L * p));
                c10 = x1.fma(b0, c10);
                FloatVector x2 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a2 + 4L * p));
                c20 = x2.fma(b0, c20);
                FloatVector x3 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a3 + 4L * p));
                c30 = x3.fma(b0, c30);
                FloatVector x4 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a4 + 4L * p));
                c40 = x4.fma(b0, c40);
                FloatVector x5 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a5 + 4L * p));
                c50 = x5.fma(b0, c50);
                FloatVector x6 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a6 + 4L * p));
                c60 = x6.fma(b0, c60);
                FloatVector x7 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a7 + 4L * p));
                c70 = x7.fma(b0, c70);
                FloatVector x8 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a8 + 4L * p));
                c80 = x8.fma(b0, c80);
                FloatVector x9 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a9 + 4L * p));
                c90 = x9.fma(b0, c90);
                FloatVector x10 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a10 + 4L * p));
                c100 = x10.fma(b0, c100);
                FloatVector x11 = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT_UNALIGNED, a11 + 4L * p));
                c110 = x11.fma(b0, c110);
                b += V;
            }
            rows += tapStep;
        }
        c00.intoMemorySegment(ALL, c, LE);
        c10.intoMemorySegment(ALL, c + V, LE);
        c20.intoMemorySegment(ALL, c + 2 * V, LE);
        c30.intoMemorySegment(ALL, c + 3 * V, LE);
        c40.intoMemorySegment(ALL, c + 4 * V, LE);
        c50.intoMemorySegment(ALL, c + 5 * V, LE);
        c60.intoMemorySegment(ALL, c + 6 * V, LE);
        c70.intoMemorySegment(ALL, c + 7 * V, LE);
        c80.intoMemorySegment(ALL, c + 8 * V, LE);
        c90.intoMemorySegment(ALL, c + 9 * V, LE);
        c100.intoMemorySegment(ALL, c + 10 * V, LE);
        c110.intoMemorySegment(ALL, c + 11 * V, LE);
    }
}
