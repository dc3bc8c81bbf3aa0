package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.Activation;
import jdk.incubator.vector.FloatVector;

/// [GradientPasses] on the Vector API.
final class VectorGradientPasses implements GradientPasses {
    static {
        CompilerDirectives.install();
    }

    private static final int V = LANES * Float.BYTES;

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
    public void rowMoments(long x, int rows, int count, long factors, long lanes) {
        for (int row = 0; row < rows; row++) {
            RowGradients.moments(x + 4L * row * count, number(factors, 5 * row), count, lanes + 2L * row * V);
        }
    }

    @Override
    public void rowSums(long x, long dy, int rows, int count, long weight, long factors, long sums, long lanes) {
        for (int row = 0; row < rows; row++) {
            long at = 4L * row * count;
            RowGradients.sums(x + at, dy + at, weight, number(factors, 5 * row), number(factors, 5 * row + 1),
                    number(factors, 5 * row + 2), count, sums, lanes + 2L * row * V);
        }
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
    public void softmaxSums(long y, long dy, int rows, int count, long lanes) {
        float[] scratch = new float[2 * LANES];
        for (int row = 0; row < rows; row++) {
            long at = 4L * row * count;
            long sum = lanes + 2L * row * V;
            float shift = SoftmaxRows.gradientOfLargest(y + at, dy + at, count, scratch);
            SoftmaxRows.dot(y + at, dy + at, shift, count, sum);
            FloatVector.broadcast(SPECIES, shift).intoMemorySegment(ALL, sum + V, LE);
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
