package dev.cathode.kernels.cpu.vector;

/// [Products#panel] on the Vector API.
///
/// Each sum is one chain of fused multiply-adds in the order of k, whatever the tile, so a result does not depend on
/// where its row lies in a block.
final class MicroKernel {
    static {
        CompilerDirectives.install();
    }

    /// Vectors in a full panel: 4 where there are 32 registers (AVX-512, NEON, SVE), else 2.
    static final int VECTORS =
            Simd.LANES == 16 || System.getProperty("os.arch").equals("aarch64") ? 4 : 2;
    /// Columns of a full panel.
    static final int COLUMNS = VECTORS * Simd.LANES;
    /// Blocks of rows are padded to a multiple of this, so that every kernel fits.
    static final int ROWS = 12;

    private MicroKernel() { }

    /// The next multiple of [#ROWS].
    static int roundUp(int rows) {
        return Math.ceilDiv(rows, ROWS) * ROWS;
    }

    /// See [Products#panel].
    static void block(int vectors, long table, long tapStep, int taps, long offset, int k, long b, long zeros, long c,
                      int rows) {
        long rowBytes = (long) vectors * Simd.LANES * Float.BYTES;
        long startStride = zeros == 0 ? rowBytes : 0;
        int step = vectors == 1 ? 12 : 6;
        for (int i = 0; i < rows; i += step) {
            long start = zeros == 0 ? c : zeros;
            switch (vectors) {
                case 4 -> MicroKernel6x4.run(table, tapStep, taps, offset, k, b, start, startStride, c);
                case 2 -> MicroKernel6x2.run(table, tapStep, taps, offset, k, b, start, startStride, c);
                case 1 -> MicroKernel12x1.run(table, tapStep, taps, offset, k, b, start, startStride, c);
                default -> throw new IllegalArgumentException("no kernel for " + vectors + " vectors");
            }
            table += (long) step * Long.BYTES;
            c += step * rowBytes;
        }
    }
}
