package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Normalization;
import dev.cathode.kernels.cpu.Workers;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Normalisations. Group and batch normalisation come down to a factor and a shift per channel; rows are the work of
/// [RowNormalization].
final class VectorNormalization implements Normalization {
    static {
        CompilerDirectives.install();
    }

    /// Numbers of a task.
    private static final int TASK = 1 << 15;
    /// Numbers that stay in the first-level cache between their normalisation and their activation.
    private static final int BLOCK = 4096;

    @Override
    public void groupNorm(long x, int xStride, long weight, long bias, long y, int batch, int pixels, int channels,
                          int groups, float epsilon, Activation activation, Workers workers) {
        GroupMoments moments = new GroupMoments(batch, pixels, channels, groups);
        moments.compute(x, xStride, workers);
        float[] scale = new float[batch * channels];
        float[] shift = new float[batch * channels];
        int size = channels / groups;
        for (int sample = 0; sample < batch; sample++) {
            for (int group = 0; group < groups; group++) {
                double mean = moments.mean(sample, group);
                double inverse = 1 / Math.sqrt(moments.variance(sample, group) + epsilon);
                for (int c = group * size; c < (group + 1) * size; c++) {
                    double factor = ALL.get(JAVA_FLOAT_UNALIGNED, weight + 4L * c) * inverse;
                    scale[sample * channels + c] = (float) factor;
                    shift[sample * channels + c] =
                            (float) (ALL.get(JAVA_FLOAT_UNALIGNED, bias + 4L * c) - mean * factor);
                }
            }
        }
        apply(x, xStride, scale, shift, y, batch, pixels, channels, activation, workers);
    }

    @Override
    public void batchNorm(long x, long mean, long variance, long weight, long bias, long y, int pixels, int channels,
                          float epsilon, Activation activation, Workers workers) {
        float[] scale = new float[channels];
        float[] shift = new float[channels];
        for (int c = 0; c < channels; c++) {
            double factor = ALL.get(JAVA_FLOAT_UNALIGNED, weight + 4L * c)
                    / Math.sqrt((double) ALL.get(JAVA_FLOAT_UNALIGNED, variance + 4L * c) + epsilon);
            scale[c] = (float) factor;
            shift[c] = (float) (ALL.get(JAVA_FLOAT_UNALIGNED, bias + 4L * c)
                    - ALL.get(JAVA_FLOAT_UNALIGNED, mean + 4L * c) * factor);
        }
        apply(x, channels, scale, shift, y, 1, pixels, channels, activation, workers);
    }

    /// `y = activation(scale · x + shift)`, a scale and a shift for each channel of each sample.
    static void apply(long x, int xStride, float[] scale, float[] shift, long y, int batch, int pixels,
                      int channels, Activation activation, Workers workers) {
        int step = Math.max(1, TASK / channels);
        int parts = (pixels + step - 1) / step;
        int block = Math.max(1, BLOCK / channels);
        workers.run(batch * parts, (task, worker) -> {
            int sample = task / parts;
            int end = Math.min(pixels, (task % parts + 1) * step);
            for (int from = task % parts * step; from < end; from += block) {
                int count = Math.min(block, end - from);
                long first = (long) sample * pixels + from;
                scaleAndShift(x + 4 * first * xStride, xStride, scale, shift, sample * channels,
                        y + 4 * first * channels, count, channels);
                VectorElementwise.activate(activation, y + 4 * first * channels, y + 4 * first * channels,
                        count * channels);
            }
        });
    }

    private static void scaleAndShift(long x, int xStride, float[] scale, float[] shift, int offset, long y, int rows,
                                      int channels) {
        for (int row = 0; row < rows; row++) {
            long xr = x + 4L * row * xStride;
            long yr = y + 4L * row * channels;
            int c = 0;
            for (; c <= channels - LANES; c += LANES) {
                FloatVector a = FloatVector.fromArray(SPECIES, scale, offset + c);
                FloatVector b = FloatVector.fromArray(SPECIES, shift, offset + c);
                FloatVector.fromMemorySegment(SPECIES, ALL, xr + 4L * c, LE).fma(a, b)
                        .intoMemorySegment(ALL, yr + 4L * c, LE);
            }
            if (c < channels) {
                VectorMask<Float> rest = SPECIES.indexInRange(c, channels);
                FloatVector a = FloatVector.fromArray(SPECIES, scale, offset + c, rest);
                FloatVector b = FloatVector.fromArray(SPECIES, shift, offset + c, rest);
                FloatVector.fromMemorySegment(SPECIES, ALL, xr + 4L * c, LE, rest).fma(a, b)
                        .intoMemorySegment(ALL, yr + 4L * c, LE, rest);
            }
        }
    }

    /// Work on one row.
    private interface Row {
        void run(long x, long y, float[] lanes);
    }

    private static void rows(long x, long y, int rows, int columns, Workers workers, Row body) {
        int step = Math.max(1, TASK / 4 / Math.max(1, columns));
        workers.run((rows + step - 1) / step, (task, worker) -> {
            float[] lanes = new float[LANES];
            int end = Math.min(rows, (task + 1) * step);
            for (long row = (long) task * step; row < end; row++) {
                body.run(x + 4 * row * columns, y + 4 * row * columns, lanes);
            }
        });
    }

    @Override
    public void layerNorm(long x, long weight, long bias, long y, int rows, int columns, float epsilon,
                          Workers workers) {
        rows(x, y, rows, columns, workers, (from, to, lanes) -> {
            float mean = (float) (RowNormalization.sum(from, columns, lanes) / columns);
            double variance = RowNormalization.squares(from, mean, columns, lanes) / columns;
            RowNormalization.normalize(from, mean, (float) (1 / Math.sqrt(variance + epsilon)), weight, bias, to,
                    columns);
        });
    }

    @Override
    public void softmax(long x, long y, int rows, int columns, Workers workers) {
        rows(x, y, rows, columns, workers, (from, to, lanes) -> {
            RowNormalization.exponentials(from, RowNormalization.max(from, columns), to, columns);
            double sum = RowNormalization.sum(to, columns, lanes);
            VectorElementwise.affine((float) (1 / sum), -0f, to, to, columns);
        });
    }

    @Override
    public void logSoftmax(long x, long y, int rows, int columns, Workers workers) {
        rows(x, y, rows, columns, workers, (from, to, lanes) -> {
            float max = RowNormalization.max(from, columns);
            double sum = RowNormalization.sumOfExponentials(from, max, columns, lanes);
            RowNormalization.subtract(from, max, (float) Math.log(sum), to, columns);
        });
    }
}
