package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;

import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.WeightView;
import dev.cathode.kernels.cpu.Workers;
import java.util.Optional;

/// The direct algorithm for linear layers and every convolution: a matrix product whose rows are gathered by address.
///
/// For each filter tap, an output pixel has one input pixel (or a row of zeros in the padding), so a table of addresses
/// `[taps][rows]` is all that distinguishes a convolution from a linear layer. The product is cut into blocks: rows by
/// [#BLOCK_ROWS], columns by groups of panels, depth by [#BLOCK_DEPTH]; sums of a block stay in a scratch tile until
/// the epilogue takes them to the output.
final class ImplicitGemm implements Convolution {
    /// Rows of a block: their part of the input, `192 · 320` floats, fits the second-level cache beside a panel.
    private static final int BLOCK_ROWS = 192;
    /// Columns of a block at most, where the depth is cut and sums must wait.
    private static final int BLOCK_COLUMNS = 320;
    /// Rows of most tiles.
    private static final int TILE_ROWS = 6;
    /// Depth of a block at most.
    private static final int BLOCK_DEPTH = 384;
    /// Rows up to which weights are better packed in passing, all rows a block: above, the products of so many rows
    /// hide what packing takes, and the rows of a block no longer fit the cache.
    private static final int ROWS_IN_PASSING = 384;
    /// Panels from which on: they are what threads share.
    private static final int PANELS_IN_PASSING = 8;

    private final ConvolutionShape shape;
    private final Panels panels;
    private final WeightPacker packer;
    private final WeightStorage storage;
    /// Type of the weights as the products read them; if it is another, they are widened before.
    private final WeightStorage read;
    private final Products products;
    private final EpilogueStore epilogue;
    private final InputMap map;
    private final int taps;
    /// Channels of a depth block; all of them if several taps share a block.
    private final int channelBlock;
    /// Taps of a depth block.
    private final int tapBlock;
    /// Whether there is one depth block, so that no sums wait.
    private final boolean whole;
    /// How the product is cut; the result does not depend on it.
    private final Cut.Choice cuts;

    ImplicitGemm(ConvolutionShape shape, Epilogue epilogue, WeightStorage storage, Products products) {
        this(shape, epilogue, storage, products, null);
    }

    /// @param fixed how to cut, or null for the best way
    ImplicitGemm(ConvolutionShape shape, Epilogue epilogue, WeightStorage storage, Products products, Cut fixed) {
        this.shape = shape;
        this.storage = storage;
        this.products = products;
        read = products.reads(storage) ? storage : WeightStorage.F32;
        int halves = epilogue.gated() ? 2 : 1;
        panels = new Panels(shape.outChannels() / halves, halves);
        packer = new WeightPacker(shape, panels, storage, products.passes());
        this.epilogue = new EpilogueStore(epilogue, panels, products.passes());
        map = new InputMap(shape);
        taps = shape.kernelHeight() * shape.kernelWidth();
        int blocks = (shape.inChannels() + BLOCK_DEPTH - 1) / BLOCK_DEPTH;
        channelBlock = (shape.inChannels() + blocks - 1) / blocks;
        tapBlock = blocks > 1 ? 1 : Math.clamp(BLOCK_DEPTH / shape.inChannels(), 1, taps);
        whole = blocks == 1 && tapBlock == taps;
        cuts = new Cut.Choice(new Cut.Work(shape.rows(), panels.count(), halves, packer.depth(), shape.inChannels(),
                BLOCK_ROWS, whole ? panels.count() : BLOCK_COLUMNS / MicroKernel.COLUMNS), fixed);
    }

    @Override
    public ConvolutionShape shape() {
        return shape;
    }

    @Override
    public ConvolutionAlgorithm algorithm() {
        return ConvolutionAlgorithm.DIRECT;
    }

    @Override
    public String packing() {
        return "panels of " + MicroKernel.COLUMNS + (panels.halves() == 2 ? " gated " : " ") + storage;
    }

    @Override
    public long packedBytes() {
        return panels.elements(packer.depth()) * storage.bytes();
    }

