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
    void fill(Convolution.Arguments arguments, long table, long tapStep, long first, int count, int padded,
              long zeros) {
        int outWidth = shape.outWidth();
        int outPixels = shape.outHeight() * outWidth;
        int image = (int) (first / outPixels);
        int y = (int) (first % outPixels) / outWidth;
        int x = (int) (first % outPixels) % outWidth;
        int taps = shape.kernelHeight() * shape.kernelWidth();
        for (int i = 0; i < padded; i++) {
            long at = table + (long) i * Long.BYTES;
            if (i >= count) {
                for (int t = 0; t < taps; t++) {
                    ALL.set(JAVA_LONG_UNALIGNED, at + t * tapStep, zeros);
                }
                continue;
            }
            int top = y * shape.strideHeight();
            int left = x * shape.strideWidth();
            for (int ky = 0; ky < shape.kernelHeight(); ky++) {
                for (int kx = 0; kx < shape.kernelWidth(); kx++) {
                    ALL.set(JAVA_LONG_UNALIGNED, at, pixel(arguments, image, top + ky, left + kx, zeros));
                    at += tapStep;
                }
            }
            if (++x == outWidth) {
                x = 0;
                if (++y == shape.outHeight()) {
                    y = 0;
                    image++;
                }
            }
        }
    }
}
