package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;

import dev.cathode.kernels.cpu.Rearrangement.Window;
import dev.cathode.kernels.cpu.Workers;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Maximum and mean over areas of NHWC images, a vector of channels at a time.
final class Pooling {
    static {
        CompilerDirectives.install();
    }

    private Pooling() { }

    /// The source area of one output pixel, and what the sum is divided by.
    private record Area(int top, int bottom, int left, int right, float divisor) { }

    @FunctionalInterface
    private interface Areas {
        Area at(int row, int column);
    }

    static void max(long x, long y, int batch, int height, int width, int channels, Window w, Workers workers) {
        pool(true, x, y, batch, height, width, channels, rows(height, w), columns(width, w), workers,
                (r, c) -> area(height, width, w, r, c, true));
    }

    static void average(long x, long y, int batch, int height, int width, int channels, Window w, boolean countPadding,
                        Workers workers) {
        pool(false, x, y, batch, height, width, channels, rows(height, w), columns(width, w), workers,
                (r, c) -> area(height, width, w, r, c, countPadding));
    }

    static void adaptiveAverage(long x, long y, int batch, int height, int width, int channels, int outHeight,
                                int outWidth, Workers workers) {
        pool(false, x, y, batch, height, width, channels, outHeight, outWidth, workers, (r, c) -> {
            int top = r * height / outHeight;
            int bottom = Math.ceilDiv((r + 1) * height, outHeight);
            int left = c * width / outWidth;
            int right = Math.ceilDiv((c + 1) * width, outWidth);
            return new Area(top, bottom, left, right, (bottom - top) * (right - left));
        });
    }

    /// Rows of the result.
    static int rows(int height, Window w) {
        return (height + 2 * w.padHeight() - w.kernelHeight()) / w.strideHeight() + 1;
    }

    /// Columns of the result.
    static int columns(int width, Window w) {
        return (width + 2 * w.padWidth() - w.kernelWidth()) / w.strideWidth() + 1;
    }

    private static Area area(int height, int width, Window w, int row, int column, boolean countPadding) {
        int top = row * w.strideHeight() - w.padHeight();
        int left = column * w.strideWidth() - w.padWidth();
        int bottom = Math.min(height, top + w.kernelHeight());
        int right = Math.min(width, left + w.kernelWidth());
        top = Math.max(0, top);
        left = Math.max(0, left);
        return new Area(top, bottom, left, right,
                countPadding ? w.kernelHeight() * w.kernelWidth() : (bottom - top) * (right - left));
    }

    private static void pool(boolean max, long x, long y, int batch, int height, int width, int channels, int outHeight,
                             int outWidth, Workers workers, Areas areas) {
        workers.run(batch * outHeight, (task, _) -> {
            long image = x + 4L * (task / outHeight) * height * width * channels;
            for (int c = 0; c < outWidth; c++) {
                Area area = areas.at(task % outHeight, c);
                long out = y + 4L * ((long) task * outWidth + c) * channels;
                for (int channel = 0; channel < channels; channel += LANES) {
                    VectorMask<Float> mask = SPECIES.indexInRange(channel, channels);
                    long at = image + 4L * channel;
                    FloatVector result = max ? largest(at, width, channels, area, mask)
                            : sum(at, width, channels, area, mask).div(area.divisor());
                    result.intoMemorySegment(ALL, out + 4L * channel, LE, mask);
                }
            }
        });
    }

    private static FloatVector largest(long x, int width, int channels, Area area, VectorMask<Float> mask) {
        FloatVector best = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        for (int r = area.top(); r < area.bottom(); r++) {
            for (int c = area.left(); c < area.right(); c++) {
                best = best.max(FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * (r * width + c) * channels, LE, mask));
            }
        }
        return best;
    }

    private static FloatVector sum(long x, int width, int channels, Area area, VectorMask<Float> mask) {
        FloatVector sum = FloatVector.zero(SPECIES);
        for (int r = area.top(); r < area.bottom(); r++) {
            for (int c = area.left(); c < area.right(); c++) {
                sum = sum.add(FloatVector.fromMemorySegment(SPECIES, ALL, x + 4L * (r * width + c) * channels, LE, mask));
            }
        }
        return sum;
    }
}
