package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
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

    private final Passes passes;
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

    GroupMoments(Passes passes, int batch, int pixels, int channels, int groups) {
        this.passes = passes;
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
        int bytes = Math.ceilDiv(channels, LANES) * LANES * Float.BYTES;
        MemorySegment scratch = Arena.ofAuto().allocate(2L * bytes * workers.threads(), 64);
        workers.run(batch * blocks, (task, worker) -> {
            int from = task % blocks * block;
            int count = Math.min(block, pixels - from);
            long start = x + 4 * ((long) task / blocks * pixels + from) * stride;
            long sums = scratch.address() + 2L * bytes * worker;
            int whole = channels - channels % LANES;
            passes.moments(start, 4L * stride, count, sums, sums + bytes, whole);
            if (whole < channels) {
                rest(start + 4L * whole, 4L * stride, count, sums + 4L * whole, sums + bytes + 4L * whole);
            }
            collect(numbers(start), count, numbers(sums), numbers(sums + bytes), task * groups);
        });
        Reference.reachabilityFence(scratch);
        for (int sample = 0; sample < batch; sample++) {
            for (int group = 0; group < groups; group++) {
                merge(sample * blocks * groups + group);
            }
        }
    }

    private float[] numbers(long address) {
        float[] numbers = new float[channels];
        MemorySegment.copy(ALL, JAVA_FLOAT_UNALIGNED, address, numbers, 0, channels);
        return numbers;
    }

    /// Moments of the channels that fill no vector.
    private void rest(long x, long stride, int count, long sums, long squares) {
        VectorMask<Float> mask = SPECIES.indexInRange(0, channels % LANES);
        FloatVector first = FloatVector.fromMemorySegment(SPECIES, ALL, x, LE, mask);
        FloatVector sum = FloatVector.zero(SPECIES);
        FloatVector square = FloatVector.zero(SPECIES);
        for (int pixel = 1; pixel < count; pixel++) {
            FloatVector d = FloatVector.fromMemorySegment(SPECIES, ALL, x + pixel * stride, LE, mask).sub(first);
            sum = d.add(sum);
            square = d.fma(d, square);
        }
        sum.intoMemorySegment(ALL, sums, LE, mask);
        square.intoMemorySegment(ALL, squares, LE, mask);
    }

    double mean(int sample, int group) {
        return means[sample * blocks * groups + group];
    }

    double variance(int sample, int group) {
        return squares[sample * blocks * groups + group] / ((double) pixels * (channels / groups));
    }

    /// Channels of a block to groups.
    private void collect(float[] first, int count, float[] sums, float[] sumsOfSquares, int target) {
        int size = channels / groups;
        for (int group = 0; group < groups; group++) {
            double mean = 0;
            for (int c = group * size; c < (group + 1) * size; c++) {
                mean += first[c] + (double) sums[c] / count;
            }
            mean /= size;
            double square = 0;
            for (int c = group * size; c < (group + 1) * size; c++) {
                double difference = (double) sums[c] / count;
                double fromMean = first[c] + difference - mean;
                square += sumsOfSquares[c] + count * (fromMean * fromMean - difference * difference);
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
