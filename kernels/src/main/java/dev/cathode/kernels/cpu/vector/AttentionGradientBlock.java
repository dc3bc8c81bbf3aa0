package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/// What [VectorAttentionGradient] does between its products, on blocks `[queries][KEYS]` whose lanes are keys, and the
/// way into and out of them.
///
/// The state of a query is three numbers, in rows of [#QUERIES]: the maximum of its scores, the inverse of the sum of
/// its weights, and the sum of dy ∘ y. Sums across lanes are taken in a fixed order, which `reduceLanes` does not
/// promise. For the manners of these loops see [AttentionBlock].
final class AttentionGradientBlock {
    static {
        CompilerDirectives.install();
    }

    /// Queries of a block.
    static final int QUERIES = 64;
    /// Keys of a block.
    static final int KEYS = 64;
    /// Bytes of a row of a block.
    static final long ROW = 4L * KEYS;

    private static final VectorSpecies<Float> F = Simd.SPECIES;
    private static final ByteOrder ORDER = Simd.LE;
    private static final int LANES = Simd.LANES;
    /// Bytes of a vector.
    private static final long V = 4L * LANES;
    /// Bytes of a row of the state.
    static final long STATE = 4L * QUERIES;
    private static final float LOG2_E = 1.442695040888963f;
    /// 1.5 · 2^23: adding it rounds to an integer, which then sits in the low bits of the sum.
    private static final float ROUND = 0x1.8p23f;

    private AttentionGradientBlock() { }

