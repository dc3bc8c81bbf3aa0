package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.FilterGradient;
import jdk.incubator.vector.FloatVector;

/// Packs what a filter sees of the input: row k is the patch under output pixel k, columns are filter tap, then
/// channel, zeros outside the image.
///
/// Patches are copied in runs that are contiguous in memory: the channels of one tap, or of all taps of a filter row
/// where the pixels of the input lie side by side.
///
/// @param shape geometry, not resized
record PatchPacker(ConvolutionShape shape) {
    static {
        CompilerDirectives.install();
    }

    /// Numbers of a patch.
    int columns() {
        return shape.kernelHeight() * shape.kernelWidth() * shape.inChannels();
    }

    /// Packs columns `column` to `column + width - 1` of `count` patches from pixel `first` to `to[count][width]`.
    /// Columns behind the last are zeros.
    void pack(FilterGradient.Arguments arguments, int first, int count, int column, int width, long to) {
        int valid = Math.min(width, columns() - column);
        if (valid < width) {
            zero(to + valid * 4L, width * 4L, count, width - valid);
        }
        boolean dense = arguments.inputStride() == shape.inChannels();
        int run = dense ? shape.kernelWidth() * shape.inChannels() : shape.inChannels();
        int done = 0;
        while (done < valid) {
            int n = column + done;
            int length = Math.min(valid - done, run - n % run);
            segment(arguments, first, count, n, length, to + done * 4L, width * 4L);
            done += length;
        }
    }

    /// Packs `length` columns from `column`, all of one filter row.
    private void segment(FilterGradient.Arguments arguments, int first, int count, int column, int length, long to,
                         long toStep) {
        int in = shape.inChannels();
        int ky = column / in / shape.kernelWidth();
        int kxFirst = column / in % shape.kernelWidth();
        int kxLast = (column + length - 1) / in % shape.kernelWidth();
        int step = shape.strideWidth();
        long pixel = (long) arguments.inputStride() * Float.BYTES;
        // output columns from lo to hi - 1 see the whole segment
        int lo = Math.ceilDiv(shape.padLeft() - kxFirst, step);
        int hi = Math.floorDiv(shape.width() - 1 + shape.padLeft() - kxLast, step) + 1;
        int x = first % shape.outWidth();
        int line = first / shape.outWidth();
        int done = 0;
        while (done < count) {
            int end = Math.min(shape.outWidth(), x + count - done);
            int image = line / shape.outHeight();
            int y = line % shape.outHeight() * shape.strideHeight() + ky - shape.padTop();
            long at = to + done * toStep;
            if (y < 0 || y >= shape.height()) {
                zero(at, toStep, end - x, length);
            } else {
                long row = arguments.input() + ((long) image * shape.height() + y) * shape.width() * pixel;
                int left = Math.clamp(lo, x, end);
                int right = Math.clamp(hi, left, end);
                for (int i = x; i < left; i++) {
                    edge(row, pixel, i * step - shape.padLeft(), column, length, at + (i - x) * toStep);
                }
                long from = row + (left * step + kxFirst - shape.padLeft()) * pixel + column % in * 4L;
                copy(from, step * pixel, at + (left - x) * toStep, toStep, right - left, length);
                for (int i = right; i < end; i++) {
                    edge(row, pixel, i * step - shape.padLeft(), column, length, at + (i - x) * toStep);
                }
            }
            done += end - x;
            x = 0;
            line++;
        }
    }

    /// One patch of a segment, tap by tap; the patch begins at column `left` of the image row at `row`.
    private void edge(long row, long pixel, int left, int column, int length, long to) {
        int in = shape.inChannels();
        int done = 0;
        while (done < length) {
            int n = column + done;
            int channel = n % in;
            int count = Math.min(length - done, in - channel);
            int x = left + n / in % shape.kernelWidth();
            if (x < 0 || x >= shape.width()) {
                zero(to + done * 4L, 0, 1, count);
            } else {
                copy(row + x * pixel + channel * 4L, 0, to + done * 4L, 0, 1, count);
            }
            done += count;
        }
    }

    private static void copy(long from, long fromStep, long to, long toStep, int rows, int length) {
        if (length == 3 * LANES) {
            copy3(from, fromStep, to, toStep, rows);
        } else if (length >= LANES) {
            copyVectors(from, fromStep, to, toStep, rows, length);
        } else {
            for (int r = 0; r < rows; r++) {
                for (int i = 0; i < length; i++) {
                    ALL.set(JAVA_FLOAT_UNALIGNED, to + i * 4L, ALL.get(JAVA_FLOAT_UNALIGNED, from + i * 4L));
                }
                from += fromStep;
                to += toStep;
            }
        }
    }

    private static void copy3(long from, long fromStep, long to, long toStep, int rows) {
        for (int r = 0; r < rows; r++) {
            FloatVector.fromMemorySegment(SPECIES, ALL, from, LE).intoMemorySegment(ALL, to, LE);
            FloatVector.fromMemorySegment(SPECIES, ALL, from + LANES * 4L, LE)
                    .intoMemorySegment(ALL, to + LANES * 4L, LE);
            FloatVector.fromMemorySegment(SPECIES, ALL, from + LANES * 8L, LE)
                    .intoMemorySegment(ALL, to + LANES * 8L, LE);
            from += fromStep;
            to += toStep;
        }
    }

    /// At least a vector; the last one overlaps the one before.
    private static void copyVectors(long from, long fromStep, long to, long toStep, int rows, int length) {
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < length; i += LANES) {
                long at = Math.min(i, length - LANES) * 4L;
                FloatVector.fromMemorySegment(SPECIES, ALL, from + at, LE).intoMemorySegment(ALL, to + at, LE);
            }
            from += fromStep;
            to += toStep;
        }
    }

    private static void zero(long to, long toStep, int rows, int length) {
        FloatVector zero = FloatVector.zero(SPECIES);
        for (int r = 0; r < rows; r++) {
            int i = 0;
            for (; i <= length - LANES; i += LANES) {
                zero.intoMemorySegment(ALL, to + i * 4L, LE);
            }
            for (; i < length; i++) {
                ALL.set(JAVA_FLOAT_UNALIGNED, to + i * 4L, 0f);
            }
            to += toStep;
        }
    }
}
