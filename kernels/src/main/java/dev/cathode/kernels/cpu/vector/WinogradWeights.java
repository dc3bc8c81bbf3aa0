package dev.cathode.kernels.cpu.vector;

import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.WeightView;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.Arena;

/// Transforms 3×3 filters once: each panel becomes `U[size²][inChannels][width]`.
///
/// @param shape geometry
/// @param panels the columns
/// @param storage type of the stored numbers
/// @param size 6 for F(4×4), 4 for F(2×2)
/// @param passes what transposes and transforms
record WinogradWeights(ConvolutionShape shape, Panels panels, WeightStorage storage, int size, Passes passes) {
    /// Input channels of one task; their filters and half-transformed filters stay in the second-level cache.
    private static final int CHANNELS = 64;

    /// Rows of a panel.
    long depth() {
        return (long) size * size * shape.inChannels();
    }

    /// Transforms on all workers.
    void pack(WeightView view, long destination, Workers workers) {
        int chunks = (shape.inChannels() + CHANNELS - 1) / CHANNELS;
        long blockBytes = (long) CHANNELS * MicroKernel.COLUMNS * Float.BYTES;
        WeightPacker packer = new WeightPacker(shape, panels, storage, passes);
        long scratchBytes = blockBytes * (9 + 3L * size + size) + packer.scratchBytes();
        try (Arena arena = Arena.ofShared()) {
            long memory = OffHeap.allocate(scratchBytes * workers.threads(), arena).address();
            workers.run(panels.count() * panels.halves() * chunks, (task, worker) -> {
                int half = task / chunks % panels.halves();
                int panel = task / chunks / panels.halves();
                int first = task % chunks * CHANNELS;
                int count = Math.min(CHANNELS, shape.inChannels() - first);
                long to = destination + panels.offset(panel, half, depth()) * storage.bytes();
                transform(packer, view, panel, half, first, count, memory + scratchBytes * worker, to);
            });
        }
    }

    /// A run is all columns of all channels of the chunk, since `[channel][column]` is contiguous for a tap.
    private void transform(WeightPacker packer, WeightView view, int panel, int half, int first, int count,
                           long filters, long to) {
        int width = panels.width(panel);
        int n = count * width;
        long run = (long) n * Float.BYTES;
        long down = filters + 9 * run; // [size][3][n]
        long across = down + 3 * size * run; // [size][n]
        packer.gatherAll(view, panel, half, first, count, filters, count, across + size * run);
        for (int x = 0; x < 3; x++) {
            passes.winogradWeights(size, filters + x * run, 3 * run, down + x * run, 3 * run, n);
        }
        for (int i = 0; i < size; i++) {
            long u = to + ((long) i * size * shape.inChannels() + first) * width * storage.bytes();
            long uStep = (long) shape.inChannels() * width * storage.bytes();
            if (storage == WeightStorage.F32) {
                passes.winogradWeights(size, down + i * 3 * run, run, u, uStep, n);
            } else {
                passes.winogradWeights(size, down + i * 3 * run, run, across, run, n);
                for (int j = 0; j < size; j++) {
                    passes.conversions().narrow(storage, across + j * run, u + j * uStep, n);
                }
            }
        }
    }
}
