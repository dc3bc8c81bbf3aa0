package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/// The gradient of `activation(weight · (x - mean) · inverse + bias)` over NHWC images, mean and inverse deviation
/// belonging to the channels of each sample.
///
/// With g the gradient before the activation, r the inverse deviation, and A and B the means of `weight · g` and
/// `weight · g · (x - mean) · r` over what was normalised together, the gradient of x is
/// `r · (weight · g - A - (x - mean) · r · B)`; where the statistics are given, A and B are absent. Two passes: one for
/// the sums of g and of `g · (x - mean)` of each channel, one for the result. Both compute g from x and dy: to write it
/// in between and read it would be more traffic, and memory is what limits these loops.
///
/// x enters as its difference from the mean rounded to float32, so that no large mean can harm; what the rounding lost
/// is put back in float64.
final class ChannelGradient {
    /// Numbers of a task of the second pass.
    private static final int TASK = 1 << 15;
    private static final int FACTORS = 5;

    private final int batch;
    private final int pixels;
    private final int channels;
    private final Activation activation;
    private final GradientPasses passes;
    /// Center, scale, shift, slope and constant: `[batch, 5, channels]`.
    private final float[] factors;
    /// `[batch, channels]`.
    private final double[] inverse;
    /// What the center lacks of the mean, likewise.
    private final double[] lost;
    /// `[batch, 2, channels]`: of g, and of g · (x - center).
    private final double[] sums;

    ChannelGradient(GradientPasses passes, int batch, int pixels, int channels, Activation activation) {
        this.passes = passes;
        this.batch = batch;
        this.pixels = pixels;
        this.channels = channels;
        this.activation = activation;
        factors = new float[FACTORS * batch * channels];
        inverse = new double[batch * channels];
        lost = new double[batch * channels];
        sums = new double[2 * batch * channels];
    }

    /// Pixels of a task of the first pass: some tasks for each sample, and few partial sums compared to its numbers.
    private static int part(int pixels) {
        return Math.clamp(pixels / 16, 32, Math.clamp(pixels / 64, 64, 256));
    }

    /// Bytes that [#sum] needs.
    static long workspaceBytes(int batch, int pixels, int channels) {
        int part = part(pixels);
        return 8L * batch * ((pixels + part - 1) / part) * channels;
    }

    /// States the statistics of a channel.
    void normalized(int sample, int channel, double mean, double inverse, long weight, long bias) {
        int i = sample * channels + channel;
        int center = factor(sample, 0) + channel;
        double factor = get(weight, channel) * inverse;
        factors[center] = (float) mean;
        lost[i] = mean - factors[center];
        this.inverse[i] = inverse;
        factors[center + channels] = (float) factor;
        factors[center + 2 * channels] = (float) (get(bias, channel) - lost[i] * factor);
    }

    /// Where a sample's factors of one kind start.
    private int factor(int sample, int kind) {
        return (FACTORS * sample + kind) * channels;
    }

    /// The factors in memory that lives as long as the segment.
    private MemorySegment inMemory() {
        MemorySegment memory = Arena.ofAuto().allocate(4L * factors.length, 64);
        MemorySegment.copy(factors, 0, memory, JAVA_FLOAT_UNALIGNED, 0, factors.length);
        return memory;
    }

    /// The first pass.
    ///
    /// @param workspace [#workspaceBytes] bytes
    void sum(long x, long dy, long workspace, Workers workers) {
        int part = part(pixels);
        int parts = (pixels + part - 1) / part;
        MemorySegment memory = inMemory();
        workers.run(batch * parts, (task, worker) -> {
            int from = task % parts * part;
            int sample = task / parts;
            long at = 4 * ((long) sample * pixels + from) * channels;
            long total = workspace + 8L * task * channels;
            ALL.asSlice(total, 8L * channels).fill((byte) 0);
            passes.channelSums(activation, x + at, dy + at, Math.min(part, pixels - from), channels,
                    memory.address() + 4L * factor(sample, 0), total);
        });
        Reference.reachabilityFence(memory);
        workers.run(batch, (sample, _) -> PartialSums.add(workspace + 8L * sample * parts * channels, parts,
                2 * channels, sums, 2 * sample * channels));
    }

    /// States that channels `from` to `to` - 1 of the sample were normalised together, by their own statistics.
    void together(int sample, int from, int to, long weight) {
        double count = (double) pixels * (to - from);
        double a = 0;
        double b = 0;
        for (int c = from; c < to; c++) {
            a += get(weight, c) * biasGradient(sample, c);
            b += get(weight, c) * weightGradient(sample, c);
        }
        for (int c = from; c < to; c++) {
            int i = sample * channels + c;
            double projection = -inverse[i] * inverse[i] * b / count;
            factors[factor(sample, 3) + c] = (float) projection;
            factors[factor(sample, 4) + c] = (float) (-inverse[i] * a / count - projection * lost[i]);
        }
    }

    /// The gradient of the bias by this sample.
    double biasGradient(int sample, int channel) {
        return sums[2 * sample * channels + channel];
    }

    /// The gradient of the weight by this sample.
    double weightGradient(int sample, int channel) {
        int i = sample * channels + channel;
        return inverse[i] * (sums[(2 * sample + 1) * channels + channel] - lost[i] * biasGradient(sample, channel));
    }

    /// The second pass, from the end, where the first one left the caches.
    void apply(long x, long dy, long dx, Workers workers) {
        int part = Math.max(1, TASK / channels);
        int parts = (pixels + part - 1) / part;
        MemorySegment memory = inMemory();
        workers.run(batch * parts, (index, _) -> {
            int task = batch * parts - 1 - index;
            int from = task % parts * part;
            int sample = task / parts;
            long at = 4 * ((long) sample * pixels + from) * channels;
            passes.channelGradient(activation, x + at, dy + at, Math.min(part, pixels - from), channels,
                    memory.address() + 4L * factor(sample, 0), dx + at);
        });
        Reference.reachabilityFence(memory);
    }

    private static double get(long numbers, int index) {
        return ALL.get(JAVA_FLOAT_UNALIGNED, numbers + 4L * index);
    }
}
