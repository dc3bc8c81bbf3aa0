package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Elementwise;
import jdk.incubator.vector.FloatVector;

/// [Passes] on the Vector API. Four vectors of a row go together where registers and memory can make something of it.
final class VectorPasses implements Passes {
    static {
        CompilerDirectives.install();
    }

    private static final int V = LANES * Float.BYTES;

    @Override
    public void transpose(long x, long xStride, int rows, int columns, long y, long yStride, long square) {
        Transposition.transpose(x, xStride, rows, columns, y, yStride, square);
    }

    @Override
    public void activate(Activation activation, long x, long count) {
        Activations.inPlace(activation, x, 4 * count);
    }

    @Override
    public void gate(long x, long gate, long y, long yStride, int rows, int count) {
        for (int row = 0; row < rows; row++) {
            Activations.gate(x + 4L * row * count, gate + 4L * row * count, y + row * yStride, count);
        }
    }

    @Override
    public void combine(Elementwise.Binary operation, long a, long b, long y, long count) {
        switch (operation) {
            case ADD -> PairLoops.add(a, b, y, count);
            case SUBTRACT -> PairLoops.subtract(a, b, y, count);
            case MULTIPLY -> PairLoops.multiply(a, b, y, count);
            case DIVIDE -> PairLoops.divide(a, b, y, count);
        }
    }

    @Override
    public void scale(Activation activation, long x, long xStride, long scale, long shift, long y, long yStride,
                      int rows, int count) {
        for (int row = 0; row < rows; row++) {
            scale(x + row * xStride, scale, shift, y + row * yStride, count);
            Activations.inPlace(activation, y + row * yStride, 4L * count);
        }
    }

    private static void scale(long x, long scale, long shift, long y, int count) {
        for (long i = 0; i < 4L * count; i += V) {
            FloatVector a = FloatVector.fromMemorySegment(SPECIES, ALL, scale + i, LE);
            FloatVector b = FloatVector.fromMemorySegment(SPECIES, ALL, shift + i, LE);
            FloatVector.fromMemorySegment(SPECIES, ALL, x + i, LE).fma(a, b).intoMemorySegment(ALL, y + i, LE);
        }
    }

    @Override
    public void moments(long x, long xStride, int rows, long sums, long squares, int count) {
        long bytes = 4L * count;
        long c = 0;
        for (; c <= bytes - 4 * V; c += 4 * V) {
            moments4(x + c, xStride, rows, sums + c, squares + c);
        }
        for (; c < bytes; c += V) {
            moments1(x + c, xStride, rows, sums + c, squares + c);
        }
    }

