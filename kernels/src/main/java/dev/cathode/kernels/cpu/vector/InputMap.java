package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionShape;

/// Where the pixels of a padded and resized input lie in the input as it is: resize and padding are index arithmetic
/// and cost no memory.
final class InputMap {
    private final ConvolutionShape shape;
    /// Input row of resized row y - padTop, -1 in the padding.
    private final int[] rows;
    /// Input column of resized column x - padLeft, -1 in the padding.
    private final int[] columns;

    InputMap(ConvolutionShape shape) {
        this.shape = shape;
        rows = axis(shape.padTop(), shape.resizedHeight(), shape.height(), shape.padBottom());
        columns = axis(shape.padLeft(), shape.resizedWidth(), shape.width(), shape.padRight());
    }

    private static int[] axis(int before, int resized, int size, int after) {
        int[] map = new int[before + resized + after];
        for (int i = 0; i < map.length; i++) {
            int at = i - before;
            map[i] = at < 0 || at >= resized ? -1 : (int) ((long) at * size / resized);
        }
        return map;
    }

    /// The address of pixel (y, x) of the padded, resized image, or `zeros` in the padding and outside.
    long pixel(Convolution.Arguments arguments, int image, int y, int x, long zeros) {
        int row = row(y);
        int column = column(x);
        if (row < 0 || column < 0) {
            return zeros;
        }
        long index = ((long) image * shape.height() + row) * shape.width() + column;
        return arguments.input() + index * arguments.inputStride() * Float.BYTES;
    }

    /// The row of the input that row `y` of the padded, resized image shows, or -1 in the padding and outside.
    int row(int y) {
        return y < rows.length ? rows[y] : -1;
    }

    /// The column of the input that column `x` of the padded, resized image shows, or -1.
    int column(int x) {
        return x < columns.length ? columns[x] : -1;
    }

    /// Fills `table[tap][i]` with the addresses of the input pixels of output pixels `first` to `first + count - 1`,
    /// and with `zeros` from there to `padded`.
    void fill(Passes passes, Convolution.Arguments arguments, long table, long tapStep, int first, int count,
              int padded, long zeros) {
        int outWidth = shape.outWidth();
        int outPixels = shape.outHeight() * outWidth;
        long pixelBytes = (long) arguments.inputStride() * Float.BYTES;
        for (int done = 0; done < count; ) {
            int pixel = first + done;
            int x = pixel % outWidth;
            int run = Math.min(outWidth - x, count - done); // beside each other in an image
            int top = pixel % outPixels / outWidth * shape.strideHeight();
            long image = (long) (pixel / outPixels) * shape.height();
            for (int ky = 0; ky < shape.kernelHeight(); ky++) {
                int row = row(top + ky);
                long columns = arguments.input() + (image + row) * shape.width() * pixelBytes;
                for (int kx = 0; kx < shape.kernelWidth(); kx++) {
                    long at = table + (ky * shape.kernelWidth() + kx) * tapStep + (long) done * Long.BYTES;
                    entries(passes, at, row >= 0, columns, pixelBytes, x, kx, run, zeros);
                }
            }
            done += run;
        }
        for (int tap = 0; tap < shape.kernelHeight() * shape.kernelWidth(); tap++) {
            passes.addresses(table + tap * tapStep + (long) count * Long.BYTES, zeros, 0, padded - count);
        }
    }

    /// Fills a part of a table: the addresses that filter column `kx` sees from `count` output pixels of a row, or
    /// `zeros`.
    ///
    /// @param exists whether the input has this row
    /// @param columns where the row's column 0 lies, or would
    /// @param step bytes from column to column
    /// @param x the first of the output pixels
    void entries(Passes passes, long table, boolean exists, long columns, long step, int x, int kx, int count,
                 long zeros) {
        int strideWidth = shape.strideWidth();
        if (!exists) {
            passes.addresses(table, zeros, 0, count);
        } else if (shape.resizedWidth() == shape.width()) { // padding, columns in equal steps, padding
            int left = x * strideWidth + kx - shape.padLeft();
            int begin = Math.clamp(Math.ceilDiv(-left, strideWidth), 0, count);
            int end = Math.clamp(Math.ceilDiv(shape.width() - left, strideWidth), begin, count);
            passes.addresses(table, zeros, 0, begin);
            passes.addresses(table + (long) begin * Long.BYTES, columns + ((long) left + begin * strideWidth) * step,
                    strideWidth * step, end - begin);
            passes.addresses(table + (long) end * Long.BYTES, zeros, 0, count - end);
        } else {
            for (int i = 0; i < count; i++) {
                int column = column((x + i) * strideWidth + kx);
                long address = column < 0 ? zeros : columns + column * step;
                ALL.set(JAVA_LONG_UNALIGNED, table + (long) i * Long.BYTES, address);
            }
        }
    }
}
