package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.NormalizationGradient;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Gradients of normalisations. Those over pixels are the work of [ChannelGradient]: batch normalisation is group
/// normalisation of one large sample, a group for each channel. A row stays in the cache from the first loop over it to
/// the last, so layer normalisation and softmax read memory once.
final class VectorNormalizationGradient implements NormalizationGradient {
    static {
        CompilerDirectives.install();
    }

    /// Numbers of a task that needs no memory of its own.
    private static final int TASK = 1 << 13;
    /// Numbers of x that may stay in the last-level cache between the passes over them.
    private static final int WAVE = 1 << 20;

    private final Passes passes;

    VectorNormalizationGradient() {
        this(new VectorPasses());
    }

    VectorNormalizationGradient(Passes passes) {
        this.passes = passes;
    }

    @Override
    public void groupNorm(long x, long weight, long bias, long dy, long dx, long dWeight, long dBias, int batch,
                          int pixels, int channels, int groups, float epsilon, Activation activation, long workspace,
                          Workers workers) {
        double[] weights = new double[channels];
        double[] biases = new double[channels];
        int wave = wave(batch, pixels, channels);
        for (int first = 0; first < batch; first += wave) {
            long at = 4L * first * pixels * channels;
            int count = Math.min(wave, batch - first);
            ChannelGradient gradient = new ChannelGradient(count, pixels, channels, activation);
            byOwnStatistics(gradient, x + at, weight, bias, dy + at, dx + at, count, pixels, channels, groups, epsilon,
                    workspace, workers);
            for (int sample = 0; sample < count; sample++) {
                for (int c = 0; c < channels; c++) {
                    weights[c] += gradient.weightGradient(sample, c);
                    biases[c] += gradient.biasGradient(sample, c);
                }
            }
        }
        store(weights, dWeight);
        store(biases, dBias);
    }

    private void byOwnStatistics(ChannelGradient gradient, long x, long weight, long bias, long dy, long dx,
                                        int batch, int pixels, int channels, int groups, float epsilon, long workspace,
                                        Workers workers) {
        GroupMoments moments = new GroupMoments(passes, batch, pixels, channels, groups);
        moments.compute(x, channels, workers);
        int size = channels / groups;
        for (int sample = 0; sample < batch; sample++) {
            for (int c = 0; c < channels; c++) {
                gradient.normalized(sample, c, moments.mean(sample, c / size),
                        1 / Math.sqrt(moments.variance(sample, c / size) + epsilon), weight, bias);
            }
        }
        gradient.sum(x, dy, workspace, workers);
        for (int sample = 0; sample < batch; sample++) {
            for (int group = 0; group < groups; group++) {
                gradient.together(sample, group * size, (group + 1) * size, weight);
            }
        }
        gradient.apply(x, dy, dx, workers);
    }

    /// Samples that go through the passes together.
    private static int wave(int batch, int pixels, int channels) {
        return Math.clamp(WAVE / ((long) pixels * channels), 1, batch);
    }

    @Override
    public long groupNormWorkspaceBytes(int batch, int pixels, int channels, int groups) {
        return ChannelGradient.workspaceBytes(wave(batch, pixels, channels), pixels, channels);
    }

    @Override
    public void batchNormTraining(long x, long weight, long bias, long y, long mean, long variance, int pixels,
                                  int channels, float epsilon, Activation activation, Workers workers) {
        if (pixels < 2) {
            throw new IllegalArgumentException(
                    "batch normalisation by the batch's own statistics needs at least 2 pixels, not " + pixels);
        }
        GroupMoments moments = new GroupMoments(passes, 1, pixels, channels, channels);
        moments.compute(x, channels, workers);
        float[] scale = new float[channels];
        float[] shift = new float[channels];
        for (int c = 0; c < channels; c++) {
            double factor = get(weight, c) / Math.sqrt(moments.variance(0, c) + epsilon);
            scale[c] = (float) factor;
            shift[c] = (float) (get(bias, c) - moments.mean(0, c) * factor);
            ALL.set(JAVA_FLOAT_UNALIGNED, mean + 4L * c, (float) moments.mean(0, c));
            ALL.set(JAVA_FLOAT_UNALIGNED, variance + 4L * c,
                    (float) (moments.variance(0, c) * pixels / (pixels - 1)));
        }
        VectorNormalization.apply(passes, x, channels, scale, shift, y, 1, pixels, channels, activation, workers);
    }

    @Override
    public void batchNormTraining(long x, long weight, long bias, long dy, long dx, long dWeight, long dBias,
                                  int pixels, int channels, float epsilon, Activation activation, long workspace,
                                  Workers workers) {
        groupNorm(x, weight, bias, dy, dx, dWeight, dBias, 1, pixels, channels, channels, epsilon, activation,
                workspace, workers);
    }

