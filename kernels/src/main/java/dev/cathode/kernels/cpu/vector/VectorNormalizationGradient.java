package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.NormalizationGradient;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Arrays;

/// Gradients of normalisations. Those over pixels are the work of [ChannelGradient]: batch normalisation is group
/// normalisation of one large sample, a group for each channel. A row stays in the cache from the first loop over it to
/// the last, so layer normalisation and softmax read memory once.
final class VectorNormalizationGradient implements NormalizationGradient {
    static {
        CompilerDirectives.install();
    }

    /// Numbers that stay in the nearest caches between the passes over them.
    private static final int TASK = 1 << 13;
    /// Numbers of a page: four passes over more than that, and memory is not read ahead.
    private static final int PAGE = 1 << 10;
    /// Numbers of x that may stay in the last-level cache between the passes over them.
    private static final int WAVE = 1 << 20;
    /// Floats of a row's factors: center, inverse, shift, slope and constant.
    private static final int FACTORS = 5;

    private final Passes passes;
    private final GradientPasses gradients;

    VectorNormalizationGradient() {
        this(new VectorPasses(), new VectorGradientPasses());
    }

    VectorNormalizationGradient(Passes passes, GradientPasses gradients) {
        this.passes = passes;
        this.gradients = gradients;
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
            ChannelGradient gradient = new ChannelGradient(gradients, count, pixels, channels, activation);
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
        ChannelGradient gradient = new ChannelGradient(gradients, 1, pixels, channels, activation);
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
        int step = Math.clamp(PAGE / columns, 1, part);
        long bytes = 4L * step * (2 * 2 + FACTORS + 1);
        MemorySegment scratch = Arena.ofAuto().allocate(bytes * workers.threads(), 64);
        workers.run(parts, (task, worker) -> {
            long sums = workspace + 8L * task * columns;
            ALL.asSlice(sums, 8L * columns).fill((byte) 0);
            int end = Math.min(rows, (task + 1) * part);
            for (int row = task * part; row < end; row += step) {
                long at = 4L * row * columns;
                layerNorm(x + at, weight, dy + at, dx + at, Math.min(step, end - row), columns, epsilon, sums,
                        scratch.address() + bytes * worker);
            }
        });
        Reference.reachabilityFence(scratch);
        double[] sums = new double[2 * columns];
        PartialSums.add(workspace, parts, 2 * columns, sums, 0);
        store(Arrays.copyOf(sums, columns), dBias);
        store(Arrays.copyOfRange(sums, columns, 2 * columns), dWeight);
    }

    /// Some rows, by the formula of [ChannelGradient].
    ///
    /// @param sums the sums over rows go there
    /// @param totals scratch, two doubles and [#FACTORS] floats for each row
    private void layerNorm(long x, long weight, long dy, long dx, int rows, int columns, float epsilon, long sums,
                           long totals) {
        long factors = totals + 16L * rows;
        double[] lost = new double[rows];
        double[] inverse = new double[rows];
        passes.rowSums(x, rows, columns, totals);
        for (int row = 0; row < rows; row++) {
            set(factors, FACTORS * row, total(totals, row) / columns);
        }
        gradients.rowMoments(x, rows, columns, factors, totals);
        for (int row = 0; row < rows; row++) {
            lost[row] = total(totals, 2 * row) / columns;
            double variance = Math.max(0, total(totals, 2 * row + 1) / columns - lost[row] * lost[row]);
            inverse[row] = 1 / Math.sqrt(variance + epsilon);
            set(factors, FACTORS * row + 1, inverse[row]);
            set(factors, FACTORS * row + 2, -lost[row] * inverse[row]);
        }
        gradients.rowSums(x, dy, rows, columns, weight, factors, sums, totals);
        for (int row = 0; row < rows; row++) {
            double a = total(totals, 2 * row) / columns;
            double b = inverse[row] * (total(totals, 2 * row + 1) / columns - lost[row] * a);
            double slope = -inverse[row] * inverse[row] * b;
            set(factors, FACTORS * row + 3, slope);
            set(factors, FACTORS * row + 4, -inverse[row] * a - slope * lost[row]);
        }
        gradients.rowGradient(x, dy, rows, columns, weight, factors, dx);
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
        rows(rows, columns, workers, (first, count, totals) -> {
            long at = 4L * first * columns;
            long factors = totals + 16L * count;
            // Where one y is almost 1, its dy is almost the sum; gradients relative to that dy do not cancel.
            gradients.softmaxSums(y + at, dy + at, count, columns, totals);
            for (int row = 0; row < count; row++) {
                set(factors, 2 * row, total(totals, 2 * row + 1));
                set(factors, 2 * row + 1, total(totals, 2 * row));
            }
            gradients.softmax(y + at, dy + at, count, columns, factors, dx + at);
        });
    }

    @Override
    public void logSoftmax(long y, long dy, long dx, int rows, int columns, Workers workers) {
        rows(rows, columns, workers, (first, count, totals) -> {
            long at = 4L * first * columns;
            long factors = totals + 8L * count;
            passes.rowSums(dy + at, count, columns, totals);
            for (int row = 0; row < count; row++) {
                set(factors, row, -total(totals, row));
            }
            gradients.logSoftmax(y + at, dy + at, count, columns, factors, dx + at);
        });
    }

    /// Work on `count` rows from row `first` on, with memory of its own.
    private interface Rows {
        void run(int first, int count, long scratch);
    }

    /// Goes over a matrix, some rows at a time, with three doubles of memory for each.
    private static void rows(int rows, int columns, Workers workers, Rows body) {
        int step = Math.clamp(TASK / Math.max(1, columns), 1, Math.max(1, rows));
        long bytes = 24L * step;
        MemorySegment scratch = Arena.ofAuto().allocate(bytes * workers.threads(), 64);
        workers.run((rows + step - 1) / step, (task, worker) -> body.run(task * step,
                Math.min(step, rows - task * step), scratch.address() + bytes * worker));
        Reference.reachabilityFence(scratch);
    }

    private static double total(long totals, int index) {
        return ALL.get(JAVA_DOUBLE_UNALIGNED, totals + 8L * index);
    }

    private static void set(long numbers, int index, double number) {
        ALL.set(JAVA_FLOAT_UNALIGNED, numbers + 4L * index, (float) number);
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