    private static void moments4(long x, long xStride, int rows, long sums, long squares) {
        FloatVector first0 = FloatVector.fromMemorySegment(SPECIES, ALL, x, LE);
        FloatVector first1 = FloatVector.fromMemorySegment(SPECIES, ALL, x + V, LE);
        FloatVector first2 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 2 * V, LE);
        FloatVector first3 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 3 * V, LE);
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = FloatVector.zero(SPECIES);
        FloatVector sum2 = FloatVector.zero(SPECIES);
        FloatVector sum3 = FloatVector.zero(SPECIES);
        FloatVector square0 = FloatVector.zero(SPECIES);
        FloatVector square1 = FloatVector.zero(SPECIES);
        FloatVector square2 = FloatVector.zero(SPECIES);
        FloatVector square3 = FloatVector.zero(SPECIES);
        for (int row = 1; row < rows; row++) {
            long at = x + row * xStride;
            FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, ALL, at, LE).sub(first0);
            FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, ALL, at + V, LE).sub(first1);
            FloatVector d2 = FloatVector.fromMemorySegment(SPECIES, ALL, at + 2 * V, LE).sub(first2);
            FloatVector d3 = FloatVector.fromMemorySegment(SPECIES, ALL, at + 3 * V, LE).sub(first3);
            sum0 = d0.add(sum0);
            sum1 = d1.add(sum1);
            sum2 = d2.add(sum2);
            sum3 = d3.add(sum3);
            square0 = d0.fma(d0, square0);
            square1 = d1.fma(d1, square1);
            square2 = d2.fma(d2, square2);
            square3 = d3.fma(d3, square3);
        }
        sum0.intoMemorySegment(ALL, sums, LE);
        sum1.intoMemorySegment(ALL, sums + V, LE);
        sum2.intoMemorySegment(ALL, sums + 2 * V, LE);
        sum3.intoMemorySegment(ALL, sums + 3 * V, LE);
        square0.intoMemorySegment(ALL, squares, LE);
        square1.intoMemorySegment(ALL, squares + V, LE);
        square2.intoMemorySegment(ALL, squares + 2 * V, LE);
        square3.intoMemorySegment(ALL, squares + 3 * V, LE);
    }

    private static void moments1(long x, long xStride, int rows, long sums, long squares) {
        FloatVector first = FloatVector.fromMemorySegment(SPECIES, ALL, x, LE);
        FloatVector sum = FloatVector.zero(SPECIES);
        FloatVector square = FloatVector.zero(SPECIES);
        for (int row = 1; row < rows; row++) {
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, ALL, x + row * xStride, LE).sub(first);
            sum = d.add(sum);
            square = d.fma(d, square);
        }
        sum.intoMemorySegment(ALL, sums, LE);
        square.intoMemorySegment(ALL, squares, LE);
    }

    @Override
    public void add(long x, long xStride, long bias, long residual, long residualStride, long y, long yStride,
                    int rows, int count) {
        for (int row = 0; row < rows; row++) {
            long xr = x + row * xStride;
            long yr = y + row * yStride;
            if (bias != 0 && residual != 0) {
                addBoth(xr, bias, residual + row * residualStride, yr, 4L * count);
            } else if (bias != 0) {
                addOne(xr, bias, yr, 4L * count);
            } else if (residual != 0) {
                addOne(xr, residual + row * residualStride, yr, 4L * count);
            } else if (xr != yr) {
                copy(xr, yr, 4L * count);
            }
        }
    }

    private static void addBoth(long x, long bias, long residual, long y, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            FloatVector.fromMemorySegment(SPECIES, ALL, x + i, LE)
                    .add(FloatVector.fromMemorySegment(SPECIES, ALL, bias + i, LE))
                    .add(FloatVector.fromMemorySegment(SPECIES, ALL, residual + i, LE))
                    .intoMemorySegment(ALL, y + i, LE);
        }
    }

    private static void addOne(long x, long other, long y, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            FloatVector.fromMemorySegment(SPECIES, ALL, x + i, LE)
                    .add(FloatVector.fromMemorySegment(SPECIES, ALL, other + i, LE)).intoMemorySegment(ALL, y + i, LE);
        }
    }

    private static void copy(long x, long y, long bytes) {
        for (long i = 0; i < bytes; i += V) {
            FloatVector.fromMemorySegment(SPECIES, ALL, x + i, LE).intoMemorySegment(ALL, y + i, LE);
        }
    }

    @Override
    public void addresses(long table, long first, long step, int count) {
        for (int i = 0; i < count; i++) {
            ALL.set(JAVA_LONG_UNALIGNED, table + (long) i * Long.BYTES, first + i * step);
        }
    }

    @Override
    public void winogradInput(int size, long table, long step, long nextStep, long offset, long to, long toStep,
                              long nextTo, int n) {
        WinogradTransforms.input(size, table, step, nextStep, offset, to, toStep, nextTo, n);
    }

    @Override
    public void winogradOutput(int size, int lines, long from, long fromStep, long nextFrom, long to, long toStep,
                               long nextTo, int n) {
        for (int line = 0; line < lines; line++) {
            WinogradTransforms.output(size, from + line * nextFrom, fromStep, to + line * nextTo, toStep, n);
        }
    }

    @Override
    public void winogradWeights(int size, long from, long fromStep, long to, long toStep, int n) {
        WinogradTransforms.weights(size, from, fromStep, to, toStep, n);
    }

    @Override
    public void rowSums(long x, int rows, int count, long sums) {
        LaneTotal total = new LaneTotal();
        for (int row = 0; row < rows; row++) {
            ALL.set(JAVA_DOUBLE_UNALIGNED, sums + 8L * row, RowNormalization.sum(x + 4L * row * count, count, total));
        }
    }

    @Override
    public void rowSquares(long x, int rows, int count, long means, long sums) {
        LaneTotal total = new LaneTotal();
        for (int row = 0; row < rows; row++) {
            ALL.set(JAVA_DOUBLE_UNALIGNED, sums + 8L * row,
                    RowNormalization.squares(x + 4L * row * count, number(means, row), count, total));
        }
    }

    @Override
    public void normalizeRows(long x, int rows, int count, long means, long factors, long weight, long bias, long y) {
        for (int row = 0; row < rows; row++) {
            RowNormalization.normalize(x + 4L * row * count, number(means, row),
                    number(factors, row), weight, bias, y + 4L * row * count, count);
        }
    }

    @Override
    public void exponentials(long x, int rows, int count, long y, long sums) {
        LaneTotal total = new LaneTotal();
        for (int row = 0; row < rows; row++) {
            long at = 4L * row * count;
            float max = SoftmaxRows.max(x + at, count, total.lanes);
            ALL.set(JAVA_DOUBLE_UNALIGNED, sums + 16L * row,
                    SoftmaxRows.exponentials(x + at, max, y == 0 ? 0 : y + at, count, total));
            ALL.set(JAVA_DOUBLE_UNALIGNED, sums + 16L * row + 8, max);
        }
    }

    @Override
    public void scaleRows(long x, int rows, int count, long factors) {
        for (int row = 0; row < rows; row++) {
            SoftmaxRows.scale(x + 4L * row * count, number(factors, row), count);
        }
    }

    @Override
    public void subtractRows(long x, int rows, int count, long shifts, long y) {
        for (int row = 0; row < rows; row++) {
            long at = 4L * row * count;
            SoftmaxRows.subtract(x + at, number(shifts, 2 * row), number(shifts, 2 * row + 1), y + at, count);
        }
    }

    private static float number(long numbers, int index) {
        return ALL.get(JAVA_FLOAT_UNALIGNED, numbers + 4L * index);
    }
}
