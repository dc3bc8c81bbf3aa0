package dev.cathode.kernels.cpu.vector;

/// The inner loop of a product that sums over pixels: a tile of `aᵀ · b`, both packed, sums kept in registers.
///
/// Each sum is one chain of fused multiply-adds in the order of the pixels, whatever the tile.
final class OuterProduct {
    static {
        CompilerDirectives.install();
    }

    /// Rows of a tile, so that its sums fit the registers: see [MicroKernel#VECTORS].
    static final int ROWS = MicroKernel.VECTORS == 4 ? 8 : 4;
    /// Vectors of a tile's row at most.
    static final int VECTORS = 3;
    /// Columns of a tile at most.
    static final int COLUMNS = VECTORS * Simd.LANES;

    private OuterProduct() { }

    /// `c = start + Σ a[p]ᵀ · b[p]`, a tile of [#ROWS] rows and `vectors` vectors.
    ///
    /// @param vectors width of the tile: 1 to [#VECTORS] vectors
    /// @param a `[k, ROWS]`
    /// @param b `[k, width]`
    /// @param k terms of each sum
    /// @param start what to start from; may be `c`
    /// @param startStride bytes from row to row of it
    /// @param c the sums
    /// @param cStride bytes from row to row of them
    static void tile(int vectors, long a, long b, int k, long start, long startStride, long c, long cStride) {
        if (ROWS == 8) {
            switch (vectors) {
                case 3 -> OuterProduct8x3.run(a, b, k, start, startStride, c, cStride);
                case 2 -> OuterProduct8x2.run(a, b, k, start, startStride, c, cStride);
                default -> OuterProduct8x1.run(a, b, k, start, startStride, c, cStride);
            }
        } else {
            switch (vectors) {
                case 3 -> OuterProduct4x3.run(a, b, k, start, startStride, c, cStride);
                case 2 -> OuterProduct4x2.run(a, b, k, start, startStride, c, cStride);
                default -> OuterProduct4x1.run(a, b, k, start, startStride, c, cStride);
            }
        }
    }
}
