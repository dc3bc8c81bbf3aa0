package dev.cathode.kernels.cpu;

/// Kernels that move numbers: NHWC images, float32 unless said otherwise.
public interface Rearrangement {
    /// Copies `rows` rows of `columns` floats between strided memories.
    void copy(long x, long xStride, long y, long yStride, long rows, long columns, Workers workers);

    /// `y = permute(x)`: the axes of a contiguous tensor of `shape` in the order `axes`
    /// (`y.shape[i] = shape[axes[i]]`).
    void permute(long x, int[] shape, int[] axes, long y, Workers workers);

    /// Rows of a table by 32-bit ids: `y[r] = table[ids[r]]`. Ids are checked.
    ///
    /// @throws IndexOutOfBoundsException if an id is outside the table
    void embedding(long table, WeightStorage storage, int tableRows, int columns, long ids, long y, int rows,
                   Workers workers);

    /// The row of each sample that `positions[n]` names: `[batch, length, columns]` to `[batch, columns]`.
    void gatherRows(long x, long positions, long y, int batch, int length, int columns, Workers workers);

    /// Sinusoidal embedding of timesteps, as diffusers' `get_timestep_embedding`: frequencies
    /// `exp(-ln(maxPeriod) · i / (columns/2 - freqShift))`, computed in float64, stored as float32.
    ///
    /// @param cosineFirst diffusers' `flip_sin_to_cos`
    void sinusoid(long timesteps, long y, int rows, int columns, boolean cosineFirst, double freqShift,
                  double maxPeriod);

    /// Nearest-neighbour resize.
    void resizeNearest(long x, long y, int batch, int height, int width, int outHeight, int outWidth, int channels,
                       Workers workers);

    /// A pooling window.
    ///
    /// @param kernelHeight rows
    /// @param kernelWidth columns
    /// @param strideHeight vertical step
    /// @param strideWidth horizontal step
    /// @param padHeight rows of padding above and below
    /// @param padWidth columns of padding left and right
    record Window(int kernelHeight, int kernelWidth, int strideHeight, int strideWidth, int padHeight, int padWidth) { }

    /// Maximum over windows; padding counts as -∞.
    void maxPool(long x, long y, int batch, int height, int width, int channels, Window window, Workers workers);

    /// Mean over windows; zeros of the padding count if `countPadding`.
    void averagePool(long x, long y, int batch, int height, int width, int channels, Window window,
                     boolean countPadding, Workers workers);

    /// PyTorch's adaptive average pooling to `outHeight × outWidth`.
    void adaptiveAveragePool(long x, long y, int batch, int height, int width, int channels, int outHeight,
                             int outWidth, Workers workers);

    /// A filter for [#resize].
    enum Filter {
        /// Linear interpolation.
        BILINEAR,
        /// Cubic convolution; a = -0.75 without antialiasing, -0.5 with it, as in PyTorch.
        BICUBIC
    }

    /// PyTorch's `interpolate(mode, align_corners=False, antialias)`.
    void resize(Filter filter, boolean antialias, long x, long y, int batch, int height, int width, int channels,
                int outHeight, int outWidth, Workers workers);
}
