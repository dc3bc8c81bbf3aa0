package dev.cathode.kernels.cpu.vector;

/// Matrix products of blocks that lie in the cache, whatever their strides: `c[i] = start[i] + Σ_p a[i][p] · b[p]`,
/// where lanes run along the rows of b and c, and a is read one number at a time. Since a has a stride for either index
/// it may be transposed, at no cost.
///
/// Each sum is one chain of fused multiply-adds in the order of p, whatever the tile.
final class BlockProduct {
    /// Bytes of a vector.
    private static final long V = 4L * Simd.LANES;
    /// Rows of c come in multiples of this: the tiles have four or eight.
    static final int ROWS = 8;
    /// Whether there are 32 registers, not 16.
    private static final boolean MANY_REGISTERS = MicroKernel.VECTORS == 4;
    private static final int WIDEST = MANY_REGISTERS ? 4 : 2;

    private BlockProduct() { }

    /// The product.
    ///
    /// @param a first number of a
    /// @param ai bytes from `a[i][p]` to `a[i + 1][p]`
    /// @param ap bytes from `a[i][p]` to `a[i][p + 1]`
    /// @param depth how many products a sum has
    /// @param b `[depth][columns]`
    /// @param bp bytes from row to row of b
    /// @param start what the sums start from, `[rows][columns]`; may be c
    /// @param si bytes from row to row of start; 0 to start all rows from one
    /// @param c the sums, `[rows][columns]`
    /// @param ci bytes from row to row of c
    /// @param rows a multiple of [#ROWS]
    /// @param columns a multiple of the vector's lanes
    static void multiply(long a, long ai, long ap, int depth, long b, long bp, long start, long si, long c, long ci,
                         int rows, int columns) {
        int vectors = columns / Simd.LANES;
        while (vectors > 0) {
            int tiles = (vectors + WIDEST - 1) / WIDEST;
            int width = (vectors + tiles - 1) / tiles; // five vectors are three and two, not four and one
            switch (width) {
                case 4 -> BlockTiles.tile4x4(a, ai, ap, depth, b, bp, start, si, c, ci, rows);
                case 3 -> BlockTiles.tile8x3(a, ai, ap, depth, b, bp, start, si, c, ci, rows);
                case 2 -> {
                    if (MANY_REGISTERS) {
                        BlockTiles.tile8x2(a, ai, ap, depth, b, bp, start, si, c, ci, rows);
                    } else {
                        BlockTiles.tile4x2(a, ai, ap, depth, b, bp, start, si, c, ci, rows);
                    }
                }
                default -> BlockTiles.tile8x1(a, ai, ap, depth, b, bp, start, si, c, ci, rows);
            }
            b += width * V;
            start += width * V;
            c += width * V;
            vectors -= width;
        }
    }
}
