package dev.cathode.kernels.cpu.vector;

/// [Products#pixels] on the Vector API.
///
/// Each sum is one chain of fused multiply-adds in the order of the pixels, whatever the tile.
final class OuterProduct {
    static {
        CompilerDirectives.install();
    }

    private OuterProduct() { }

    /// See [Products#pixels].
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
