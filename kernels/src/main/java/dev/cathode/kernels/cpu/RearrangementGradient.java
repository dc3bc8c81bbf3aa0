package dev.cathode.kernels.cpu;

import dev.cathode.kernels.cpu.Rearrangement.Filter;
import dev.cathode.kernels.cpu.Rearrangement.Window;

/// Gradients of the operations of [Rearrangement]: NHWC, float32. Results overlap no operand and are written
/// completely; the order of the sums does not depend on the number of threads. Heights and widths are those of the
/// forward operation's input, `outHeight` and `outWidth` those of its result.
public interface RearrangementGradient {
    /// Of rows of a table: `dTable[v] = Σ dy[r]` over the rows r with id v; `[tableRows, columns]`. Ids are checked.
    ///
    /// @throws IndexOutOfBoundsException if an id is outside the table
    void embedding(long ids, long dy, long dTable, int rows, int tableRows, int columns, Workers workers);

    /// Of one row of each sample: zeros but for the row that `positions[n]` names.
    void gatherRows(long positions, long dy, long dx, int batch, int length, int columns, Workers workers);

    /// Of a nearest-neighbour resize: each pixel sums up the pixels that were copied from it.
    void resizeNearest(long dy, long dx, int batch, int height, int width, int outHeight, int outWidth, int channels,
                       Workers workers);

    /// Of a smooth resize.
    void resize(Filter filter, boolean antialias, long dy, long dx, int batch, int height, int width, int channels,
                int outHeight, int outWidth, Workers workers);

    /// Of a maximum over windows: the first largest element of a window takes its gradient, as in PyTorch.
    void maxPool(long x, long dy, long dx, int batch, int height, int width, int channels, Window window,
                 Workers workers);

    /// Of a mean over windows.
    void averagePool(long dy, long dx, int batch, int height, int width, int channels, Window window,
                     boolean countPadding, Workers workers);

    /// Of PyTorch's adaptive average pooling.
    void adaptiveAveragePool(long dy, long dx, int batch, int height, int width, int channels, int outHeight,
                             int outWidth, Workers workers);

    /// Spreads pixels apart, zeros between: pixel (y, x) of dy goes to (y · strideHeight, x · strideWidth) of dx. What
    /// turns the input gradient of a convolution with a stride into a convolution without one. Here `height` and
    /// `width` are those of dy, `outHeight` and `outWidth` those of dx, which may have more rows and columns than the
    /// spread pixels need: these are zero.
    ///
    /// @throws IllegalArgumentException if dx is too small
    void dilate(long dy, long dx, int batch, int height, int width, int strideHeight, int strideWidth, int channels,
                int outHeight, int outWidth, Workers workers);
}