    @Override
    public void batchNorm(long x, long mean, long variance, long weight, long bias, long dy, long dx, long dWeight,
                          long dBias, int pixels, int channels, float epsilon, Activation activation, long workspace,
                          Workers workers) {
        ChannelGradient gradient = new ChannelGradient(1, pixels, channels, activation);
        for (int c = 0; c < channels; c++) {
            gradient.normalized(0, c, get(mean, c), 1 / Math.sqrt(get(variance, c) + epsilon), weight, bias);
        }
        gradient.sum(x, dy, workspace, workers);
        gradient.apply(x, dy, dx, workers);
        for (int c = 0; c < channels; c++) {
            ALL.set(JAVA_FLOAT_UNALIGNED, dWeight + 4L * c, (float) gradient.weightGradient(0, c));
            ALL.set(JAVA_FLOAT_UNALIGNED, dBias + 4L * c, (float) gradient.biasGradient(0, c));
        }
    }

    @Override
    public long batchNormWorkspaceBytes(int pixels, int channels) {
        return ChannelGradient.workspaceBytes(1, pixels, channels);
    }

    @Override
    public void layerNorm(long x, long weight, long dy, long dx, long dWeight, long dBias, int rows, int columns,
                          float epsilon, long workspace, Workers workers) {
        int part = part(rows);
        int parts = (rows + part - 1) / part;
        workers.run(parts, (task, worker) -> {
            float[] lanes = new float[2 * LANES];
            float[] sums = new float[2 * columns];
            int end = Math.min(rows, (task + 1) * part);
            for (long row = (long) task * part; row < end; row++) {
                long at = 4 * row * columns;
                layerNorm(x + at, weight, dy + at, dx + at, columns, epsilon, sums, lanes);
            }
            MemorySegment.copy(sums, 0, ALL, JAVA_FLOAT_UNALIGNED, workspace + 8L * task * columns, 2 * columns);
        });
        double[] sums = new double[2 * columns];
        PartialSums.add(workspace, parts, 2 * columns, sums, 0);
        store(Arrays.copyOf(sums, columns), dBias);
        store(Arrays.copyOfRange(sums, columns, 2 * columns), dWeight);
    }

    /// One row, by the formula of [ChannelGradient].
    private static void layerNorm(long x, long weight, long dy, long dx, int columns, float epsilon, float[] sums,
                                  float[] lanes) {
        float center = (float) (RowNormalization.sum(x, columns, lanes) / columns);
        RowGradients.moments(x, center, columns, lanes);
        double lost = RowNormalization.total(lanes, 0) / columns;
        double variance = Math.max(0, RowNormalization.total(lanes, LANES) / columns - lost * lost);
        double inverse = 1 / Math.sqrt(variance + epsilon);
        RowGradients.sums(x, dy, weight, center, (float) inverse, (float) (lost * inverse), columns, sums, lanes);
        double a = RowNormalization.total(lanes, 0) / columns;
        double b = inverse * (RowNormalization.total(lanes, LANES) / columns - lost * a);
        double slope = -inverse * inverse * b;
        RowGradients.combine(x, dy, weight, center, (float) inverse, (float) slope,
                (float) (-inverse * a - slope * lost), dx, columns);
    }

    /// Rows of a task of layer normalisation: few partial sums compared to its numbers.
    private static int part(int rows) {
        return Math.clamp(rows / 32, 16, 128);
    }

    @Override
    public long layerNormWorkspaceBytes(int rows, int columns) {
        return 8L * ((rows + part(rows) - 1) / part(rows)) * columns;
    }

    @Override
    public void softmax(long y, long dy, long dx, int rows, int columns, Workers workers) {
        rows(rows, columns, workers, (at, lanes) -> {
            // Where one y is almost 1, its dy is almost the sum; gradients relative to that dy do not cancel.
            float shift = (float) get(dy + at, largest(y + at, columns));
            RowGradients.subtract(dy + at, shift, dx + at, columns);
            double sum = RowGradients.dot(y + at, dx + at, columns, lanes);
            RowGradients.softmax(y + at, dx + at, (float) sum, dx + at, columns);
        });
    }

    private static int largest(long numbers, int count) {
        int best = 0;
        for (int i = 1; i < count; i++) {
            best = get(numbers, i) > get(numbers, best) ? i : best;
        }
        return best;
    }

    @Override
    public void logSoftmax(long y, long dy, long dx, int rows, int columns, Workers workers) {
        rows(rows, columns, workers, (at, lanes) -> {
            double sum = RowNormalization.sum(dy + at, columns, lanes);
            RowGradients.logSoftmax(y + at, dy + at, (float) sum, dx + at, columns);
        });
    }

    /// Work on the row that starts at byte `at`.
    private interface Row {
        void run(long at, float[] lanes);
    }

    private static void rows(int rows, int columns, Workers workers, Row body) {
        int step = Math.max(1, TASK / columns);
        workers.run((rows + step - 1) / step, (task, worker) -> {
            float[] lanes = new float[LANES];
            int end = Math.min(rows, (task + 1) * step);
            for (long row = (long) task * step; row < end; row++) {
                body.run(4 * row * columns, lanes);
            }
        });
    }

    private static double get(long numbers, int index) {
        return ALL.get(JAVA_FLOAT_UNALIGNED, numbers + 4L * index);
    }

    private static void store(double[] numbers, long to) {
        for (int i = 0; i < numbers.length; i++) {
            ALL.set(JAVA_FLOAT_UNALIGNED, to + 4L * i, (float) numbers[i]);
        }
    }
}
