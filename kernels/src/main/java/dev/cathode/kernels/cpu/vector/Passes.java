package dev.cathode.kernels.cpu.vector;

/// The inner loops beside products: what goes over numbers once, on the thread that calls. Lengths are those of whole
/// vectors, [Simd#LANES]; what is left of a row is the caller's.
///
/// All implementations compute a number by the same operations in the same order, so they give the same bytes.
public interface Passes {
    /// `y[c][i] = x[i][c]`.
    ///
    /// @param x `[rows][columns]`, `xStride` bytes from row to row
    /// @param rows a multiple of the lanes of a vector
    /// @param columns likewise
    /// @param y `[columns][rows]`, `yStride` bytes from row to row
    /// @param square scratch memory, lanes · lanes floats
    void transpose(long x, long xStride, int rows, int columns, long y, long yStride, long square);
}
