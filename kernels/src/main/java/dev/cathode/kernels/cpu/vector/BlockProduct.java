package dev.cathode.kernels.cpu.vector;

/// [BlockProducts] on the Vector API.
final class BlockProduct {
    /// Bytes of a vector.
    private static final long V = 4L * Simd.LANES;
    /// Whether there are 32 registers, not 16.
    private static final boolean MANY_REGISTERS = MicroKernel.VECTORS == 4;
    private static final int WIDEST = MANY_REGISTERS ? 4 : 2;

    private BlockProduct() { }

    /// [BlockProducts#multiply]; tiles have four or eight rows.
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
