package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;

import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.WeightView;
import dev.cathode.kernels.cpu.Workers;

/// The direct algorithm with operands rounded to bfloat16 and sums in float32, for linear layers and every convolution.
///
/// A task is a block of rows by a group of panels. The input that the rows see is rounded into scratch memory once, in
/// the cache, and then read by all panels of the group. The depth is cut where that memory or a panel would outgrow the
/// second-level cache; most layers need no cut, and then sums go to the output as soon as a panel is through.
final class RoundedGemm implements Convolution {
    /// Rows of a block at most.
    private static final int BLOCK_ROWS = 96;
    /// Channels of a pixel in a block at most: the rounded pixels of a block, 480 KB, stay in the second-level cache.
    private static final int BLOCK_CHANNELS = 1280;
    /// Numbers of a row in a block at most, over all taps: a panel of them, 256 KB, stays there too.
    private static final int BLOCK_DEPTH = 2048;
    /// Panels of a group at most, where the depth is cut and sums must wait.
    private static final int WAITING_PANELS = 5;
    /// Rows of most tiles.
    private static final int TILE_ROWS = 6;

    private final ConvolutionShape shape;
    private final Panels panels;
    private final PairPacker packer;
    private final RoundedProducts products;
    private final EpilogueStore epilogue;
    private final RoundedRows input;
    /// How the product is cut; the result does not depend on it.
    private final Cut.Choice cuts;
    /// Filter rows of a depth block.
    private final int filterRows;
    /// Channels of a depth block, an even number unless all.
    private final int channelBlock;
    /// Whether there is one depth block.
    private final boolean whole;

    RoundedGemm(ConvolutionShape shape, Epilogue epilogue, Products plain) {
        this(shape, epilogue, plain, null);
    }

    /// @param fixed how to cut, or null for the best way
    RoundedGemm(ConvolutionShape shape, Epilogue epilogue, Products plain, Cut fixed) {
        this.shape = shape;
        products = plain.rounded();
        int halves = epilogue.gated() ? 2 : 1;
        panels = new Panels(shape.outChannels() / halves, halves);
        packer = new PairPacker(shape, panels, plain);
        this.epilogue = new EpilogueStore(epilogue, panels, plain.passes());
        int channels = shape.inChannels();
        int blocks = Math.max(Math.ceilDiv(channels, BLOCK_CHANNELS),
                Math.ceilDiv(shape.kernelWidth() * channels, BLOCK_DEPTH));
        channelBlock = blocks == 1 ? channels : Math.min(channels, 2 * Math.ceilDiv(channels, 2 * blocks));
        filterRows = blocks > 1 ? 1 : Math.clamp(Math.min(BLOCK_CHANNELS / channels,
                BLOCK_DEPTH / (shape.kernelWidth() * channels)), 1, shape.kernelHeight());
        whole = channelBlock == channels && filterRows == shape.kernelHeight();
        cuts = new Cut.Choice(new Cut.Work(shape.rows(), panels.count(), panels.halves(), packer.depth() / 2, channels,
                BLOCK_ROWS, whole ? panels.count() : WAITING_PANELS), fixed);
        input = new RoundedRows(shape, products, plain.passes(), filterRows, channelBlock);
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
        return "pairs in panels of " + MicroKernel.COLUMNS + (panels.halves() == 2 ? " gated" : "");
    }

    @Override
    public long packedBytes() {
        return packer.bytes();
    }

    @Override
    public void pack(WeightView weights, long destination, Workers workers) {
        packer.pack(weights, destination, workers);
    }

    @Override
    public long workspaceBytes(int threads) {
        return threads * new Scratch(cuts.of(threads)).end;
    }

    /// Multiplications and additions of the products, padding included, counted as two.
    double productFlops() {
        return 2.0 * MicroKernel.roundUp(shape.rows()) * panels.paddedColumns() * panels.halves() * packer.depth();
    }

    /// Offsets into one worker's scratch memory.
    private final class Scratch {
        private final long zeros = 0;
        private final long biases = zeros + align(Math.max(input.rowBytes(), MicroKernel.COLUMNS * Float.BYTES));
        private final long table = biases + align(EpilogueStore.scratchBytes());
        private final long rows;
        private final long products;
        private final long sums;
        private final long end;

        Scratch(Cut cut) {
            rows = table + align((long) filterRows * shape.kernelWidth() * cut.rows() * Long.BYTES);
            products = rows + align(input.bytes(cut.rows()));
            sums = products + align(RoundedGemm.this.products.scratchBytes(pairs()));
            end = sums + align((long) (whole ? 1 : cut.panels()) * panels.halves() * cut.rows() * MicroKernel.COLUMNS
                    * Float.BYTES);
        }

        /// Pairs of a depth block.
        private int pairs() {
            return filterRows * shape.kernelWidth() * Math.ceilDiv(channelBlock, 2);
        }

        private static long align(long bytes) {
            return (bytes + 63) / 64 * 64;
        }
    }

    /// What a task works on.
    ///
    /// @param memory its worker's scratch memory
    /// @param next the first row of the task that its worker probably gets next
    private record Task(Arguments arguments, Scratch scratch, long memory, int row, int rows, int padded, int panel,
                        int panels, int next) { }

