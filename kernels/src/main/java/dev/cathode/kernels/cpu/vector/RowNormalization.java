package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Loops over one row.
final class RowNormalization {
    static {
        CompilerDirectives.install();
    }

    private RowNormalization() { }

    /// The sum of a row.
    static double sum(long x, int count, LaneTotal total) {
        lanesOfSum(x, count).intoArray(total.lanes, 0);
        return total.get();
    }

    private static FloatVector lanesOfSum(long x, int count) {
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= count - 2 * LANES; i += 2 * LANES) {
            sum0 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE).add(sum0);
            sum1 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * (i + LANES), LE).add(sum1);
        }
        for (; i < count; i += LANES) {
            VectorMask<Float> rest = SPECIES.indexInRange(i, count);
            sum0 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE, rest).add(sum0);
        }
        return FloatVector.zero(SPECIES).add(sum0).add(sum1);
    }

    /// The sum of the squared differences from `mean`.
    static double squares(long x, float mean, int count, LaneTotal total) {
        lanesOfSquares(x, mean, count).intoArray(total.lanes, 0);
        return total.get();
    }

    private static FloatVector lanesOfSquares(long x, float mean, int count) {
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= count - 2 * LANES; i += 2 * LANES) {
            FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE).sub(mean);
            FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * (i + LANES), LE).sub(mean);
            sum0 = d0.fma(d0, sum0);
            sum1 = d1.fma(d1, sum1);
        }
        for (; i < count; i += LANES) {
            VectorMask<Float> rest = SPECIES.indexInRange(i, count);
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE, rest).sub(mean)
                    .blend(0, rest.not());
            sum0 = d.fma(d, sum0);
        }
        return FloatVector.zero(SPECIES).add(sum0).add(sum1);
    }

    /// `y = (x - mean) · factor · weight + bias`.
    static void normalize(long x, float mean, float factor, long weight, long bias, long y, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector w = FloatVector.fromMemorySegment(SPECIES, ALL, weight + 4L * i, LE);
            FloatVector b = FloatVector.fromMemorySegment(SPECIES, ALL, bias + 4L * i, LE);
            FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE).sub(mean).mul(factor).fma(w, b)
                    .intoMemorySegment(ALL, y + 4L * i, LE);
        }
        if (i < count) {
            VectorMask<Float> rest = SPECIES.indexInRange(i, count);
            FloatVector w = FloatVector.fromMemorySegment(SPECIES, ALL, weight + 4L * i, LE, rest);
            FloatVector b = FloatVector.fromMemorySegment(SPECIES, ALL, bias + 4L * i, LE, rest);
            FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE, rest).sub(mean).mul(factor).fma(w, b)
                    .intoMemorySegment(ALL, y + 4L * i, LE, rest);
        }
    }
}
