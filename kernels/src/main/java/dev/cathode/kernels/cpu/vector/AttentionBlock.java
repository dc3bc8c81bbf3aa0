package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.VectorAttention.QUERIES;
import static dev.cathode.kernels.cpu.vector.VectorAttention.ROW;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/// The softmax of [VectorAttention] over one block, and the way into and out of it: rows of [VectorAttention#QUERIES]
/// floats, one per key or channel, whose lanes are queries.
///
/// Two manners keep vectors in registers. No helper methods: past a size the compiler stops inlining all but the
/// library's own. And a variable that a loop changes is an argument, never the receiver: its class is not known.
final class AttentionBlock {
    static {
        CompilerDirectives.install();
    }

    private static final VectorSpecies<Float> F = Simd.SPECIES;
    private static final ByteOrder ORDER = Simd.LE;
    private static final int LANES = Simd.LANES;
    private static final float LOG2_E = 1.442695040888963f;
    /// 1.5 · 2^23: adding it rounds to an integer, which then sits in the low bits of the sum.
    private static final float ROUND = 0x1.8p23f;

    private AttentionBlock() { }

    /// Zero results, no maximum, zero sums.
    static void start(long output, int rows, long state) {
        for (int i = 0; i < rows * QUERIES; i += LANES) {
            FloatVector.zero(F).intoMemorySegment(ALL, output + 4L * i, ORDER);
        }
        for (int i = 0; i < QUERIES; i += LANES) {
            // finite, so that a difference of two maxima is never infinity minus infinity
            FloatVector.broadcast(F, -Float.MAX_VALUE).intoMemorySegment(ALL, state + 4L * i, ORDER);
            FloatVector.zero(F).intoMemorySegment(ALL, state + ROW + 4L * i, ORDER);
        }
    }

    /// Updates the maximum of each query by a block of scores and keeps the old one.
    ///
    /// @param state rows of: maximum, sum, correction, and sum of this block
    private static void raiseMaximum(long scores, int keys, long state, int queries) {
        for (int column = 0; column < queries; column += LANES) {
            long s = scores + 4L * column;
            FloatVector old = FloatVector.fromMemorySegment(F, ALL, state + 4L * column, ORDER);
            FloatVector max = old;
            FloatVector max1 = old;
            FloatVector max2 = old;
            FloatVector max3 = old;
            int k = 0;
            for (; k < keys - 3; k += 4) {
                long sk = s + (long) k * ROW;
                FloatVector x0 = FloatVector.fromMemorySegment(F, ALL, sk, ORDER);
                FloatVector x1 = FloatVector.fromMemorySegment(F, ALL, sk + ROW, ORDER);
                FloatVector x2 = FloatVector.fromMemorySegment(F, ALL, sk + 2 * ROW, ORDER);
                FloatVector x3 = FloatVector.fromMemorySegment(F, ALL, sk + 3 * ROW, ORDER);
                max = x0.blend(max, x0.compare(LE, max)); // cheaper than max(), which looks at NaN and -0
                max1 = x1.blend(max1, x1.compare(LE, max1));
                max2 = x2.blend(max2, x2.compare(LE, max2));
                max3 = x3.blend(max3, x3.compare(LE, max3));
            }
            for (; k < keys; k++) {
                FloatVector x = FloatVector.fromMemorySegment(F, ALL, s + (long) k * ROW, ORDER);
                max = x.blend(max, x.compare(LE, max));
            }
            FloatVector all = old.blend(max, old.compare(LT, max));
            all = all.blend(max1, all.compare(LT, max1));
            all = all.blend(max2, all.compare(LT, max2));
            all = all.blend(max3, all.compare(LT, max3));
            all.intoMemorySegment(ALL, state + 4L * column, ORDER);
            old.intoMemorySegment(ALL, state + 2 * ROW + 4L * column, ORDER);
        }
    }

    /// `x[r] = 2^(x[r] - max)` for rows x, and their sum.
    private static void exponentiate(long x, int rows, long max, long sum, int queries) {
        for (int column = 0; column < queries; column += LANES) {
            long xc = x + 4L * column;
            FloatVector m = FloatVector.fromMemorySegment(F, ALL, max + 4L * column, ORDER);
            FloatVector total = FloatVector.zero(F);
            for (int k = 0; k < rows; k++) {
                long xk = xc + (long) k * ROW;
                FloatVector d = FloatVector.fromMemorySegment(F, ALL, xk, ORDER).sub(m);
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
                y.intoMemorySegment(ALL, xk, ORDER);
                total = y.add(total);
            }
            total.intoMemorySegment(ALL, sum + 4L * column, ORDER);
        }
    }

