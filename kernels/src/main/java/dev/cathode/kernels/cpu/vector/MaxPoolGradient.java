package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.NE;

import dev.cathode.kernels.cpu.Rearrangement.Window;
import dev.cathode.kernels.cpu.Workers;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Gradient of a maximum over windows of NHWC images. A task owns a band of rows of the result and takes all windows
/// that reach into it, in their order; a window at a border of bands is looked at twice.
///
/// As in PyTorch the first of equal numbers takes the gradient, and NaN counts as larger than all others.
final class MaxPoolGradient {
    static {
        CompilerDirectives.install();
    }

    private static final int BAND = 16;

    private MaxPoolGradient() { }

    static void run(long x, long dy, long dx, int batch, int height, int width, int channels, Window w,
                    Workers workers) {
        int bands = Math.ceilDiv(height, BAND);
        long line = 4L * width * channels;
        long outLine = 4L * Pooling.columns(width, w) * channels;
        int outHeight = Pooling.rows(height, w);
        workers.run(batch * bands, (task, _) -> {
            int n = task / bands;
            int from = task % bands * BAND;
            int to = Math.min(height, from + BAND);
            long image = n * height * line;
            ALL.asSlice(dx + image + from * line, (to - from) * line).fill((byte) 0);
            int first = Math.max(0, Math.ceilDiv(from + w.padHeight() - w.kernelHeight() + 1, w.strideHeight()));
            int last = Math.min(outHeight - 1, (to - 1 + w.padHeight()) / w.strideHeight());
            for (int r = first; r <= last; r++) {
                int top = r * w.strideHeight() - w.padHeight();
                int bottom = Math.min(height, top + w.kernelHeight());
                top = Math.max(0, top);
                windows(x + image + top * line, dy + ((long) n * outHeight + r) * outLine, dx + image + top * line,
                        bottom - top, Math.max(0, from - top), Math.min(bottom, to) - top, width, channels, w);
            }
        });
    }

    /// One row of windows.
    ///
    /// @param height rows of the windows
    /// @param from first row of the windows that lies in the band
    /// @param to end of these rows
    private static void windows(long x, long dy, long dx, int height, int from, int to, int width, int channels,
                                Window w) {
        long pixel = 4L * channels;
        for (int c = 0; c < Pooling.columns(width, w); c++) {
            int left = c * w.strideWidth() - w.padWidth();
            int right = Math.min(width, left + w.kernelWidth());
            left = Math.max(0, left);
            for (int channel = 0; channel < channels; channel += LANES) {
                long at = left * pixel + 4L * channel;
                add(x + at, dy + c * pixel + 4L * channel, dx + at, height, from, to, right - left, pixel,
                        width * pixel, SPECIES.indexInRange(channel, channels));
            }
        }
    }

    /// Adds the gradient of one window to the largest number of each channel.
    ///
    /// @param from first row to add to
    /// @param to end of these rows
    /// @param pixel bytes from a pixel to the next
    /// @param line bytes from a row to the next
    private static void add(long x, long dy, long dx, int height, int from, int to, int width, long pixel,
                            long line, VectorMask<Float> mask) {
        FloatVector best = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        FloatVector place = FloatVector.zero(SPECIES); // of the largest number: pixels of the window, counted
        for (int r = 0; r < height; r++) {
            for (int c = 0; c < width; c++) {
                FloatVector v = FloatVector.fromMemorySegment(SPECIES, ALL, x + r * line + c * pixel, LE, mask);
                VectorMask<Float> larger = v.compare(GT, best).or(v.compare(NE, v));
                best = best.blend(v, larger);
                place = place.blend(FloatVector.broadcast(SPECIES, (float) (r * width + c)), larger);
            }
        }
        FloatVector gradient = FloatVector.fromMemorySegment(SPECIES, ALL, dy, LE, mask);
        for (int r = from; r < to; r++) {
            for (int c = 0; c < width; c++) {
                long at = dx + r * line + c * pixel;
                VectorMask<Float> here = place.compare(EQ, (float) (r * width + c));
                FloatVector sum = FloatVector.fromMemorySegment(SPECIES, ALL, at, LE, mask);
                sum.blend(sum.add(gradient), here).intoMemorySegment(ALL, at, LE, mask);
            }
        }
    }
}
