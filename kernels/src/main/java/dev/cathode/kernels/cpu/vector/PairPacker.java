package dev.cathode.kernels.cpu.vector;

import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.WeightView;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.Arena;

/// Packs a filter for [RoundedProducts]: panels `[taps][pairs of channels][width][2]`, rounded to bfloat16. The last
/// pair of an odd number of channels ends with zeros.
///
/// @param shape geometry
/// @param panels the columns
/// @param plain what transposes, and makes pairs
record PairPacker(ConvolutionShape shape, Panels panels, Products plain) {
    /// Input channels of one task.
    private static final int CHANNELS = 64;

    private int taps() {
        return shape.kernelHeight() * shape.kernelWidth();
    }

    /// Pairs of a tap.
    int tapPairs() {
        return (shape.inChannels() + 1) / 2;
    }

    /// Numbers of a column, padding included.
    long depth() {
        return 2L * taps() * tapPairs();
    }

    /// Bytes of all panels.
    long bytes() {
        return panels.elements(depth()) * WeightStorage.BF16.bytes();
    }

    /// Bytes before a panel.
    long offset(int panel, int half) {
        return panels.offset(panel, half, depth()) * WeightStorage.BF16.bytes();
    }

    /// Packs on all workers.
    void pack(WeightView view, long destination, Workers workers) {
        int chunks = Math.ceilDiv(shape.inChannels(), CHANNELS);
        WeightPacker packer = new WeightPacker(shape, panels, WeightStorage.BF16, plain.passes());
        long blockBytes = (long) taps() * CHANNELS * MicroKernel.COLUMNS * Float.BYTES;
        long scratchBytes = blockBytes + packer.scratchBytes();
        try (Arena arena = Arena.ofShared()) {
            long scratch = OffHeap.allocate(scratchBytes * workers.threads(), arena).address();
            workers.run(panels.count() * panels.halves() * chunks, (task, worker) -> {
                int half = task / chunks % panels.halves();
                int panel = task / chunks / panels.halves();
                int first = task % chunks * CHANNELS;
                int count = Math.min(CHANNELS, shape.inChannels() - first);
                long block = scratch + scratchBytes * worker;
                packer.gatherAll(view, panel, half, first, count, block, count, block + blockBytes);
                long rowBytes = panels.width(panel) * 4L;
                for (int tap = 0; tap < taps(); tap++) {
                    long to = destination + offset(panel, half) + ((long) tap * tapPairs() + first / 2) * rowBytes;
                    plain.rounded().pair(block + tap * count * rowBytes, rowBytes, count, panels.width(panel), to, rowBytes);
                }
            });
        }
    }
}
