package dev.cathode.kernels.cpu.vector;

/// Tiles of sums over pixels whose operands are rounded to bfloat16, to nearest even, two pixels to a product; sums are
/// float32. The gradients of filters in mixed precision are made of these.
///
/// The order in which a sum is added up is the kernels' own, but always the same. Operands and sums below 2^-126, the
/// smallest normal number, may count as zeros.
public interface PixelPairs {
    /// Makes pairs of float32 numbers and what lies `distance` bytes behind them, in place: number i becomes the
    /// bfloat16 numbers i and i + distance / 4.
    ///
    /// @param bytes a multiple of 64; so much and `distance` more is read
    /// @param distance a multiple of 4
    void neighbours(long x, long bytes, long distance);

    /// A tile, `c = start + Σ a[p]ᵀ · b(p)`, as [Products#pixels], over pairs of pixels.
    ///
    /// @param a pairs, `[pairs, rows]`
    /// @param aStep bytes from pair to pair of it
    /// @param table where the right side's rows lie, `[2 · pairs]`: those of each first pixel of two are read, and hold
    ///         what both have
    /// @param pairs terms of each sum, at least 1
    void pixels(int rows, int vectors, long a, long aStep, long table, long offset, int pairs, long start,
                long startStride, long c, long cStride);
}
