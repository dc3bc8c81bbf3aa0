package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.DOUBLES;
import static dev.cathode.kernels.cpu.vector.Simd.HALF_FLOATS;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.Workers;
import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Sums over rows of `[rows, columns]` matrices, which is what a bias takes from the gradient of its layer.
///
/// Sums are float64; memory is read once, from front to back, eight rows at a time. Long matrices are cut into blocks of
/// rows, whose sums are added in their order. Short rows are taken several at a time as one long row, whose sum is
/// folded in the end.
///
/// @param together how many rows make one long row
/// @param width numbers of a long row
/// @param rows long rows of a matrix
/// @param rest numbers behind the last long row
/// @param blockRows long rows of one block
/// @param blocks blocks of a matrix, at least 1
record MiddleSum(int together, int width, int rows, int rest, int blockRows, int blocks) {
    static {
        CompilerDirectives.install();
    }

    private static final int ROWS = 8;
    private static final int SHORT = 256;
    private static final int BLOCK = 1 << 16;
    private static final int MOST_BLOCKS = 64;
    private static final int STRIP = 1024;
    private static final int HALF = LANES / 2;

    private static MiddleSum of(int middle, int inner) {
        int together = inner >= SHORT ? 1 : Math.clamp(Math.ceilDiv(SHORT, inner), 1, Math.max(1, middle));
        int width = together * inner;
        int rows = middle / together;
        int blockRows = Math.max(Math.ceilDiv(BLOCK, width), Math.ceilDiv(rows, MOST_BLOCKS));
        blockRows = Math.ceilDiv(blockRows, ROWS) * ROWS;
        return new MiddleSum(together, width, rows, middle % together * inner, blockRows,
                Math.max(1, Math.ceilDiv(rows, blockRows)));
    }

    /// `y[o][i] = Σ_m x[o][m][i]`.
    static void run(long x, long y, int outer, int middle, int inner, Workers workers) {
        MiddleSum plan = of(middle, inner);
        long matrix = 4L * middle * inner;
        if (plan.blocks == 1) {
            int matrices = Math.max(1, (int) (BLOCK / Math.max(1, (long) middle * inner))); // in one task
            workers.run(Math.ceilDiv(outer, matrices), (task, _) -> {
                double[][] sums = {new double[plan.width]};
                for (int o = task * matrices; o < Math.min(outer, (task + 1) * matrices); o++) {
                    plan.block(x + o * matrix, 0, sums[0]);
                    plan.store(sums, 0, inner, inner, y + 4L * o * inner);
                }
            });
            return;
        }
        double[][][] sums = new double[outer][plan.blocks][];
        workers.run(Math.multiplyExact(outer, plan.blocks), (task, _) -> {
            int o = task / plan.blocks;
            double[] part = new double[plan.width];
            plan.block(x + o * matrix, task % plan.blocks, part);
            sums[o][task % plan.blocks] = part;
        });
        int strips = Math.ceilDiv(inner, STRIP);
        workers.run(outer * strips, (task, _) -> {
            int o = task / strips;
            int from = task % strips * STRIP;
            plan.store(sums[o], from, Math.min(inner, from + STRIP), inner, y + 4L * o * inner);
        });
    }

    /// Sets `sums` to the sums of a block's columns.
    private void block(long matrix, int block, double[] sums) {
        Arrays.fill(sums, 0);
        long stride = 4L * width;
        int end = Math.min(rows, (block + 1) * blockRows);
        int row = block * blockRows;
        for (; row <= end - ROWS; row += ROWS) {
            addEight(matrix + row * stride, stride, sums);
        }
        for (; row < end; row++) {
            add(matrix + row * stride, width, sums);
        }
        if (end == rows) {
            add(matrix + end * stride, rest, sums);
        }
    }

    private static void addEight(long x, long stride, double[] sums) {
        int i = 0;
        for (; i <= sums.length - HALF; i += HALF) {
            long at = x + 4L * i;
            DoubleVector a = load(at).add(load(at + stride));
            DoubleVector b = load(at + 2 * stride).add(load(at + 3 * stride));
            DoubleVector c = load(at + 4 * stride).add(load(at + 5 * stride));
            DoubleVector d = load(at + 6 * stride).add(load(at + 7 * stride));
            DoubleVector.fromArray(DOUBLES, sums, i).add(a.add(b).add(c.add(d))).intoArray(sums, i);
        }
        for (; i < sums.length; i++) {
            for (int row = 0; row < ROWS; row++) {
                sums[i] += get(x + row * stride, i);
            }
        }
    }

    private static DoubleVector load(long x) {
        return (DoubleVector) FloatVector.fromMemorySegment(HALF_FLOATS, ALL, x, LE)
                .convertShape(VectorOperators.F2D, DOUBLES, 0);
    }

    /// `sums += x`, one row.
    static void add(long x, int columns, double[] sums) {
        for (int i = 0; i < columns; i++) {
            sums[i] += get(x, i);
        }
    }

    /// Adds up the blocks, folds long rows and stores the sums of columns `from` to `to` (excluded).
    private void store(double[][] blockSums, int from, int to, int inner, long y) {
        for (int i = from; i < to; i++) {
            double sum = 0;
            for (double[] sums : blockSums) {
                for (int at = i; at < width; at += inner) {
                    sum += sums[at];
                }
            }
            ALL.set(JAVA_FLOAT_UNALIGNED, y + 4L * i, (float) sum);
        }
    }

    private static float get(long x, int index) {
        return ALL.get(JAVA_FLOAT_UNALIGNED, x + 4L * index);
    }
}
