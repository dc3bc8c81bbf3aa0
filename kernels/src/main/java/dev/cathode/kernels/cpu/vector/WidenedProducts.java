package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.INTS;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import dev.cathode.kernels.cpu.WeightStorage;
import jdk.incubator.vector.IntVector;

/// [RoundedProducts] for processors that cannot multiply bfloat16: a bfloat16 number is the upper half of a float, so
/// float32 products of rounded numbers mean the same. They save memory, not time.
///
/// @param products of float32 numbers
record WidenedProducts(Products products) implements RoundedProducts {
    static {
        CompilerDirectives.install();
    }

    private static final long V = 4L * LANES;

    @Override
    public String description() {
        return "bfloat16 numbers widened to float32";
    }

    @Override
    public int bytes() {
        return Float.BYTES;
    }

    @Override
    public void round(long from, long fromStep, int rows, int k, long to, long toStep) {
        int written = (k + ROW_MULTIPLE - 1) / ROW_MULTIPLE * ROW_MULTIPLE;
        for (int row = 0; row < rows; row++) {
            round(from + row * fromStep, k, to + row * toStep, written);
        }
    }

    private static void round(long from, int k, long to, int written) {
        int i = 0;
        for (; i <= k - LANES; i += LANES) {
            rounded(IntVector.fromMemorySegment(INTS, ALL, from + i * 4L, LE)).intoMemorySegment(ALL, to + i * 4L, LE);
        }
        for (; i < written; i++) {
            ALL.set(JAVA_INT_UNALIGNED, to + i * 4L, i < k ? rounded(ALL.get(JAVA_INT_UNALIGNED, from + i * 4L)) : 0);
        }
    }

    /// The bits of floats rounded to bfloat16, in place; NaN stays NaN.
    static IntVector rounded(IntVector u) {
        IntVector nearest = u.add(0x7fff).add(u.lanewise(LSHR, 16).and(1));
        return nearest.blend(u.or(0x400000), u.and(0x7fffffff).compare(GT, 0x7f800000)).and(0xffff0000);
    }

    /// The same of one.
    private static int rounded(int u) {
        int nearest = (u & 0x7fffffff) > 0x7f800000 ? u | 0x400000 : u + 0x7fff + (u >>> 16 & 1);
        return nearest & 0xffff0000;
    }

    @Override
    public void pair(long from, long fromStep, int rows, int columns, long to, long toStep) {
        for (int row = 0; row < rows; row += 2) {
            boolean last = row + 1 == rows;
            for (long i = 0; i < 4L * columns; i += V) {
                IntVector pair = rounded(IntVector.fromMemorySegment(INTS, ALL, from + i, LE)).lanewise(LSHR, 16);
                if (!last) {
                    pair = pair.or(rounded(IntVector.fromMemorySegment(INTS, ALL, from + fromStep + i, LE)));
                }
                pair.intoMemorySegment(ALL, to + i, LE);
            }
            from += 2 * fromStep;
            to += toStep;
        }
    }

    @Override
    public long scratchBytes(int pairs) {
        return 2L * pairs * MicroKernel.COLUMNS * Float.BYTES;
    }

    @Override
    public void panel(int vectors, long table, long tapStep, int taps, int pairs, long b, long zeros, long c, int rows,
                      long scratch) {
        widen(b, scratch, taps * pairs, vectors * V);
        products.panel(WeightStorage.F32, vectors, table, tapStep, taps, 0, 2 * pairs, scratch, zeros, c, rows);
    }

    @Override
    public void panel(int vectors, long table, long tapStep, int taps, int pairs, long b, long zeros, long sums,
                      int rows, long scratch, Ending ending, Ahead ahead) {
        widen(b, scratch, taps * pairs, vectors * V);
        products.panel(WeightStorage.F32, vectors, table, tapStep, taps, 0, 2 * pairs, scratch, zeros, sums, rows,
                ending, ahead);
    }

    /// A row of pairs becomes two rows of floats.
    private static void widen(long from, long to, int pairs, long rowBytes) {
        for (int p = 0; p < pairs; p++) {
            for (long i = 0; i < rowBytes; i += V) {
                IntVector pair = IntVector.fromMemorySegment(INTS, ALL, from + i, LE);
                pair.lanewise(LSHL, 16).intoMemorySegment(ALL, to + i, LE);
                pair.and(0xffff0000).intoMemorySegment(ALL, to + rowBytes + i, LE);
            }
            from += rowBytes;
            to += 2 * rowBytes;
        }
    }

    @Override
    public double spin(int repeats) {
        return PeakRate.spin(repeats);
    }
}
