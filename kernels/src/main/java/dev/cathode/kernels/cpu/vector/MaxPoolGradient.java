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

/// Gradient of a maximum over windows of NHWC images. Windows overlap, so a task takes all windows of one image for one
/// vector of channels: nobody else adds to its numbers, and windows add up in their order.
///
/// As in PyTorch the first of equal numbers takes the gradient, and NaN counts as larger than all others.
final class MaxPoolGradient {
    static {
        CompilerDirectives.install();
    }

    private MaxPoolGradient() { }

    static void run(long x, long dy, long dx, int batch, int height, int width, int channels, Window w,
                    Workers workers) {
        int outHeight = Pooling.rows(height, w);
        int outWidth = Pooling.columns(width, w);
        int strips = Math.ceilDiv(channels, LANES);
        workers.run(batch * strips, (task, _) -> {
            int channel = task % strips * LANES;
            VectorMask<Float> mask = SPECIES.indexInRange(channel, channels);
            long image = 4 * ((long) (task / strips) * height * width * channels + channel);
            zero(dx + image, height * width, 4L * channels, mask);
            long out = dy + 4 * ((long) (task / strips) * outHeight * outWidth * channels + channel);
            for (int r = 0; r < outHeight; r++) {
                int top = r * w.strideHeight() - w.padHeight();
                int bottom = Math.min(height, top + w.kernelHeight());
                top = Math.max(0, top);
                for (int c = 0; c < outWidth; c++) {
                    int left = c * w.strideWidth() - w.padWidth();
                    int right = Math.min(width, left + w.kernelWidth());
                    left = Math.max(0, left);
                    long corner = image + 4L * (top * width + left) * channels;
                    add(x + corner, out, dx + corner, bottom - top, right - left, 4L * channels, 4L * width * channels,
                            mask);
                    out += 4L * channels;
                }
            }
        });
    }

    private static void zero(long dx, int pixels, long pixel, VectorMask<Float> mask) {
        for (int i = 0; i < pixels; i++) {
            FloatVector.zero(SPECIES).intoMemorySegment(ALL, dx + i * pixel, LE, mask);
        }
    }

    /// Adds the gradient of one window to the largest number of each channel.
    ///
    /// @param pixel bytes from a pixel to the next
    /// @param line bytes from a row to the next
    private static void add(long x, long dy, long dx, int height, int width, long pixel, long line,
                            VectorMask<Float> mask) {
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
        for (int r = 0; r < height; r++) {
            for (int c = 0; c < width; c++) {
                long at = dx + r * line + c * pixel;
                VectorMask<Float> here = place.compare(EQ, (float) (r * width + c));
                FloatVector sum = FloatVector.fromMemorySegment(SPECIES, ALL, at, LE, mask);
                sum.blend(sum.add(gradient), here).intoMemorySegment(ALL, at, LE, mask);
            }
        }
    }
}
