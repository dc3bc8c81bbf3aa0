package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// Transposes matrices in squares of as many rows as a vector has lanes (Eklundh, "A fast computer method for matrix
/// transposing", 1972): a pass swaps one bit of the row number with the same bit of the lane number.
final class Transposition {
    static {
        CompilerDirectives.install();
    }

    private static final VectorSpecies<Float> F = Simd.SPECIES;
    private static final ByteOrder ORDER = Simd.LE;
    private static final int LANES = Simd.LANES;
    /// Bytes of a vector.
    private static final long V = 4L * LANES;
    private static final VectorShuffle<Float> SWAP1 = swap(1);
    private static final VectorShuffle<Float> SWAP2 = swap(2);
    private static final VectorShuffle<Float> SWAP4 = swap(4);
    private static final VectorShuffle<Float> SWAP8 = swap(8);
    private static final VectorMask<Float> ODD1 = odd(1);
    private static final VectorMask<Float> ODD2 = odd(2);
    private static final VectorMask<Float> ODD4 = odd(4);
    private static final VectorMask<Float> ODD8 = odd(8);

    private Transposition() { }

    /// `y[c][i] = x[i][c]`.
    ///
    /// @param x `[rows][columns]`, `xStride` bytes from row to row
    /// @param rows a multiple of the lanes of a vector
    /// @param columns likewise
    /// @param y `[columns][rows]`, `yStride` bytes from row to row
    /// @param square scratch for a square
    static void transpose(long x, long xStride, int rows, int columns, long y, long yStride, long square) {
        for (int i = 0; i < rows; i += LANES) {
            for (int c = 0; c < columns; c += LANES) {
                long from = x + i * xStride + 4L * c;
                long to = y + c * yStride + 4L * i;
                if (LANES == 4) {
                    exchange4(from, xStride, to, yStride, 1, SWAP1, ODD1, SWAP2, ODD2);
                } else {
                    exchange4(from, xStride, square, V, 1, SWAP1, ODD1, SWAP2, ODD2);
                    if (LANES == 8) {
                        exchange2(square, to, yStride);
                    } else {
                        exchange4(square, V, to, yStride, 4, SWAP4, ODD4, SWAP8, ODD8);
                    }
                }
            }
        }
    }

    /// Two passes over a square, of `distance` (1 or 4) and twice that; always inlined, so that shuffles are constants.
    private static void exchange4(long x, long xStride, long y, long yStride, int distance,
                                  VectorShuffle<Float> swap1, VectorMask<Float> odd1, VectorShuffle<Float> swap2,
                                  VectorMask<Float> odd2) {
        for (int i = 0; i < LANES / 4; i++) {
            int row = distance == 1 ? 4 * i : i;
            long from = x + row * xStride;
            FloatVector a = FloatVector.fromMemorySegment(F, ALL, from, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(F, ALL, from + distance * xStride, ORDER);
            FloatVector c = FloatVector.fromMemorySegment(F, ALL, from + 2 * distance * xStride, ORDER);
            FloatVector d = FloatVector.fromMemorySegment(F, ALL, from + 3 * distance * xStride, ORDER);
            FloatVector a1 = a.blend(b.rearrange(swap1), odd1);
            FloatVector b1 = a.rearrange(swap1).blend(b, odd1);
            FloatVector c1 = c.blend(d.rearrange(swap1), odd1);
            FloatVector d1 = c.rearrange(swap1).blend(d, odd1);
            long to = y + row * yStride;
            a1.blend(c1.rearrange(swap2), odd2).intoMemorySegment(ALL, to, ORDER);
            b1.blend(d1.rearrange(swap2), odd2).intoMemorySegment(ALL, to + distance * yStride, ORDER);
            a1.rearrange(swap2).blend(c1, odd2).intoMemorySegment(ALL, to + 2 * distance * yStride, ORDER);
            b1.rearrange(swap2).blend(d1, odd2).intoMemorySegment(ALL, to + 3 * distance * yStride, ORDER);
        }
    }

    /// The last pass over a square of eight rows.
    private static void exchange2(long square, long y, long yStride) {
        for (int i = 0; i < 4; i++) {
            FloatVector a = FloatVector.fromMemorySegment(F, ALL, square + i * V, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(F, ALL, square + (i + 4) * V, ORDER);
            a.blend(b.rearrange(SWAP4), ODD4).intoMemorySegment(ALL, y + i * yStride, ORDER);
            a.rearrange(SWAP4).blend(b, ODD4).intoMemorySegment(ALL, y + (i + 4) * yStride, ORDER);
        }
    }

    /// Swaps lanes whose numbers differ in one bit; nothing if vectors do not have that many lanes.
    private static VectorShuffle<Float> swap(int bit) {
        return VectorShuffle.fromOp(F, lane -> lane ^ (bit & LANES - 1));
    }

    /// Lanes in whose number a bit is set.
    private static VectorMask<Float> odd(int bit) {
        long lanes = 0;
        for (int lane = 0; lane < LANES; lane++) {
            lanes |= (lane & bit) != 0 ? 1L << lane : 0;
        }
        return VectorMask.fromLong(F, lanes);
    }
}
