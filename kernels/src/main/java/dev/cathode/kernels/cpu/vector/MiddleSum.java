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
/// Sums are float64; memory is read once, eight rows at a time. A task owns a strip of columns, whose sums stay in the
/// first-level cache, of a block of rows; the blocks' sums are added in their order. Short rows are taken several at a
/// time as one long row, whose sum is folded in the end.
///
/// @param inner numbers of a row
/// @param width numbers of a long row
/// @param rows long rows of a matrix
/// @param rest numbers behind the last long row
/// @param blockRows long rows of one block
/// @param blocks blocks of a matrix, at least 1
/// @param stripWidth columns of one strip; all of them if a long row is made of several
/// @param strips strips of a matrix
record MiddleSum(int inner, int width, int rows, int rest, int blockRows, int blocks, int stripWidth, int strips) {
    static {
        CompilerDirectives.install();
    }

    private static final int ROWS = 8;
    private static final int SHORT = 256;
    private static final int STRIP = 1024;
    private static final int BLOCK = 1 << 16;
    private static final int MOST_BLOCKS = 64;
    private static final int HALF = LANES / 2;

    private static MiddleSum of(int middle, int inner) {
        int together = inner >= SHORT ? 1 : Math.clamp(Math.ceilDiv(SHORT, inner), 1, Math.max(1, middle));
        int width = together * inner;
        int rows = middle / together;
        int stripWidth = Math.ceilDiv(Math.ceilDiv(width, Math.ceilDiv(width, STRIP)), LANES) * LANES;
        int blockRows = Math.max(BLOCK / stripWidth, Math.ceilDiv(rows, MOST_BLOCKS));
        blockRows = Math.ceilDiv(blockRows, ROWS) * ROWS;
        return new MiddleSum(inner, width, rows, middle % together * inner, blockRows,
                Math.max(1, Math.ceilDiv(rows, blockRows)), stripWidth, Math.ceilDiv(width, stripWidth));
    }

    /// `y[o][i] = Σ_m x[o][m][i]`.
    static void run(long x, long y, int outer, int middle, int inner, Workers workers) {
        MiddleSum plan = of(middle, inner);
        long matrix = 4L * middle * inner;
        int strips = Math.multiplyExact(outer, plan.strips);
        if (plan.blocks == 1) {
            int together = Math.max(1, (int) (BLOCK / Math.max(1, (long) middle * plan.stripWidth))); // in one task
            workers.run(Math.ceilDiv(strips, together), (task, _) -> {
                double[] sums = new double[plan.stripWidth];
                for (int i = task * together; i < Math.min(strips, (task + 1) * together); i++) {
                    int o = i / plan.strips;
                    plan.sum(x + o * matrix, i % plan.strips, 0, sums);
                    plan.store(i % plan.strips, y + 4L * o * inner, sums);
                }
            });
            return;
        }
        double[][] sums = new double[Math.multiplyExact(strips, plan.blocks)][];
        workers.run(sums.length, (task, _) -> {
            int i = task / plan.blocks;
            double[] part = new double[plan.stripWidth];
            plan.sum(x + i / plan.strips * matrix, i % plan.strips, task % plan.blocks, part);
            sums[task] = part;
        });
        workers.run(strips, (i, _) -> plan.store(i % plan.strips, y + 4L * (i / plan.strips) * inner,
                Arrays.copyOfRange(sums, i * plan.blocks, (i + 1) * plan.blocks)));
    }

    /// Sets `sums` to the sums of the columns of a strip over the rows of a block.
    private void sum(long matrix, int strip, int block, double[] sums) {
        Arrays.fill(sums, 0);
        int left = strip * stripWidth;
        int columns = Math.min(stripWidth, width - left);
        long stride = 4L * width;
        long x = matrix + 4L * left;
        int end = Math.min(rows, (block + 1) * blockRows);
        int row = block * blockRows;
        for (; row <= end - ROWS; row += ROWS) {
            addEight(x + row * stride, stride, columns, sums);
        }
        for (; row < end; row++) {
            add(x + row * stride, columns, sums);
        }
        if (end == rows) {
            add(x + end * stride, rest, sums);
        }
    }

    private static void addEight(long x, long stride, int columns, double[] sums) {
        int i = 0;
        for (; i <= columns - HALF; i += HALF) {
            long at = x + 4L * i;
            DoubleVector a = load(at).add(load(at + stride));
            DoubleVector b = load(at + 2 * stride).add(load(at + 3 * stride));
            DoubleVector c = load(at + 4 * stride).add(load(at + 5 * stride));
            DoubleVector d = load(at + 6 * stride).add(load(at + 7 * stride));
            DoubleVector.fromArray(DOUBLES, sums, i).add(a.add(b).add(c.add(d))).intoArray(sums, i);
        }
        for (; i < columns; i++) {
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

    /// Adds up the sums of blocks, folds long rows and stores the result.
    private void store(int strip, long y, double[]... blockSums) {
        int left = strip * stripWidth;
        int columns = Math.min(stripWidth, width - left);
        for (int i = 0; i < Math.min(columns, inner); i++) {
            double sum = 0;
            for (double[] sums : blockSums) {
                for (int at = i; at < columns; at += inner) {
                    sum += sums[at];
                }
            }
            ALL.set(JAVA_FLOAT_UNALIGNED, y + 4L * (left + i), (float) sum);
        }
    }

    private static float get(long x, int index) {
        return ALL.get(JAVA_FLOAT_UNALIGNED, x + 4L * index);
    }
}