    @Override
    public void pack(WeightView weights, long destination, Workers workers) {
        packer.pack(weights, destination, workers);
    }

    @Override
    public long workspaceBytes(int threads) {
        return threads * new Scratch(cuts.of(threads), storage != read).bytes();
    }

    @Override
    public Optional<InPassing> inPassing() {
        boolean worth = shape.rows() <= ROWS_IN_PASSING && panels.count() >= PANELS_IN_PASSING;
        return worth && storage == WeightStorage.F32 ? Optional.of(new Passing()) : Optional.empty();
    }

    private final class Passing implements InPassing {
        private final Cut cut = new Cut(MicroKernel.roundUp(shape.rows()), 1);

        @Override
        public long workspaceBytes(int threads) {
            return threads * new Scratch(cut, true).bytes();
        }

        @Override
        public void run(WeightView weights, Arguments arguments, Workers workers) {
            Scratch scratch = new Scratch(cut, true);
            multiply(arguments, cut, scratch, workers, WeightStorage.F32,
                    (panel, half, tap, tapCount, channel, channels, memory) -> {
                packer.gather(weights, panel, half, tap, tapCount, channel, channels, memory + scratch.weights,
                        channels, memory + scratch.square);
                return memory + scratch.weights;
            });
        }
    }

    /// Multiplications and additions of the products, padding included, counted as two.
    double productFlops() {
        return 2.0 * MicroKernel.roundUp(shape.rows()) * panels.paddedColumns() * panels.halves()
                * packer.depth();
    }

    /// Offsets into one worker's scratch memory.
    private final class Scratch {
        private final long zeros;
        private final long table;
        private final long biases;
        private final long weights;
        private final long square;
        private final long sums;
        private final long end;

        /// @param copied whether a block of weights is widened or packed there
        Scratch(Cut cut, boolean copied) {
            zeros = 0;
            table = zeros + align((long) Math.max(shape.inChannels(), MicroKernel.COLUMNS) * Float.BYTES);
            biases = table + align((long) taps * cut.rows() * Long.BYTES);
            weights = biases + align(EpilogueStore.scratchBytes());
            square = weights + (copied
                    ? align((long) channelBlock * tapBlock * MicroKernel.COLUMNS * Float.BYTES) : 0);
            sums = square + (copied ? align(WeightPacker.SQUARE_BYTES) : 0);
            end = sums + align((long) (whole ? 1 : cut.panels()) * panels.halves() * cut.rows() * MicroKernel.COLUMNS
                    * Float.BYTES);
        }

        long bytes() {
            return end;
        }

        private static long align(long bytes) {
            return (bytes + 63) / 64 * 64;
        }
    }

    /// Where the weights of a depth block lie packed, as the products read them.
    @FunctionalInterface
    private interface PackedBlock {
        long address(int panel, int half, int tap, int tapCount, int channel, int channels, long memory);

        /// Where those of the next panel lie that are multiplied by the same numbers; 0 if nowhere yet.
        default long next(int panel, int half, int tap, int channel) {
            return 0;
        }
    }

    /// Weights that were packed before.
    private final class PackedBefore implements PackedBlock {
        private final Arguments arguments;
        private final Scratch scratch;

        PackedBefore(Arguments arguments, Scratch scratch) {
            this.arguments = arguments;
            this.scratch = scratch;
        }

        @Override
        public long address(int panel, int half, int tap, int tapCount, int channel, int channels, long memory) {
            long b = packed(panel, half, tap, channel);
            if (storage == read) {
                return b;
            }
            long to = memory + scratch.weights;
            products.passes().conversions().widen(storage, b, to, (long) tapCount * channels * panels.width(panel));
            return to;
        }

        @Override
        public long next(int panel, int half, int tap, int channel) {
            int next = panel * panels.halves() + half + 1;
            return next < panels.count() * panels.halves()
                    ? packed(next / panels.halves(), next % panels.halves(), tap, channel) : 0;
        }