    @Override
    public void run(Arguments arguments, Workers workers) {
        Cut cut = cuts.of(workers.threads());
        Scratch scratch = new Scratch(cut);
        int rowBlocks = Math.ceilDiv(shape.rows(), cut.rows());
        int groups = Math.ceilDiv(panels.count(), cut.panels());
        workers.run(rowBlocks * groups, (index, worker) -> {
            // neighbouring tasks share panels, which stay in the shared cache
            int row = index % rowBlocks * cut.rows();
            int panel = index / rowBlocks * cut.panels();
            int rows = Math.min(cut.rows(), shape.rows() - row);
            int next = index + workers.threads();
            run(new Task(arguments, scratch, arguments.workspace() + worker * scratch.end, row, rows,
                    MicroKernel.roundUp(rows), panel, Math.min(cut.panels(), panels.count() - panel),
                    next < rowBlocks * groups ? next % rowBlocks * cut.rows() : shape.rows()));
        });
    }

    private void run(Task task) {
        long zeros = task.memory + task.scratch.zeros;
        ALL.asSlice(zeros, task.scratch.biases - task.scratch.zeros).fill((byte) 0);
        for (int ky = 0; ky < shape.kernelHeight(); ky += filterRows) {
            int rowCount = Math.min(filterRows, shape.kernelHeight() - ky);
            for (int channel = 0; channel < shape.inChannels(); channel += channelBlock) {
                int channels = Math.min(channelBlock, shape.inChannels() - channel);
                var block = new RoundedRows.Block(task.row, task.rows, task.padded, ky, rowCount, channel, channels);
                input.fill(task.arguments, block, task.memory + task.scratch.table, task.memory + task.scratch.rows,
                        zeros);
                boolean last = ky + rowCount == shape.kernelHeight() && channel + channels == shape.inChannels();
                AheadRows ahead = last ? ahead(task, task.next, 0) : ahead(task, task.row, channel + channels);
                for (int p = 0; p < task.panels; p++) {
                    int index = task.panel + p;
                    int first = p * panels.halves();
                    int filterRow = ky;
                    int from = channel;
                    EpilogueStore.Product product = (half, sums, ending) -> multiply(task, index, half, filterRow,
                            rowCount, from, channels, sums, ending, ahead.during(first + half));
                    long sums = sums(task, p, 0);
                    long gates = sums(task, p, 1);
                    if (last) {
                        epilogue.finish(task.arguments, index, sums, gates, task.row, task.rows,
                                shape.outHeight() * shape.outWidth(), task.memory + task.scratch.biases, product);
                    } else {
                        epilogue.continueWith(index, sums, gates, product);
                    }
                }
            }
        }
    }

    /// Adds a depth block to the sums of one panel.
    private void multiply(Task task, int index, int half, int ky, int rowCount, int channel, int channels, long sums,
                          Ending ending, Ahead ahead) {
        int taps = rowCount * shape.kernelWidth();
        int pairs = (channels + 1) / 2;
        long rowBytes = panels.width(index) * 4L; // of pairs
        long b = weights(task, index, half, ky, channel);
        int second = index * panels.halves() + half + 1;
        long next = second == panels.count() * panels.halves() ? 0
                : weights(task, second / panels.halves(), second % panels.halves(), ky, channel);
        Ahead both = new Ahead(ahead.address(), ahead.stride(), ahead.rows(), ahead.bytes(), next);
        boolean together = channels == shape.inChannels(); // the taps follow each other
        int calls = together ? 1 : taps;
        long tapStep = (long) task.padded * Long.BYTES;
        for (int tap = 0; tap < calls; tap++) {
            long zeros = ky == 0 && channel == 0 && tap == 0 ? task.memory + task.scratch.zeros : 0;
            products.panel(panels.vectors(index), task.memory + task.scratch.table + tap * tapStep, tapStep,
                    together ? taps : 1, pairs, b + tap * packer.tapPairs() * rowBytes, zeros, sums, task.rows,
                    task.memory + task.scratch.products,
                    tap == calls - 1 ? ending : Ending.stay(sums, panels.width(index) * 4L), both);
        }
    }

    /// Where a depth block of a panel begins.
    private long weights(Task task, int index, int half, int ky, int channel) {
        return task.arguments.weights() + packer.offset(index, half)
                + ((long) ky * shape.kernelWidth() * packer.tapPairs() + channel / 2) * panels.width(index) * 4L;
    }

    /// Rows of the input that are rounded next, to be brought a few with each panel.
    ///
    /// @param rows of all panels
    /// @param each of one panel
    /// @param first what the first panel brings
    private record AheadRows(int rows, int each, Ahead first) {
        private static final AheadRows NONE = new AheadRows(0, 1, Ahead.NONE);

        Ahead during(int panel) {
            long done = (long) panel * each;
            return done >= rows ? Ahead.NONE : new Ahead(first.address() + done * first.stride(), first.stride(),
                    first.rows(), first.bytes(), 0);
        }
    }

    private AheadRows ahead(Task task, int row, int channel) {
        if (!shape.pointwise() || row >= shape.rows()) {
            return AheadRows.NONE;
        }
        int rows = Math.min(task.rows, shape.rows() - row);
        int tiles = Math.ceilDiv(task.rows, TILE_ROWS);
        int perTile = Math.ceilDiv(rows, tiles * task.panels * panels.halves());
        long stride = (long) task.arguments.inputStride() * Float.BYTES;
        return new AheadRows(rows, tiles * perTile, new Ahead(
                task.arguments.input() + row * stride + (long) channel * Float.BYTES, stride, perTile,
                (long) Math.min(channelBlock, shape.inChannels() - channel) * Float.BYTES, 0));
    }

    private long sums(Task task, int p, int half) {
        long place = (whole ? 0 : p) * panels.halves() + half;
        return task.memory + task.scratch.sums + place * task.padded * MicroKernel.COLUMNS * Float.BYTES;
    }
}
