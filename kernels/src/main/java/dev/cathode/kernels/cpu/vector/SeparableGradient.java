package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;

import dev.cathode.kernels.cpu.Workers;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Gradients of what maps rows and columns of NHWC images separately: resizing and averaging. Each pixel of the result
/// collects what the forward operation made of it, a vector of channels at a time.
final class SeparableGradient {
    static {
        CompilerDirectives.install();
    }

    private SeparableGradient() { }

    /// @param rows map of the rows in the forward operation
    /// @param columns map of the columns
    /// @param height rows of dx
    /// @param width columns of dx
    static void run(Taps rows, Taps columns, long dy, long dx, int batch, int height, int width, int channels,
                    Workers workers) {
        int outHeight = rows.first().length;
        int outWidth = columns.first().length;
        Taps back = rows.transposed(height);
        float[][] down = floats(back);
        Taps backColumns = columns.transposed(width);
        float[][] across = floats(backColumns);
        workers.run(batch * height, (task, _) -> {
            int row = task % height;
            long line = dy + 4L * ((long) (task / height) * outHeight + back.first()[row]) * outWidth * channels;
            for (int column = 0; column < width; column++) {
                pixel(line + 4L * backColumns.first()[column] * channels, 4L * outWidth * channels, down[row],
                        across[column], dx + 4L * ((long) task * width + column) * channels, channels);
            }
        });
    }

    private static float[][] floats(Taps taps) {
        float[][] weights = new float[taps.weights().length][];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = new float[taps.weights()[i].length];
            for (int j = 0; j < weights[i].length; j++) {
                weights[i][j] = (float) taps.weights()[i][j];
            }
        }
        return weights;
    }

    private static void pixel(long dy, long stride, float[] down, float[] across, long dx, int channels) {
        int channel = 0;
        for (; channel <= channels - LANES; channel += LANES) {
            FloatVector sum = FloatVector.zero(SPECIES);
            for (int r = 0; r < down.length; r++) {
                FloatVector line = FloatVector.zero(SPECIES);
                long at = dy + r * stride + 4L * channel;
                for (int c = 0; c < across.length; c++) {
                    line = FloatVector.fromMemorySegment(SPECIES, ALL, at + 4L * c * channels, LE)
                            .fma(FloatVector.broadcast(SPECIES, across[c]), line);
                }
                sum = line.fma(FloatVector.broadcast(SPECIES, down[r]), sum);
            }
            sum.intoMemorySegment(ALL, dx + 4L * channel, LE);
        }
        if (channel < channels) {
            rest(dy + 4L * channel, stride, 4L * channels, down, across, dx + 4L * channel,
                    SPECIES.indexInRange(channel, channels));
        }
    }

    private static void rest(long dy, long stride, long next, float[] down, float[] across, long dx,
                             VectorMask<Float> rest) {
        FloatVector sum = FloatVector.zero(SPECIES);
        for (int r = 0; r < down.length; r++) {
            FloatVector line = FloatVector.zero(SPECIES);
            for (int c = 0; c < across.length; c++) {
                line = FloatVector.fromMemorySegment(SPECIES, ALL, dy + r * stride + c * next, LE, rest)
                        .fma(FloatVector.broadcast(SPECIES, across[c]), line);
            }
            sum = line.fma(FloatVector.broadcast(SPECIES, down[r]), sum);
        }
        sum.intoMemorySegment(ALL, dx, LE, rest);
    }
}
