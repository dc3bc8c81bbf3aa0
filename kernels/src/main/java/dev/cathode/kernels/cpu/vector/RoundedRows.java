package dev.cathode.kernels.cpu.vector;

import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionShape;

/// Rounds the input that a block of output pixels sees, and notes where each pixel of each filter tap lies then.
///
/// Output pixels beside each other in an image see, for each filter row, a piece of one input row: it is rounded once
/// for all taps of that filter row.
///
/// @param shape geometry
/// @param products they say what a rounded number looks like
/// @param passes what fills tables
/// @param filterRows of a block at most
/// @param channels of a block at most
/// @param map where pixels lie
record RoundedRows(ConvolutionShape shape, RoundedProducts products, Passes passes, int filterRows, int channels,
                   InputMap map) {
    RoundedRows(ConvolutionShape shape, RoundedProducts products, Passes passes, int filterRows, int channels) {
        this(shape, products, passes, filterRows, channels, new InputMap(shape));
    }

    /// What to round.
    ///
    /// @param row the first output pixel, over all images
    /// @param rows output pixels
    /// @param padded entries of a tap in the table; those behind the pixels are zeros
    /// @param filterRow the first filter row
    /// @param filterRows how many
    /// @param channel the first channel
    /// @param channels how many
    record Block(int row, int rows, int padded, int filterRow, int filterRows, int channel, int channels) { }

    /// Bytes from pixel to pixel: not a power of two, lest pixels fall on the same lines of the cache.
    long rowBytes() {
        int multiple = RoundedProducts.ROW_MULTIPLE;
        return (long) Math.ceilDiv(channels, multiple) * multiple * products.bytes() + 64;
    }

    /// Bytes of the rounded pixels of a block of so many output pixels.
    long bytes(int rows) {
        int outWidth = shape.outWidth();
        int runs = Math.min(rows, Math.ceilDiv(rows - 1, outWidth) + 1);
        long seen = (long) runs * shape.width();
        if (shape.resizedWidth() >= shape.width()) {
            seen = Math.min(seen, (long) rows * shape.strideWidth() + (long) runs * shape.kernelWidth());
        }
        return seen * filterRows * rowBytes();
    }

    /// Rounds, and fills `table[tap][padded]`.
    ///
    /// @param to the rounded pixels
    /// @param zeros a pixel of the padding
    void fill(Convolution.Arguments arguments, Block block, long table, long to, long zeros) {
        int outWidth = shape.outWidth();
        int outPixels = shape.outHeight() * outWidth;
        int taps = block.filterRows * shape.kernelWidth();
        long at = to;
        for (int done = 0; done < block.rows; ) {
            int pixel = block.row + done;
            int x = pixel % outWidth;
            int count = Math.min(outWidth - x, block.rows - done);
            for (int ky = 0; ky < block.filterRows; ky++) {
                int row = map.row(pixel % outPixels / outWidth * shape.strideHeight() + block.filterRow + ky);
                long entries = table + ((long) ky * shape.kernelWidth() * block.padded + done) * Long.BYTES;
                at = run(arguments, block, pixel / outPixels, row, x, count, entries, at, zeros);
            }
            done += count;
        }
        for (int tap = 0; tap < taps; tap++) {
            passes.addresses(table + ((long) tap * block.padded + block.rows) * Long.BYTES, zeros, 0,
                    block.padded - block.rows);
        }
    }

    /// The taps of one filter row for output pixels x to x + count - 1 of an image's row.
    ///
    /// @param row of the input, or -1
    /// @return where the next rounded pixels go
    private long run(Convolution.Arguments arguments, Block block, int image, int row, int x, int count, long entries,
                     long to, long zeros) {
        int left = x * shape.strideWidth();
        int right = left + (count - 1) * shape.strideWidth() + shape.kernelWidth();
        while (left < right && map.column(left) < 0) {
            left++;
        }
        while (left < right && map.column(right - 1) < 0) {
            right--;
        }
        boolean exists = row >= 0 && left < right;
        int first = exists ? map.column(left) : 0;
        int pixels = exists ? map.column(right - 1) - first + 1 : 0;
        if (exists) {
            long index = ((long) image * shape.height() + row) * shape.width() + first;
            long from = arguments.input() + (index * arguments.inputStride() + block.channel) * Float.BYTES;
            products.round(from, (long) arguments.inputStride() * Float.BYTES, pixels, block.channels, to, rowBytes());
        }
        for (int kx = 0; kx < shape.kernelWidth(); kx++) {
            map.entries(passes, entries + (long) kx * block.padded * Long.BYTES, exists, to - first * rowBytes(),
                    rowBytes(), x, kx, count, zeros);
        }
        return to + pixels * rowBytes();
    }
}