        private long packed(int panel, int half, int tap, int channel) {
            long before = panels.offset(panel, half, packer.depth())
                    + ((long) tap * shape.inChannels() + channel) * panels.width(panel);
            return arguments.weights() + before * storage.bytes();
        }
    }

    @Override
    public void run(Arguments arguments, Workers workers) {
        Cut cut = cuts.of(workers.threads());
        Scratch scratch = new Scratch(cut, storage != read);
        multiply(arguments, cut, scratch, workers, read, new PackedBefore(arguments, scratch));
    }

    private void multiply(Arguments arguments, Cut cut, Scratch scratch, Workers workers, WeightStorage type,
                          PackedBlock weights) {
        int rowBlocks = (shape.rows() + cut.rows() - 1) / cut.rows();
        int groups = (panels.count() + cut.panels() - 1) / cut.panels();
        workers.run(rowBlocks * groups, (task, worker) -> {
            // neighbouring tasks share panels, which stay in the shared cache
            int row = task % rowBlocks * cut.rows();
            int panel = task / rowBlocks * cut.panels();
            block(arguments, scratch, type, weights, arguments.workspace() + worker * scratch.bytes(), row,
                    Math.min(cut.rows(), shape.rows() - row), panel, Math.min(cut.panels(), panels.count() - panel));
        });
    }

    /// Rows `row` to `row + rows - 1`, panels `panel` to `panel + count - 1`.
    private void block(Arguments arguments, Scratch scratch, WeightStorage type, PackedBlock weights, long memory,
                       int row, int rows, int panel, int count) {
        int padded = MicroKernel.roundUp(rows);
        long zeros = memory + scratch.zeros;
        long table = memory + scratch.table;
        long tapStep = (long) padded * Long.BYTES;
        ALL.asSlice(zeros, scratch.table - scratch.zeros).fill((byte) 0);
        map.fill(products.passes(), arguments, table, tapStep, row, rows, padded, zeros);
        for (int tap = 0; tap < taps; tap += tapBlock) {
            int tapCount = Math.min(tapBlock, taps - tap);
            for (int channel = 0; channel < shape.inChannels(); channel += channelBlock) {
                int channels = Math.min(channelBlock, shape.inChannels() - channel);
                boolean last = tap + tapCount == taps && channel + channels == shape.inChannels();
                long zero = tap == 0 && channel == 0 ? zeros : 0;
                long at = table + tap * tapStep;
                for (int p = 0; p < count; p++) {
                    int index = panel + p;
                    int from = channel;
                    int firstTap = tap;
                    EpilogueStore.Product product = (half, sums, ending) -> products.panel(type, panels.vectors(index),
                            at, tapStep, tapCount, (long) from * Float.BYTES, channels,
                            weights.address(index, half, firstTap, tapCount, from, channels, memory), zero, sums, rows,
                            ending, ahead(arguments, row, from, channels, weights.next(index, half, firstTap, from)));
                    long sums = sums(scratch, memory, padded, (whole ? 0 : p) * panels.halves());
                    long gates = sums(scratch, memory, padded, (whole ? 0 : p) * panels.halves() + 1);
                    if (last) {
                        epilogue.finish(arguments, index, sums, gates, row, rows, shape.outHeight() * shape.outWidth(),
                                memory + scratch.biases, product);
                    } else {
                        epilogue.continueWith(index, sums, gates, product);
                    }
                }
            }
        }
    }

    /// Where rows follow each other in the input, the next tile's; and weights.
    private Ahead ahead(Arguments arguments, int row, int channel, int channels, long weights) {
        if (!shape.pointwise()) {
            return new Ahead(0, 0, 1, 0, weights);
        }
        long stride = (long) arguments.inputStride() * Float.BYTES;
        long next = arguments.input() + (row + TILE_ROWS) * stride + (long) channel * Float.BYTES;
        return new Ahead(next, stride, TILE_ROWS, (long) channels * Float.BYTES, weights);
    }

    private static long sums(Scratch scratch, long memory, int padded, int p) {
        return memory + scratch.sums + (long) p * padded * MicroKernel.COLUMNS * Float.BYTES;
    }
}
