package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.Workers;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Mean and variance of each group of channels of each sample of an NHWC image.
///
/// Within a block of pixels every channel sums differences from its first pixel and their squares in float32, which no
/// large mean can harm; blocks are merged in float64 (Chan, Golub and LeVeque, "Updating formulae and a pairwise
/// algorithm for computing sample variances", 1979), in order.
final class GroupMoments {
    static {
        CompilerDirectives.install();
    }

    private final int batch;
    private final int pixels;
    private final int channels;
    private final int groups;
    private final int block;
    private final int blocks;
    /// `[batch, blocks, groups]`, then merged into block 0.
    private final double[] means;
    /// Sums of squared differences from the mean, likewise.
    private final double[] squares;

    GroupMoments(int batch, int pixels, int channels, int groups) {
        this.batch = batch;
        this.pixels = pixels;
        this.channels = channels;
        this.groups = groups;
        block = Math.clamp(pixels / 8, 32, 256);
        blocks = (pixels + block - 1) / block;
        means = new double[batch * blocks * groups];
        squares = new double[batch * blocks * groups];
    }

    void compute(long x, int stride, Workers workers) {
        float[][] scratch = new float[workers.threads()][2 * channels];
        workers.run(batch * blocks, (task, worker) -> {
            int from = task % blocks * block;
            int count = Math.min(block, pixels - from);
            long start = x + 4 * ((long) task / blocks * pixels + from) * stride;
            sums(start, stride, count, channels, scratch[worker]);
            collect(start, count, scratch[worker], task * groups);
        });
        for (int sample = 0; sample < batch; sample++) {
            for (int group = 0; group < groups; group++) {
                merge(sample * blocks * groups + group);
            }
        }
    }

    double mean(int sample, int group) {
        return means[sample * blocks * groups + group];
    }

    double variance(int sample, int group) {
        return squares[sample * blocks * groups + group] / ((double) pixels * (channels / groups));
    }

    /// Per channel, the sum of the differences from pixel 0 and the sum of their squares.
    private static void sums(long x, int stride, int count, int channels, float[] result) {
        int c = 0;
        for (; c <= channels - 4 * LANES; c += 4 * LANES) {
            sums4(x + 4L * c, stride, count, result, c, channels + c);
        }
        for (; c < channels; c += LANES) {
            sums1(x + 4L * c, stride, count, result, c, channels + c, SPECIES.indexInRange(c, channels));
        }
    }

    private static void sums4(long x, int stride, int count, float[] result, int sums, int squares) {
        FloatVector first0 = FloatVector.fromMemorySegment(SPECIES, ALL, x, LE);
        FloatVector first1 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * LANES, LE);
        FloatVector first2 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 8L * LANES, LE);
        FloatVector first3 = FloatVector.fromMemorySegment(SPECIES, ALL, x + 12L * LANES, LE);
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = FloatVector.zero(SPECIES);
        FloatVector sum2 = FloatVector.zero(SPECIES);
        FloatVector sum3 = FloatVector.zero(SPECIES);
        FloatVector square0 = FloatVector.zero(SPECIES);
        FloatVector square1 = FloatVector.zero(SPECIES);
        FloatVector square2 = FloatVector.zero(SPECIES);
        FloatVector square3 = FloatVector.zero(SPECIES);
        for (int pixel = 1; pixel < count; pixel++) {
            long xp = x + 4L * pixel * stride;
            FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, ALL, xp, LE).sub(first0);
            FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, ALL, xp + 4L * LANES, LE).sub(first1);
            FloatVector d2 = FloatVector.fromMemorySegment(SPECIES, ALL, xp + 8L * LANES, LE).sub(first2);
            FloatVector d3 = FloatVector.fromMemorySegment(SPECIES, ALL, xp + 12L * LANES, LE).sub(first3);
            sum0 = d0.add(sum0);
            sum1 = d1.add(sum1);
            sum2 = d2.add(sum2);
            sum3 = d3.add(sum3);
            square0 = d0.fma(d0, square0);
            square1 = d1.fma(d1, square1);
            square2 = d2.fma(d2, square2);
            square3 = d3.fma(d3, square3);
        }
        sum0.intoArray(result, sums);
        sum1.intoArray(result, sums + LANES);
        sum2.intoArray(result, sums + 2 * LANES);
        sum3.intoArray(result, sums + 3 * LANES);
        square0.intoArray(result, squares);
        square1.intoArray(result, squares + LANES);
        square2.intoArray(result, squares + 2 * LANES);
        square3.intoArray(result, squares + 3 * LANES);
    }

    private static void sums1(long x, int stride, int count, float[] result, int sums, int squares,
                              VectorMask<Float> mask) {
        FloatVector first = FloatVector.fromMemorySegment(SPECIES, ALL, x, LE, mask);
        FloatVector sum = FloatVector.zero(SPECIES);
        FloatVector square = FloatVector.zero(SPECIES);
        for (int pixel = 1; pixel < count; pixel++) {
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * pixel * stride, LE, mask).sub(first);
            sum = d.add(sum);
            square = d.fma(d, square);
        }
        sum.intoArray(result, sums, mask);
        square.intoArray(result, squares, mask);
    }

    /// Channels of a block to groups.
    private void collect(long first, int count, float[] sums, int target) {
        int size = channels / groups;
        for (int group = 0; group < groups; group++) {
            double mean = 0;
            for (int c = group * size; c < (group + 1) * size; c++) {
                mean += ALL.get(JAVA_FLOAT_UNALIGNED, first + 4L * c) + (double) sums[c] / count;
            }
            mean /= size;
            double square = 0;
            for (int c = group * size; c < (group + 1) * size; c++) {
                double difference = (double) sums[c] / count;
                double fromMean = ALL.get(JAVA_FLOAT_UNALIGNED, first + 4L * c) + difference - mean;
                square += sums[channels + c] + count * (fromMean * fromMean - difference * difference);
            }
            means[target + group] = mean;
            squares[target + group] = Math.max(0, square);
        }
    }

    /// Merges a group's blocks into the first.
    private void merge(int first) {
        double size = channels / groups;
        double count = Math.min(block, pixels) * size;
        double mean = means[first];
        double square = squares[first];
        for (int i = 1; i < blocks; i++) {
            double added = Math.min(block, pixels - i * block) * size;
            double delta = means[first + i * groups] - mean;
            square += squares[first + i * groups] + delta * delta * (count * added / (count + added));
            count += added;
            mean += delta * (added / count);
        }
        means[first] = mean;
        squares[first] = square;
    }
}
