package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Loops over one row for the gradient of layer normalisation. Both methods that sum leave two sums in `totals`.
final class RowGradients {
    static {
        CompilerDirectives.install();
    }

    private RowGradients() { }

    /// The sum of the differences from `center`, and of their squares.
    static void moments(long x, float center, int count, LaneTotal total, double[] totals) {
        FloatVector middle = FloatVector.broadcast(SPECIES, center);
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = FloatVector.zero(SPECIES);
        FloatVector square0 = FloatVector.zero(SPECIES);
        FloatVector square1 = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= count - 2 * LANES; i += 2 * LANES) {
            FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE).sub(middle);
            FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * (i + LANES), LE).sub(middle);
            sum0 = d0.add(sum0);
            sum1 = d1.add(sum1);
            square0 = d0.fma(d0, square0);
            square1 = d1.fma(d1, square1);
        }
        for (; i < count; i += LANES) {
            VectorMask<Float> rest = SPECIES.indexInRange(i, count);
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE, rest).sub(middle)
                    .blend(0, rest.not());
            sum0 = d.add(sum0);
            square0 = d.fma(d, square0);
        }
        sum0.add(sum1).intoArray(total.lanes, 0);
        totals[0] = total.get();
        square0.add(square1).intoArray(total.lanes, 0);
        totals[1] = total.get();
    }

    /// The sum of `weight · dy`, and of `weight · dy · (x - center)`. Adds dy to `sums[i]`, and dy times the normalised
    /// x, `(x - center) · inverse + offset`, to `sums[count + i]`.
    static void sums(long x, long dy, long weight, float center, float inverse, float offset, int count, long sums,
                     LaneTotal total, double[] totals) {
        long products = sums + 4L * count;
        FloatVector middle = FloatVector.broadcast(SPECIES, center);
        FloatVector factor = FloatVector.broadcast(SPECIES, inverse);
        FloatVector shift = FloatVector.broadcast(SPECIES, offset);
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector product0 = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector g = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * i, LE);
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE).sub(middle);
            FloatVector weighted = g.mul(FloatVector.fromMemorySegment(SPECIES, ALL, weight + 4L * i, LE));
            sum0 = weighted.add(sum0);
            product0 = weighted.fma(d, product0);
            FloatVector.fromMemorySegment(SPECIES, ALL, sums + 4L * i, LE).add(g)
                    .intoMemorySegment(ALL, sums + 4L * i, LE);
            d.fma(factor, shift).fma(g, FloatVector.fromMemorySegment(SPECIES, ALL, products + 4L * i, LE))
                    .intoMemorySegment(ALL, products + 4L * i, LE);
        }
        if (i < count) {
            VectorMask<Float> rest = SPECIES.indexInRange(i, count);
            FloatVector g = FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * i, LE, rest);
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE, rest).sub(middle);
            FloatVector weighted = g.mul(FloatVector.fromMemorySegment(SPECIES, ALL, weight + 4L * i, LE, rest));
            sum0 = weighted.add(sum0);
            product0 = weighted.fma(d, product0);
            FloatVector.fromMemorySegment(SPECIES, ALL, sums + 4L * i, LE, rest).add(g)
                    .intoMemorySegment(ALL, sums + 4L * i, LE, rest);
            d.fma(factor, shift).fma(g, FloatVector.fromMemorySegment(SPECIES, ALL, products + 4L * i, LE, rest))
                    .intoMemorySegment(ALL, products + 4L * i, LE, rest);
        }
        sum0.intoArray(total.lanes, 0);
        totals[0] = total.get();
        product0.intoArray(total.lanes, 0);
        totals[1] = total.get();
    }

    /// `dx = dy · weight · inverse + (x - center) · slope + constant`.
    static void combine(long x, long dy, long weight, float center, float inverse, float slope, float constant, long dx,
                        int count) {
        FloatVector middle = FloatVector.broadcast(SPECIES, center);
        FloatVector factor = FloatVector.broadcast(SPECIES, inverse);
        FloatVector a = FloatVector.broadcast(SPECIES, slope);
        FloatVector b = FloatVector.broadcast(SPECIES, constant);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector projection = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE).sub(middle).fma(a, b);
            FloatVector.fromMemorySegment(SPECIES, ALL, weight + 4L * i, LE).mul(factor)
                    .fma(FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * i, LE), projection)
                    .intoMemorySegment(ALL, dx + 4L * i, LE);
        }
        if (i < count) {
            VectorMask<Float> rest = SPECIES.indexInRange(i, count);
            FloatVector projection = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * i, LE, rest).sub(middle)
                    .fma(a, b);
            FloatVector.fromMemorySegment(SPECIES, ALL, weight + 4L * i, LE, rest).mul(factor)
                    .fma(FloatVector.fromMemorySegment(SPECIES, ALL, dy + 4L * i, LE, rest), projection)
                    .intoMemorySegment(ALL, dx + 4L * i, LE, rest);
        }
    }
}