    /// Turns scores into weights `2^(score - maximum)`; updates maximum and sum of each query, and leaves the
    /// correction: the factor that makes earlier weights relative to the new maximum.
    ///
    /// @param state rows of: maximum, sum, correction, and sum of this block
    static void weigh(long scores, int keys, long state, int queries) {
        raiseMaximum(scores, keys, state, queries);
        exponentiate(state + 2 * ROW, 1, state, state + 3 * ROW, queries); // old maximum to correction
        exponentiate(scores, keys, state, state + 3 * ROW, queries);
        for (int i = 0; i < queries; i += LANES) {
            FloatVector correction = FloatVector.fromMemorySegment(F, ALL, state + 2 * ROW + 4L * i, ORDER);
            FloatVector added = FloatVector.fromMemorySegment(F, ALL, state + 3 * ROW + 4L * i, ORDER);
            FloatVector sum = FloatVector.fromMemorySegment(F, ALL, state + ROW + 4L * i, ORDER);
            sum.fma(correction, added).intoMemorySegment(ALL, state + ROW + 4L * i, ORDER);
        }
    }

    /// Adds a number per key, given in natural units. Nothing falls below the most negative finite float: a query with
    /// all keys hidden weighs them equally, as it does in PyTorch.
    static void addMask(long scores, int keys, long mask) {
        for (int k = 0; k < keys; k++) {
            float shift = Math.max(ALL.get(JAVA_FLOAT_UNALIGNED, mask + 4L * k) * LOG2_E, -Float.MAX_VALUE);
            for (int i = 0; i < QUERIES; i += LANES) {
                long address = scores + (long) k * ROW + 4L * i;
                FloatVector.fromMemorySegment(F, ALL, address, ORDER).add(shift).intoMemorySegment(ALL, address, ORDER);
            }
        }
    }

    /// Hides from query i of the block the keys behind i, where the first key of the block stands `offset` positions
    /// behind the first query.
    static void hideFuture(long scores, int keys, int offset) {
        FloatVector lane = FloatVector.zero(F).addIndex(1);
        for (int k = Math.max(0, 1 - offset); k < keys; k++) {
            for (int i = 0; i < QUERIES; i += LANES) {
                long address = scores + (long) k * ROW + 4L * i;
                VectorMask<Float> hidden = lane.compare(LT, (float) (k + offset - i));
                FloatVector.fromMemorySegment(F, ALL, address, ORDER).blend(Float.NEGATIVE_INFINITY, hidden)
                        .intoMemorySegment(ALL, address, ORDER);
            }
        }
    }

    /// `q[c][i] = factor · x[i][c]`, with zeros for the queries that are missing.
    static void transposeIn(long x, long stride, int queries, int depth, float factor, long q) {
        for (int i = 0; i < QUERIES; i++) {
            if (i < queries) {
                for (int c = 0; c < depth; c++) {
                    ALL.set(JAVA_FLOAT_UNALIGNED, q + (long) c * ROW + 4L * i,
                            factor * ALL.get(JAVA_FLOAT_UNALIGNED, x + i * stride + 4L * c));
                }
            } else {
                for (int c = 0; c < depth; c++) {
                    ALL.set(JAVA_FLOAT_UNALIGNED, q + (long) c * ROW + 4L * i, 0f);
                }
            }
        }
    }

    /// `y[i][c] = output[c][i] / sum[i]`.
    static void transposeOut(long output, int depth, long sum, int queries, long y, long stride) {
        for (int i = 0; i < queries; i++) {
            float factor = 1 / ALL.get(JAVA_FLOAT_UNALIGNED, sum + 4L * i);
            for (int c = 0; c < depth; c++) {
                ALL.set(JAVA_FLOAT_UNALIGNED, y + i * stride + 4L * c,
                        factor * ALL.get(JAVA_FLOAT_UNALIGNED, output + (long) c * ROW + 4L * i));
            }
        }
    }
}
