package dev.cathode.kernels.cpu.vector;

/// [Passes] on the Vector API.
final class VectorPasses implements Passes {
    @Override
    public void transpose(long x, long xStride, int rows, int columns, long y, long yStride, long square) {
        Transposition.transpose(x, xStride, rows, columns, y, yStride, square);
    }
}
