package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.cathode.kernels.cpu.ConvolutionShape;
import jdk.incubator.vector.FloatVector;

/// What some lines of output pixels see of the input, copied with its padding, so that every tap of the filter lies a
/// fixed number of bytes from its first tap, for every pixel.
///
/// A line is a row of output pixels of one image. A copy holds `pixelNumbers` numbers for each input pixel, some
/// channels or all of them; the lines of one image share input rows.
///
/// @param shape geometry, not resized
/// @param pixelNumbers numbers from pixel to pixel of the copy
record PaddedInput(ConvolutionShape shape, int pixelNumbers) {
    static {
        CompilerDirectives.install();
    }

    /// Pixels of a row of the copy.
    int rowPixels() {
        return (shape.outWidth() - 1) * shape.strideWidth() + shape.kernelWidth();
    }

    /// Bytes of a copy of `lines` lines at most; a full panel can be read at its last pixel.
    long bytes(int lines) {
        int images = Math.ceilDiv(lines, shape.outHeight()) + 1;
        int overlap = Math.max(0, shape.kernelHeight() - shape.strideHeight());
        long rows = (long) lines * shape.strideHeight() + (long) images * overlap;
        return (rows * rowPixels() * pixelNumbers + MicroKernel.COLUMNS) * Float.BYTES;
    }

    /// Copies `channels` channels, at most `pixelNumbers`, for `lines` lines from line `first`.
    ///
    /// @param input the first of the channels of the first pixel of all
    /// @param inputStride elements from pixel to pixel of it
    void copy(long input, int inputStride, int first, int lines, int channels, long to) {
        long rowBytes = (long) rowPixels() * pixelNumbers * Float.BYTES;
        int done = 0;
        while (done < lines) {
            int image = (first + done) / shape.outHeight();
            int y = (first + done) % shape.outHeight();
            int count = Math.min(lines - done, shape.outHeight() - y);
            int top = y * shape.strideHeight() - shape.padTop();
            int rows = (count - 1) * shape.strideHeight() + shape.kernelHeight();
            for (int row = top; row < top + rows; row++) {
                if (row < 0 || row >= shape.height()) {
                    zero(to, rowPixels(), channels);
                } else {
                    long from = ((long) image * shape.height() + row) * shape.width() * inputStride;
                    row(input + from * Float.BYTES, inputStride, channels, to);
                }
                to += rowBytes;
            }
            done += count;
        }
    }

    private void row(long from, int inputStride, int channels, long to) {
        long pixel = (long) pixelNumbers * Float.BYTES;
        int left = Math.min(shape.padLeft(), rowPixels());
        int end = Math.clamp((long) left + shape.width(), left, rowPixels());
        zero(to, left, channels);
        if (inputStride == channels && pixelNumbers == channels) {
            copy(from, 0, to + left * pixel, 0, 1, (end - left) * channels);
        } else {
            copy(from, (long) inputStride * Float.BYTES, to + left * pixel, pixel, end - left, channels);
        }
        zero(to + end * pixel, rowPixels() - end, channels);
    }

    /// Writes the address of the first tap of every pixel of `lines` lines from line `first` in a copy of them.
    void table(long copy, int first, int lines, long table) {
        long step = (long) shape.strideWidth() * pixelNumbers * Float.BYTES;
        long row = 0;
        for (int line = first; line < first + lines; line++) {
            if (line > first) {
                row += line % shape.outHeight() == 0 ? shape.kernelHeight() : shape.strideHeight();
            }
            steps(copy + row * rowPixels() * pixelNumbers * Float.BYTES, step, shape.outWidth(), table);
            table += (long) shape.outWidth() * Long.BYTES;
        }
    }

    /// The same for the input as it lies in memory, if it needs no padding.
    void tableInPlace(long input, int inputStride, int first, int lines, long table) {
        long pixel = (long) inputStride * Float.BYTES;
        for (int line = first; line < first + lines; line++) {
            long row = (long) line / shape.outHeight() * shape.height()
                    + (long) line % shape.outHeight() * shape.strideHeight();
            steps(input + row * shape.width() * pixel, shape.strideWidth() * pixel, shape.outWidth(), table);
            table += (long) shape.outWidth() * Long.BYTES;
        }
    }

    private static void steps(long address, long step, int count, long to) {
        for (int i = 0; i < count; i++) {
            ALL.set(JAVA_LONG_UNALIGNED, to + i * 8L, address + i * step);
        }
    }

    private void zero(long to, int pixels, int channels) {
        FloatVector zero = FloatVector.zero(SPECIES);
        for (int p = 0; p < pixels; p++) {
            int i = 0;
            for (; i <= channels - LANES; i += LANES) {
                zero.intoMemorySegment(ALL, to + i * 4L, LE);
            }
            for (; i < channels; i++) {
                ALL.set(JAVA_FLOAT_UNALIGNED, to + i * 4L, 0f);
            }
            to += (long) pixelNumbers * Float.BYTES;
        }
    }

    private static void copy(long from, long fromStep, long to, long toStep, int rows, int length) {
        if (length == 4 * LANES) {
            copy4(from, fromStep, to, toStep, rows);
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

    private static void copy4(long from, long fromStep, long to, long toStep, int rows) {
        for (int r = 0; r < rows; r++) {
            FloatVector.fromMemorySegment(SPECIES, ALL, from, LE).intoMemorySegment(ALL, to, LE);
            FloatVector.fromMemorySegment(SPECIES, ALL, from + LANES * 4L, LE)
                    .intoMemorySegment(ALL, to + LANES * 4L, LE);
            FloatVector.fromMemorySegment(SPECIES, ALL, from + LANES * 8L, LE)
                    .intoMemorySegment(ALL, to + LANES * 8L, LE);
            FloatVector.fromMemorySegment(SPECIES, ALL, from + LANES * 12L, LE)
                    .intoMemorySegment(ALL, to + LANES * 12L, LE);
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
}