    /// Zeros; `bytes` is a multiple of 64.
    static void clear(long x, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            FloatVector.zero(F).intoMemorySegment(ALL, x + i, ORDER);
        }
    }

    /// `y[i][c] = x[i][c]` for `rows` rows and all columns up to the stride of y, with zeros for what x does not have.
    ///
    /// The last vector of a row overlaps the one before: a masked load that misses the cache holds up those behind it,
    /// which made this loop three times as slow.
    static void copyIn(long x, long stride, int count, int rows, int depth, long y, long yStride) {
        int last = depth - LANES;
        VectorMask<Float> few = F.indexInRange(0, depth);
        for (int i = 0; i < count; i++) {
            long from = x + i * stride;
            long to = y + i * yStride;
            for (long c = 4L * Math.max(0, last); c < yStride; c += V) {
                FloatVector.zero(F).intoMemorySegment(ALL, to + Math.min(c, yStride - V), ORDER);
            }
            for (int c = 0; c < last; c += LANES) {
                FloatVector.fromMemorySegment(F, ALL, from + 4L * c, ORDER).intoMemorySegment(ALL, to + 4L * c, ORDER);
            }
            if (last >= 0) {
                FloatVector.fromMemorySegment(F, ALL, from + 4L * last, ORDER)
                        .intoMemorySegment(ALL, to + 4L * last, ORDER);
            } else {
                FloatVector.fromMemorySegment(F, ALL, from, ORDER, few).intoMemorySegment(ALL, to, ORDER);
            }
        }
        clear(y + count * yStride, (rows - count) * yStride);
    }

    /// `y[i][c]`: the sum of `x[part][i][c]` over the parts, in their order. The last vector overlaps, as in [#copyIn].
    static void copyOut(long x, long stride, int parts, long partBytes, int rows, int depth, long y, long yStride) {
        int last = depth - LANES;
        VectorMask<Float> few = F.indexInRange(0, depth);
        for (int i = 0; i < rows; i++) {
            for (int c = 0; c < depth; c += LANES) {
                long at = 4L * Math.max(0, Math.min(c, last));
                long from = x + i * stride + at;
                FloatVector sum = FloatVector.fromMemorySegment(F, ALL, from, ORDER);
                for (int part = 1; part < parts; part++) {
                    sum = FloatVector.fromMemorySegment(F, ALL, from + part * partBytes, ORDER).add(sum);
                }
                if (last >= 0) {
                    FloatVector.zero(F).add(sum).intoMemorySegment(ALL, y + i * yStride + at, ORDER);
                } else {
                    FloatVector.zero(F).add(sum).intoMemorySegment(ALL, y + i * yStride + at, ORDER, few);
                }
            }
        }
    }

    /// What is added to the scores of each key, in units of ln 2: minus infinity for keys that do not exist. Nothing
    /// else falls below the most negative finite float: a query with all keys hidden weighs them alike, as in PyTorch.
    ///
    /// @param mask numbers in natural units, or 0 for none
    static void shifts(long mask, int keys, int padded, long shift) {
        for (int k = 0; k < padded; k++) {
            float x = k >= keys ? Float.NEGATIVE_INFINITY : mask == 0 ? 0
                    : Math.max(ALL.get(JAVA_FLOAT_UNALIGNED, mask + 4L * k) * LOG2_E, -Float.MAX_VALUE);
            ALL.set(JAVA_FLOAT_UNALIGNED, shift + 4L * k, x);
        }
    }

    /// The sum of dy ∘ y for each query.
    static void dots(long y, long stride, long dy, long dyStride, int queries, int depth, long lanes, long state) {
        int last = depth - LANES;
        VectorMask<Float> few = F.indexInRange(0, depth);
        // of the last vector, which overlaps as in copyIn, the lanes that the one before does not have
        VectorMask<Float> fresh = F.indexInRange(0, LANES - 1 - (depth - 1) % LANES).not();
        for (int i = 0; i < queries; i++) {
            long from = y + i * stride;
            long by = dy + i * dyStride;
            FloatVector sum = FloatVector.zero(F);
            for (int c = 0; c < last; c += LANES) {
                sum = FloatVector.fromMemorySegment(F, ALL, from + 4L * c, ORDER)
                        .fma(FloatVector.fromMemorySegment(F, ALL, by + 4L * c, ORDER), sum);
            }
            if (last >= 0) {
                sum = FloatVector.zero(F).blend(FloatVector.fromMemorySegment(F, ALL, from + 4L * last, ORDER), fresh)
                        .fma(FloatVector.fromMemorySegment(F, ALL, by + 4L * last, ORDER), sum);
            } else {
                sum = FloatVector.fromMemorySegment(F, ALL, from, ORDER, few)
                        .fma(FloatVector.fromMemorySegment(F, ALL, by, ORDER), sum);
            }
            FloatVector.zero(F).add(sum).intoMemorySegment(ALL, lanes + i * V, ORDER);
        }
        addLanes(lanes, queries);
        for (int i = 0; i < queries; i++) {
            ALL.set(JAVA_FLOAT_UNALIGNED, state + 2 * STATE + 4L * i, ALL.get(JAVA_FLOAT_UNALIGNED, lanes + i * V));
        }
    }

    /// Adds up the lanes of each row, by halves, into its first number. What is behind the last row is read, not used.
    private static void addLanes(long lanes, int rows) {
        for (long half = V / 2; half >= 4; half /= 2) {
            for (int i = 0; i < rows; i++) {
                long row = lanes + i * V;
                FloatVector.fromMemorySegment(F, ALL, row, ORDER)
                        .add(FloatVector.fromMemorySegment(F, ALL, row + half, ORDER))
                        .intoMemorySegment(ALL, row, ORDER);
            }
        }
    }

    /// No maximum yet.
    static void startMaxima(long lanes, int queries) {
        for (int i = 0; i < queries; i++) {
            // finite, so that a difference of two maxima is never infinity minus infinity
            FloatVector.broadcast(F, -Float.MAX_VALUE).intoMemorySegment(ALL, lanes + i * V, ORDER);
        }
    }

    /// `x = x · factor + shift`, and the maxima lane by lane.
    static void shift(long x, int queries, int columns, float factor, long shift, long lanes) {
        FloatVector factors = FloatVector.broadcast(F, factor);
        for (int j = 0; j < columns; j += LANES) {
            FloatVector term = FloatVector.fromMemorySegment(F, ALL, shift + 4L * j, ORDER);
            for (int i = 0; i < queries; i++) {
                long at = x + i * ROW + 4L * j;
                FloatVector s = FloatVector.fromMemorySegment(F, ALL, at, ORDER).fma(factors, term);
                s.intoMemorySegment(ALL, at, ORDER);
                FloatVector max = FloatVector.fromMemorySegment(F, ALL, lanes + i * V, ORDER);
                s.blend(max, s.compare(LT, max)) // cheaper than max(), which looks at NaN and -0
                        .intoMemorySegment(ALL, lanes + i * V, ORDER);
            }
        }
    }

    /// As [#shift], where query i sees keys of the block up to i + offset.
    static void shiftVisible(long x, int queries, int columns, float factor, long shift, int offset, long lanes) {
        FloatVector factors = FloatVector.broadcast(F, factor);
        for (int j = 0; j < columns; j += LANES) {
            FloatVector term = FloatVector.fromMemorySegment(F, ALL, shift + 4L * j, ORDER);
            FloatVector key = FloatVector.zero(F).addIndex(1).add(j - offset);
            for (int i = 0; i < queries; i++) {
                long at = x + i * ROW + 4L * j;
                FloatVector s = FloatVector.fromMemorySegment(F, ALL, at, ORDER).fma(factors, term)
                        .blend(Float.NEGATIVE_INFINITY, key.compare(GT, (float) i));
                s.intoMemorySegment(ALL, at, ORDER);
                FloatVector max = FloatVector.fromMemorySegment(F, ALL, lanes + i * V, ORDER);
                s.blend(max, s.compare(LT, max)).intoMemorySegment(ALL, lanes + i * V, ORDER);
            }
        }
    }

    /// The maximum of each query; clears the lanes for sums.
    static void finishMaxima(long lanes, int queries, long state) {
        for (int i = 0; i < queries; i++) {
            float max = FloatVector.fromMemorySegment(F, ALL, lanes + i * V, ORDER).reduceLanes(MAX);
            ALL.set(JAVA_FLOAT_UNALIGNED, state + 4L * i, max);
            FloatVector.zero(F).intoMemorySegment(ALL, lanes + i * V, ORDER);
        }
    }

    /// `x = 2^(x - maximum)`, and the sums lane by lane.
    static void exponentiate(long x, int queries, int columns, long maxima, long lanes) {
        for (int j = 0; j < columns; j += LANES) {
            for (int i = 0; i < queries; i++) {
                long at = x + i * ROW + 4L * j;
                FloatVector max = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, maxima + 4L * i));
                FloatVector d = FloatVector.fromMemorySegment(F, ALL, at, ORDER).sub(max);
                FloatVector rounded = d.add(ROUND);
                FloatVector r = d.sub(rounded.sub(ROUND));
                // minimax, relative error 1.9e-9 before rounding
                FloatVector p = FloatVector.broadcast(F, 1.5345812e-4f)
                        .fma(r, FloatVector.broadcast(F, 1.3399931e-3f))
                        .fma(r, FloatVector.broadcast(F, 9.618489e-3f))
                        .fma(r, FloatVector.broadcast(F, 5.550329e-2f))
                        .fma(r, FloatVector.broadcast(F, 0.24022647f))
                        .fma(r, FloatVector.broadcast(F, 0.6931472f))
                        .fma(r, FloatVector.broadcast(F, 1f));
                IntVector exponent = rounded.reinterpretAsInts().lanewise(LSHL, 23);
                FloatVector y = p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
                y = y.blend(0f, d.compare(LT, -125f));
                y.intoMemorySegment(ALL, at, ORDER);
                y.add(FloatVector.fromMemorySegment(F, ALL, lanes + i * V, ORDER))
                        .intoMemorySegment(ALL, lanes + i * V, ORDER);
            }
        }
    }

    /// The inverse of the sum of each query.
    static void finishSums(long lanes, int queries, long state) {
        addLanes(lanes, queries);
        for (int i = 0; i < queries; i++) {
            ALL.set(JAVA_FLOAT_UNALIGNED, state + STATE + 4L * i, 1 / ALL.get(JAVA_FLOAT_UNALIGNED, lanes + i * V));
        }
    }

    /// Turns weights into probabilities p, and gradients of probabilities ds into gradients of unscaled scores.
    static void differentiate(long p, long ds, int queries, int columns, long inverses, long dots, float scale) {
        for (int j = 0; j < columns; j += LANES) {
            for (int i = 0; i < queries; i++) {
                long at = i * ROW + 4L * j;
                FloatVector inverse = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, inverses + 4L * i));
                FloatVector dot = FloatVector.broadcast(F, ALL.get(JAVA_FLOAT_UNALIGNED, dots + 4L * i));
                FloatVector y = FloatVector.fromMemorySegment(F, ALL, p + at, ORDER).mul(inverse);
                y.intoMemorySegment(ALL, p + at, ORDER);
                FloatVector.fromMemorySegment(F, ALL, ds + at, ORDER).sub(dot).mul(y).mul(scale)
                        .intoMemorySegment(ALL, ds + at, ORDER);
            }
        }
    }
}
