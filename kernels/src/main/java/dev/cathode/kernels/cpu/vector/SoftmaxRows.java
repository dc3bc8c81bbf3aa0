package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static jdk.incubator.vector.VectorOperators.GT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Softmax of a row, and its gradient. Lanes are compared through an array, upper half with lower half, since
/// `reduceLanes` knows no order; a comparison with NaN fails, so a row's largest number is never NaN.
final class SoftmaxRows {
    static {
        CompilerDirectives.install();
    }

    private SoftmaxRows() { }

    /// `y = exp(x - max)`, unless y is 0; their sum.
    static double exponentials(long x, float max, long y, int count, LaneTotal total) {
        FloatVector sum = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector e = VectorMath.expOfNegative(FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE)
                    .sub(max));
            if (y != 0) {
                e.intoMemorySegment(ALL, y + 4L * i, LE);
            }
            sum = e.add(sum);
        }
        sum.intoArray(total.lanes, 0);
        if (i < count) {
            long to = y == 0 ? 0 : y + 4L * i;
            lastExponentials(x + 4L * i, max, to, SPECIES.indexInRange(i, count), total.lanes);
        }
        return total.get();
    }

    private static void lastExponentials(long x, float max, long y, VectorMask<Float> rest, float[] lanes) {
        FloatVector e = VectorMath.expOfNegative(FloatVector.fromMemorySegment(SPECIES, ALL, x, LE, rest).sub(max));
        if (y != 0) {
            e.intoMemorySegment(ALL, y, LE, rest);
        }
        e.blend(0, rest.not()).add(FloatVector.fromArray(SPECIES, lanes, 0)).intoArray(lanes, 0);
    }

    /// The largest number of a row.
    ///
    /// @param lanes scratch, one vector
    static float max(long x, int count, float[] lanes) {
        FloatVector max = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE);
            max = max.blend(v, v.compare(GT, max));
        }
        if (i < count) {
            VectorMask<Float> rest = SPECIES.indexInRange(i, count);
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE, rest);
            max = max.blend(v, v.compare(GT, max).and(rest));
        }
        max.intoArray(lanes, 0);
        for (int half = LANES / 2; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) {
                lanes[lane] = lanes[lane + half] > lanes[lane] ? lanes[lane + half] : lanes[lane];
            }
        }
        return lanes[0];
    }

    /// `x = x · factor`.
    static void scale(long x, float factor, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE).mul(factor)
                    .intoMemorySegment(ALL, x + 4L * i, LE);
        }
        if (i < count) {
            VectorMask<Float> rest = SPECIES.indexInRange(i, count);
            FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE, rest).mul(factor)
                    .intoMemorySegment(ALL, x + 4L * i, LE, rest);
        }
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

    /// The dy where y is largest; 0 where no y is larger than 0.
    ///
    /// @param lanes scratch, two vectors
    static float gradientOfLargest(long y, long dy, int count, float[] lanes) {
        FloatVector best = FloatVector.zero(SPECIES);
        FloatVector gradient = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, ALL, y + 4L * i, LE);
            VectorMask<Float> larger = v.compare(GT, best);
            best = best.blend(v, larger);
            gradient = gradient.blend(FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * i, LE), larger);
        }
        if (i < count) {
            VectorMask<Float> rest = SPECIES.indexInRange(i, count);
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, ALL, y + 4L * i, LE, rest);
            VectorMask<Float> larger = v.compare(GT, best);
            best = best.blend(v, larger);
            gradient = gradient.blend(FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * i, LE, rest), larger);
        }
        best.intoArray(lanes, 0);
        gradient.intoArray(lanes, LANES);
        for (int half = LANES / 2; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) {
                if (lanes[lane + half] > lanes[lane]) {
                    lanes[lane] = lanes[lane + half];
                    lanes[LANES + lane] = lanes[LANES + lane + half];
                }
            }
        }
        return lanes[LANES];
    }

    /// The sum of `y · (dy - shift)`.
    static double dot(long y, long dy, float shift, int count, LaneTotal total) {
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= count - 2 * LANES; i += 2 * LANES) {
            sum0 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * i, LE).sub(shift)
                    .fma(FloatVector.fromMemorySegment(SPECIES, ALL, y + 4L * i, LE), sum0);
            sum1 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * (i + LANES), LE).sub(shift)
                    .fma(FloatVector.fromMemorySegment(SPECIES, ALL, y + 4L * (i + LANES), LE), sum1);
        }
        for (; i < count; i += LANES) {
            VectorMask<Float> rest = SPECIES.indexInRange(i, count);
            sum0 = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * i, LE, rest).sub(shift)
                    .fma(FloatVector.fromMemorySegment(SPECIES, ALL, y + 4L * i, LE, rest), sum0);
        }
        sum0.add(sum1).intoArray(total.lanes, 0);
        return total.get();
    }

    /// `dx = y · (dy - shift - sum)`.
    static void gradient(long y, long dy, float shift, float sum, long dx, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * i, LE).sub(shift).sub(sum)
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, y + 4L * i, LE))
                    .intoMemorySegment(ALL, dx + 4L * i, LE);
        }
        if (i < count) {
            VectorMask<Float> rest = SPECIES.indexInRange(i, count);
            FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * i, LE, rest).sub(shift).sub(sum)
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, y + 4L * i, LE, rest))
                    .intoMemorySegment(ALL, dx + 4L * i, LE, rest);
        }
    }

    /// `dx = dy + exp(y) · by`.
    static void logGradient(long y, long dy, float by, long dx, int count) {
        FloatVector factor = FloatVector.broadcast(SPECIES, by);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            VectorMath.exp(FloatVector.fromMemorySegment(SPECIES, ALL, y + 4L * i, LE))
                    .fma(factor, FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * i, LE))
                    .intoMemorySegment(ALL, dx + 4L * i, LE);
        }
        if (i < count) {
            lastLogGradient(y + 4L * i, dy + 4L * i, factor, dx + 4L * i, SPECIES.indexInRange(i, count));
        }
    }

    private static void lastLogGradient(long y, long dy, FloatVector factor, long dx, VectorMask<Float> rest) {
        VectorMath.exp(FloatVector.fromMemorySegment(SPECIES, ALL, y, LE, rest))
                .fma(factor, FloatVector.fromMemorySegment(SPECIES, ALL, dy, LE, rest))
                .intoMemorySegment(ALL, dx, LE, rest);
    }
}
