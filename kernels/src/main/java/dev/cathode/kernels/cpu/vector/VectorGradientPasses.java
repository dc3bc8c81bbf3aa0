package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.Activation;

/// [GradientPasses] on the Vector API.
final class VectorGradientPasses implements GradientPasses {
    static {
        CompilerDirectives.install();
    }

    @Override
    public void chain(Activation activation, long x, long dy, long dx, int count) {
        ActivationGradients.chain(activation, x, dy, dx, count);
    }

    @Override
    public void gate(long x, long gate, long dy, long dx, long dGate, int count) {
        ActivationGradients.gate(x, gate, dy, dx, dGate, count);
    }

    @Override
    public void channelSums(Activation activation, long x, long dy, int rows, int channels, long factors, long sums) {
        ChannelLoops.sums(activation, x, dy, factors, sums, rows, channels);
    }

    @Override
    public void channelGradient(Activation activation, long x, long dy, int rows, int channels, long factors, long dx) {
        ChannelLoops.apply(activation, x, dy, factors, dx, rows, channels);
    }

    @Override
    public void rowMoments(long x, int rows, int count, long factors, long totals) {
        LaneTotal total = new LaneTotal();
        double[] sums = new double[2];
        for (int row = 0; row < rows; row++) {
            RowGradients.moments(x + 4L * row * count, number(factors, 5 * row), count, total, sums);
            store(sums, totals, row);
        }
    }

    @Override
    public void rowSums(long x, long dy, int rows, int count, long weight, long factors, long sums, long totals) {
        LaneTotal total = new LaneTotal();
        double[] both = new double[2];
        for (int row = 0; row < rows; row++) {
            long at = 4L * row * count;
            RowGradients.sums(x + at, dy + at, weight, number(factors, 5 * row), number(factors, 5 * row + 1),
                    number(factors, 5 * row + 2), count, sums, total, both);
            store(both, totals, row);
        }
    }

    private static void store(double[] both, long totals, int row) {
        ALL.set(JAVA_DOUBLE_UNALIGNED, totals + 16L * row, both[0]);
        ALL.set(JAVA_DOUBLE_UNALIGNED, totals + 16L * row + 8, both[1]);
    }

    @Override
    public void rowGradient(long x, long dy, int rows, int count, long weight, long factors, long dx) {
        for (int row = 0; row < rows; row++) {
            long at = 4L * row * count;
            RowGradients.combine(x + at, dy + at, weight, number(factors, 5 * row), number(factors, 5 * row + 1),
                    number(factors, 5 * row + 3), number(factors, 5 * row + 4), dx + at, count);
        }
    }

    @Override
    public void softmaxSums(long y, long dy, int rows, int count, long totals) {
        LaneTotal total = new LaneTotal();
        float[] lanes = new float[2 * LANES];
        double[] both = new double[2];
        for (int row = 0; row < rows; row++) {
            long at = 4L * row * count;
            float shift = SoftmaxRows.gradientOfLargest(y + at, dy + at, count, lanes);
            both[0] = SoftmaxRows.dot(y + at, dy + at, shift, count, total);
            both[1] = shift;
            store(both, totals, row);
        }
    }

    @Override
    public void softmax(long y, long dy, int rows, int count, long factors, long dx) {
        for (int row = 0; row < rows; row++) {
            long at = 4L * row * count;
            SoftmaxRows.gradient(y + at, dy + at, number(factors, 2 * row), number(factors, 2 * row + 1), dx + at,
                    count);
        }
    }

    @Override
    public void logSoftmax(long y, long dy, int rows, int count, long factors, long dx) {
        for (int row = 0; row < rows; row++) {
            long at = 4L * row * count;
            SoftmaxRows.logGradient(y + at, dy + at, number(factors, row), dx + at, count);
        }
    }

    private static float number(long numbers, int index) {
        return ALL.get(JAVA_FLOAT_UNALIGNED, numbers + 4L * index);
    }
}
