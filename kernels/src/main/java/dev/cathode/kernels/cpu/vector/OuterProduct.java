package dev.cathode.kernels.cpu.vector;

/// The inner loop of a product that sums over pixels: a tile of `aᵀ · b`, rows of `b` anywhere in memory, sums kept
/// in registers.
///
/// Each sum is one chain of fused multiply-adds in the order of the pixels, whatever the tile.
final class OuterProduct {
    static {
        CompilerDirectives.install();
    }

    private OuterProduct() { }

    /// `c = start + Σ a[p]ᵀ · b(p)`, a tile of `rows` rows and `vectors` vectors.
    ///
    /// @param rows height of the tile: 6 or 4
    /// @param vectors width of the tile: 4, 2 or 1 vectors
    /// @param a `[k, rows]`
    /// @param aStep bytes from term to term of it
    /// @param table where the right side's rows lie, `[k]`
    /// @param offset bytes added to each of these addresses
    /// @param k terms of each sum
    /// @param start what to start from; may be `c`
    /// @param startStride bytes from row to row of it
    /// @param c the sums
    /// @param cStride bytes from row to row of them
    static void tile(int rows, int vectors, long a, long aStep, long table, long offset, int k, long start,
                     long startStride, long c, long cStride) {
        if (rows == 6) {
            switch (vectors) {
                case 4 -> OuterProduct6x4.run(a, aStep, table, offset, k, start, startStride, c, cStride);
                case 2 -> OuterProduct6x2.run(a, aStep, table, offset, k, start, startStride, c, cStride);
                default -> OuterProduct6x1.run(a, aStep, table, offset, k, start, startStride, c, cStride);
            }
        } else {
            switch (vectors) {
                case 4 -> OuterProduct4x4.run(a, aStep, table, offset, k, start, startStride, c, cStride);
                case 2 -> OuterProduct4x2.run(a, aStep, table, offset, k, start, startStride, c, cStride);
                default -> OuterProduct4x1.run(a, aStep, table, offset, k, start, startStride, c, cStride);
            }
        }
    }
}
