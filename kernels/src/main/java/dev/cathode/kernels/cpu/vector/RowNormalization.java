package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static jdk.incubator.vector.VectorOperators.MAX;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Loops over one row. Lanes are added up through an array, because the order of `reduceLanes` is
/// not defined and a result must not depend on when the compiler came by.
final class RowNormalization {
    static {
        CompilerDirectives.install();
    }

    private RowNormalization() { }

    /// The sum of a row.
    ///
    /// @param lanes scratch, one vector
    static double sum(long x, int count, float[] lanes) {
        lanesOfSum(x, count).intoArray(lanes, 0);
        return total(lanes);
    }

    /// The lanes of a row's sum.
    static void sum(long x, int count, long lanes) {
        lanesOfSum(x, count).intoMemorySegment(ALL, lanes, LE);
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
    static double squares(long x, float mean, int count, float[] lanes) {
        lanesOfSquares(x, mean, count).intoArray(lanes, 0);
        return total(lanes);
    }

    /// The lanes of that sum.
    static void squares(long x, float mean, int count, long lanes) {
        lanesOfSquares(x, mean, count).intoMemorySegment(ALL, lanes, LE);
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

    /// The sum of one vector in an array.
    static double total(float[] lanes) {
        return total(lanes, 0);
    }

    /// The sum of one vector from number `from` of an array.
    static double total(float[] lanes, int from) {
        double sum0 = 0;
        double sum1 = 0;
        double sum2 = 0;
        double sum3 = 0;
        for (int i = from; i < from + LANES; i += 4) {
            sum0 += lanes[i];
            sum1 += lanes[i + 1];
            sum2 += lanes[i + 2];
            sum3 += lanes[i + 3];
        }
        return sum0 + sum1 + (sum2 + sum3);
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

    /// The largest number of a row.
    static float max(long x, int count) {
        FloatVector max = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            max = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE).max(max);
        }
        if (i < count) {
            VectorMask<Float> rest = SPECIES.indexInRange(i, count);
            max = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE, rest)
                    .blend(Float.NEGATIVE_INFINITY, rest.not()).max(max);
        }
        return max.reduceLanes(MAX);
    }

    /// `y = exp(x - max)`.
    static void exponentials(long x, float max, long y, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            VectorMath.exp(FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE).sub(max))
                    .intoMemorySegment(ALL, y + 4L * i, LE);
        }
        if (i < count) {
            exponentialsRest(x + 4L * i, max, y + 4L * i, SPECIES.indexInRange(i, count));
        }
    }

    private static void exponentialsRest(long x, float max, long y, VectorMask<Float> rest) {
        VectorMath.exp(FloatVector.fromMemorySegment(SPECIES, ALL, x, LE, rest).sub(max))
                .intoMemorySegment(ALL, y, LE, rest);
    }

    /// The sum of `exp(x - max)`.
    static double sumOfExponentials(long x, float max, int count, float[] lanes) {
        FloatVector sum = FloatVector.zero(SPECIES);
        for (int i = 0; i < count; i += LANES) {
            VectorMask<Float> rest = SPECIES.indexInRange(i, count);
            FloatVector e = VectorMath.exp(FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE, rest).sub(max));
            sum = e.blend(0, rest.not()).add(sum);
        }
        sum.intoArray(lanes, 0);
        return total(lanes);
    }

    /// `y = x - a - b`.
    static void subtract(long x, float a, float b, long y, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE).sub(a).sub(b)
                    .intoMemorySegment(ALL, y + 4L * i, LE);
        }
        if (i < count) {
            VectorMask<Float> rest = SPECIES.indexInRange(i, count);
            FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE, rest).sub(a).sub(b)
                    .intoMemorySegment(ALL, y + 4L * i, LE, rest);
        }
    }
}
