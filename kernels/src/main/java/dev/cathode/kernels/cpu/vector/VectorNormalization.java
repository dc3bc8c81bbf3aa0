package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Normalization;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
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

    private final Passes passes;

    VectorNormalization() {
        this(new VectorPasses());
    }

    VectorNormalization(Passes passes) {
        this.passes = passes;
    }

    @Override
    public void groupNorm(long x, int xStride, long weight, long bias, long y, int batch, int pixels, int channels,
                          int groups, float epsilon, Activation activation, Workers workers) {
        GroupMoments moments = new GroupMoments(passes, batch, pixels, channels, groups);
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
        apply(passes, x, xStride, scale, shift, y, batch, pixels, channels, activation, workers);
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
        apply(passes, x, channels, scale, shift, y, 1, pixels, channels, activation, workers);
    }

    /// `y = activation(scale · x + shift)`, a scale and a shift for each channel of each sample.
    static void apply(Passes passes, long x, int xStride, float[] scale, float[] shift, long y, int batch, int pixels,
                      int channels, Activation activation, Workers workers) {
        int step = Math.max(1, TASK / channels);
        int parts = (pixels + step - 1) / step;
        int whole = channels - channels % LANES;
        MemorySegment factors = Arena.ofAuto().allocate(8L * scale.length, 64);
        long scales = factors.address();
        long shifts = scales + 4L * scale.length;
        MemorySegment.copy(scale, 0, ALL, JAVA_FLOAT_UNALIGNED, scales, scale.length);
        MemorySegment.copy(shift, 0, ALL, JAVA_FLOAT_UNALIGNED, shifts, shift.length);
        workers.run(batch * parts, (task, worker) -> {
            int sample = task / parts;
            int from = task % parts * step;
            int rows = Math.min(pixels, from + step) - from;
            long first = (long) sample * pixels + from;
            long channel = 4L * sample * channels;
            passes.scale(activation, x + 4 * first * xStride, 4L * xStride, scales + channel, shifts + channel,
                    y + 4 * first * channels, 4L * channels, rows, whole);
            if (whole < channels) {
                rest(activation, x + 4 * (first * xStride + whole), 4L * xStride, scales + channel + 4L * whole,
                        shifts + channel + 4L * whole, y + 4 * (first * channels + whole), 4L * channels, rows,
                        SPECIES.indexInRange(whole, channels));
            }
        });
        Reference.reachabilityFence(factors);
    }

    /// The channels that fill no vector.
    private static void rest(Activation activation, long x, long xStride, long scale, long shift, long y, long yStride,
                             int rows, VectorMask<Float> mask) {
        FloatVector a = FloatVector.fromMemorySegment(SPECIES, ALL, scale, LE, mask);
        FloatVector b = FloatVector.fromMemorySegment(SPECIES, ALL, shift, LE, mask);
        for (int row = 0; row < rows; row++) {
            VectorMath.activate(activation,
                    FloatVector.fromMemorySegment(SPECIES, ALL, x + row * xStride, LE, mask).fma(a, b))
                    .intoMemorySegment(ALL, y + row * yStride, LE, mask);
        }
    }

    /// Work on `count` rows from row `first` on, with memory of its own.
    private interface Rows {
        void run(int first, int count, long scratch);
    }

    /// Goes over a matrix, some rows at a time: those stay in the nearest cache from the first pass over them to the
    /// last.
    ///
    /// @param perRow doubles of memory for each row
    private static void rows(int rows, int columns, int perRow, Workers workers, Rows body) {
        int step = Math.clamp(TASK / 16 / Math.max(1, columns), 1, Math.max(1, rows));
        long bytes = 8L * step * perRow;
        MemorySegment scratch = Arena.ofAuto().allocate(bytes * workers.threads(), 64);
        workers.run(Math.ceilDiv(rows, step), (task, worker) -> body.run(task * step,
                Math.min(rows - task * step, step), scratch.address() + bytes * worker));
        Reference.reachabilityFence(scratch);
    }

    private static double get(long numbers, int index) {
        return ALL.get(JAVA_DOUBLE_UNALIGNED, numbers + 8L * index);
    }

    private static void set(long numbers, int index, double number) {
        ALL.set(JAVA_FLOAT_UNALIGNED, numbers + 4L * index, (float) number);
    }

    @Override
    public void layerNorm(long x, long weight, long bias, long y, int rows, int columns, float epsilon,
                          Workers workers) {
        rows(rows, columns, 2, workers, (first, count, sums) -> {
            long at = 4L * first * columns;
            long means = sums + 8L * count;
            long factors = means + 4L * count;
            passes.rowSums(x + at, count, columns, sums);
            for (int row = 0; row < count; row++) {
                set(means, row, get(sums, row) / columns);
            }
            passes.rowSquares(x + at, count, columns, means, sums);
            for (int row = 0; row < count; row++) {
                set(factors, row, 1 / Math.sqrt(get(sums, row) / columns + epsilon));
            }
            passes.normalizeRows(x + at, count, columns, means, factors, weight, bias, y + at);
        });
    }

    @Override
    public void softmax(long x, long y, int rows, int columns, Workers workers) {
        rows(rows, columns, 3, workers, (first, count, sums) -> {
            long at = 4L * first * columns;
            long factors = sums + 16L * count;
            passes.exponentials(x + at, count, columns, y + at, sums);
            for (int row = 0; row < count; row++) {
                set(factors, row, 1 / get(sums, 2 * row));
            }
            passes.scaleRows(y + at, count, columns, factors);
        });
    }

    @Override
    public void logSoftmax(long x, long y, int rows, int columns, Workers workers) {
        rows(rows, columns, 3, workers, (first, count, sums) -> {
            long at = 4L * first * columns;
            long shifts = sums + 16L * count;
            passes.exponentials(x + at, count, columns, 0, sums);
            for (int row = 0; row < count; row++) {
                set(shifts, 2 * row, get(sums, 2 * row + 1));
                set(shifts, 2 * row + 1, Math.log(get(sums, 2 * row)));
            }
            passes.subtractRows(x + at, count, columns, shifts, y + at);
        });
    }
}
