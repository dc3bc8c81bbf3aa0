package dev.cathode.kernels.cpu.vector;

import dev.cathode.kernels.cpu.WeightStorage;

/// [Products] on the Vector API.
final class VectorProducts implements Products {
    @Override
    public boolean reads(WeightStorage storage) {
        return storage == WeightStorage.F32;
    }

    @Override
    public void panel(WeightStorage storage, int vectors, long table, long tapStep, int taps, long offset, int k,
                      long b, long zeros, long c, int rows) {
        MicroKernel.block(vectors, table, tapStep, taps, offset, k, b, zeros, c, rows);
    }

    @Override
    public void pixels(int rows, int vectors, long a, long aStep, long table, long offset, int k, long start,
                       long startStride, long c, long cStride) {
        OuterProduct.tile(rows, vectors, a, aStep, table, offset, k, start, startStride, c, cStride);
    }
}
