package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.WeightView;
import dev.cathode.kernels.cpu.Workers;

/// 3×3 convolutions with stride 1 by Winograd's minimal filtering F(m×m, 3×3), m = 2 or 4 (Lavin and Gray,
/// arXiv:1509.09308).
///
/// The output is cut into patches of m×m pixels. For a block of patches and a block of channels, the (m+2)² transformed
/// inputs are as many matrix products with the transformed filters; their sums stay in scratch memory, in the cache,
/// until all channels are through, and then become pixels. Patches that stick out at the border read zeros and store
/// what exists.
///
/// Relative rounding errors (root mean square over that of the result, 320 channels of normal numbers): F(2×2) 6e-7,
/// F(4×4) 2e-6; with transformed filters stored as F16 about 1e-3 for both, as BF16 3e-3 and 8e-3.
final class Winograd implements Convolution {
    /// Patches of a block; with more, the transformed planes fall out of the second-level cache.
    private static final int BLOCK_PATCHES = 36;
    /// Panels of a block.
    private static final int BLOCK_PANELS = 5;
    /// Channels of a block.
    private static final int BLOCK_CHANNELS = 384;
    /// Channels that go through the input transform at a time, so that its intermediate stays in the nearest cache.
    private static final int RUN = 128;
    /// Keeps the transformed planes from falling on the same lines of the cache.
    private static final int SKEW = 9 * 64;

    private final ConvolutionShape shape;
    private final WeightStorage storage;
    /// Type of the weights as the products read them; if it is another, they are widened before.
    private final WeightStorage read;
    private final Products products;
    private final Passes passes;
    private final Panels panels;
    private final WinogradWeights weights;
    private final EpilogueStore epilogue;
    private final InputMap map;
    /// Pixels of a patch, m.
    private final int side;
    /// Pixels that a patch depends on, m + 2.
    private final int size;
    private final int channelBlock;
    private final int patchRows;
    private final int patchColumns;
    private final int rowMultiple;

    Winograd(ConvolutionShape shape, Epilogue epilogue, WeightStorage storage, int side, Products products) {
        this.shape = shape;
        this.storage = storage;
        this.products = products;
        passes = products.passes();
        read = products.reads(storage) ? storage : WeightStorage.F32;
        this.side = side;
        size = side + 2;
        int halves = epilogue.gated() ? 2 : 1;
        panels = new Panels(shape.outChannels() / halves, halves);
        weights = new WinogradWeights(shape, panels, storage, size, products.passes());
        this.epilogue = new EpilogueStore(epilogue, panels, products.passes());
        map = new InputMap(shape);
        int blocks = (shape.inChannels() + BLOCK_CHANNELS - 1) / BLOCK_CHANNELS;
        channelBlock = (shape.inChannels() + blocks - 1) / blocks;
        patchRows = (shape.outHeight() + side - 1) / side;
        patchColumns = (shape.outWidth() + side - 1) / side;
        rowMultiple = panels.vectors(panels.count() - 1) == 1 ? MicroKernel.ROWS : MicroKernel.ROWS / 2;
    }

    /// Whether the algorithm can compute this shape.
    static boolean fits(ConvolutionShape shape) {
        return shape.kernelHeight() == 3 && shape.kernelWidth() == 3 && shape.strideHeight() == 1
                && shape.strideWidth() == 1 && shape.inChannels() >= Simd.LANES;
    }

    @Override
    public ConvolutionShape shape() {
        return shape;
    }

    @Override
    public ConvolutionAlgorithm algorithm() {
        return side == 4 ? ConvolutionAlgorithm.WINOGRAD_4 : ConvolutionAlgorithm.WINOGRAD_2;
    }

    @Override
    public String packing() {
        return "winograd " + side + ", panels of " + MicroKernel.COLUMNS
                + (panels.halves() == 2 ? " gated " : " ") + storage;
    }

    @Override
    public long packedBytes() {
        return panels.elements(weights.depth()) * storage.bytes();
    }

    @Override
    public void pack(WeightView view, long destination, Workers workers) {
        weights.pack(view, destination, workers);
    }

    @Override
    public long workspaceBytes(int threads) {
        return threads * new Scratch(blocks(threads)).end;
    }

    private int patches() {
        return shape.batch() * patchRows * patchColumns;
    }

    /// Multiplications and additions of the products, padding included, counted as two.
    double productFlops() {
        int rows = ceilDiv(patches(), rowMultiple) * rowMultiple;
        return 2.0 * size * size * rows * panels.paddedColumns() * panels.halves() * shape.inChannels();
    }

    /// Bytes of transformed inputs and sums, each written and read once.
    double transformedBytes() {
        return 8.0 * size * size * patches() * (shape.inChannels() + shape.outChannels());
    }

    /// Patches and panels of one task.
    private record Blocks(int patches, int panels) { }

    private Blocks blocks(int threads) {
        int groups = ceilDiv(panels.count(), BLOCK_PANELS);
        int blocks = ceilDiv(patches(), BLOCK_PATCHES);
        while (blocks * groups < 4 * threads && groups < panels.count()) {
            groups++;
        }
        while (blocks * groups < 2 * threads && patches() / (blocks + 1) >= 2 * MicroKernel.ROWS) {
            blocks++;
        }
        if (blocks > 1) { // an even split
            blocks = ceilDiv(blocks, threads) * threads;
        }
        int patches = ceilDiv(ceilDiv(patches(), blocks), rowMultiple) * rowMultiple;
        return new Blocks(patches, ceilDiv(panels.count(), groups));
    }

    private static int ceilDiv(int a, int b) {
        return (a + b - 1) / b;
    }

    /// Offsets into one worker's scratch memory.
    private final class Scratch {
        private final Blocks blocks;
        /// Zeros: a pixel of the padding, and a row to start sums from.
        private final long zeros;
        /// Addresses of the patches' transformed rows.
        private final long rows;
        /// Addresses of a patch's pixels, then of the half-transformed ones.
        private final long pixels;
        /// Half-transformed patch `[size][size][RUN]`, or output patch.
        private final long half;
        /// Output patches `[side][side][width]`, one per half.
        private final long patch;
        private final long biases;
        /// Widened filters.
        private final long wide;
        /// Transformed input `V[size²][patches][channels]`.
        private final long input;
        private final long inputRow;
        private final long inputPlane;
        /// Sums `M[size²][panels][patches][width]`.
        private final long sums;
        private final long sumsPanel;
        private final long sumsPlane;
        private final long end;

        Scratch(Blocks blocks) {
            this.blocks = blocks;
            zeros = 0;
            rows = zeros + align((long) Math.max(shape.inChannels(), MicroKernel.COLUMNS) * Float.BYTES);
            pixels = rows + align((long) blocks.patches * Long.BYTES);
            half = pixels + align(2L * size * size * Long.BYTES);
            patch = half + (long) size * size * Math.max(RUN, MicroKernel.COLUMNS) * Float.BYTES;
            biases = patch + 2L * side * side * MicroKernel.COLUMNS * Float.BYTES;
            wide = biases + align(EpilogueStore.scratchBytes());
            input = wide + (storage == read ? 0
                    : align((long) channelBlock * MicroKernel.COLUMNS * Float.BYTES));
            inputRow = align((long) channelBlock * Float.BYTES) + 64;
            inputPlane = blocks.patches * inputRow + SKEW;
            sums = input + size * size * inputPlane;
            sumsPanel = (long) blocks.patches * MicroKernel.COLUMNS * Float.BYTES;
            sumsPlane = blocks.panels * panels.halves() * sumsPanel + SKEW;
            end = sums + size * size * sumsPlane;
        }

        private static long align(long bytes) {
            return (bytes + 63) / 64 * 64;
        }
    }

    @Override
    public void run(Arguments arguments, Workers workers) {
        Blocks blocks = blocks(workers.threads());
        Scratch scratch = new Scratch(blocks);
        int patchBlocks = ceilDiv(patches(), blocks.patches);
        int groups = ceilDiv(panels.count(), blocks.panels);
        workers.run(patchBlocks * groups, (task, worker) -> {
            // neighbouring tasks share filters, which stay in the shared cache
            int patch = task % patchBlocks * blocks.patches;
            int panel = task / patchBlocks * blocks.panels;
            block(arguments, scratch, arguments.workspace() + worker * scratch.end, patch,
                    Math.min(blocks.patches, patches() - patch), panel,
                    Math.min(blocks.panels, panels.count() - panel));
        });
    }

    /// Patches `patch` to `patch + count - 1`, panels `panel` to `panel + panelCount - 1`.
    private void block(Arguments arguments, Scratch s, long memory, int patch, int count, int panel, int panelCount) {
        int padded = ceilDiv(count, rowMultiple) * rowMultiple;
        ALL.asSlice(memory + s.zeros, s.rows - s.zeros).fill((byte) 0);
        for (int i = 0; i < padded; i++) { // rows of padding repeat the first
            ALL.set(JAVA_LONG_UNALIGNED, memory + s.rows + (long) i * Long.BYTES,
                    memory + s.input + (i < count ? i : 0) * s.inputRow);
        }
        for (int channel = 0; channel < shape.inChannels(); channel += channelBlock) {
            int channels = Math.min(channelBlock, shape.inChannels() - channel);
            for (int i = 0; i < count; i++) {
                transformInput(arguments, s, memory, patch + i, i, channel, channels);
            }
            for (int plane = 0; plane < size * size; plane++) {
                multiply(arguments, s, memory, plane, channel, channels, panel, panelCount, padded);
            }
        }
        for (int p = 0; p < panelCount; p++) {
            int prepared = -1;
            for (int i = 0; i < count; i++) {
                int image = (patch + i) / (patchRows * patchColumns);
                if (image != prepared) {
                    epilogue.prepare(arguments, panel + p, image, memory + s.biases);
                    prepared = image;
                }
                store(arguments, s, memory, patch + i, i, panel + p, p);
            }
        }
    }

    /// Transforms `channels` channels of one patch into row `row` of V.
    private void transformInput(Arguments arguments, Scratch s, long memory, int patch, int row, int channel,
                                int channels) {
        int image = patch / (patchRows * patchColumns);
        int y = patch / patchColumns % patchRows * side;
        int x = patch % patchColumns * side;
        long pixels = memory + s.pixels;
        long halves = pixels + (long) size * size * Long.BYTES;
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                long at = (long) (i * size + j) * Long.BYTES;
                ALL.set(JAVA_LONG_UNALIGNED, pixels + at, map.pixel(arguments, image, y + i, x + j, memory + s.zeros));
                ALL.set(JAVA_LONG_UNALIGNED, halves + at,
                        memory + s.half + (long) (i * size + j) * RUN * Float.BYTES);
            }
        }
        int runs = ceilDiv(channels, RUN);
        int run = ceilDiv(channels, runs);
        for (int first = 0; first < channels; first += run) {
            int n = Math.min(run, channels - first);
            // down each column of the patch, then across each row
            passes.winogradInput(size, pixels, (long) size * Long.BYTES, Long.BYTES,
                    (long) (channel + first) * Float.BYTES, memory + s.half, (long) size * RUN * Float.BYTES,
                    (long) RUN * Float.BYTES, n);
            long to = memory + s.input + row * s.inputRow + (long) first * Float.BYTES;
            passes.winogradInput(size, halves, Long.BYTES, (long) size * Long.BYTES, 0, to, s.inputPlane,
                    size * s.inputPlane, n);
        }
    }

    /// One plane of V times one plane of U, for the panels of the block.
    private void multiply(Arguments arguments, Scratch s, long memory, int plane, int channel, int channels, int panel,
                          int panelCount, int padded) {
        for (int p = 0; p < panelCount * panels.halves(); p++) {
            int index = panel + p / panels.halves();
            int width = panels.width(index);
            long b = arguments.weights() + (panels.offset(index, p % panels.halves(), weights.depth())
                    + ((long) plane * shape.inChannels() + channel) * width) * storage.bytes();
            if (storage != read) {
                passes.conversions().widen(storage, b, memory + s.wide, (long) channels * width);
                b = memory + s.wide;
            }
            products.panel(read, panels.vectors(index), memory + s.rows, 0, 1, plane * s.inputPlane, channels, b,
                    channel == 0 ? memory + s.zeros : 0, memory + s.sums + plane * s.sumsPlane + p * s.sumsPanel,
                    padded);
        }
    }

    /// Transforms the sums of one patch and one panel back to pixels and stores those that exist.
    private void store(Arguments arguments, Scratch s, long memory, int patch, int row, int panel, int p) {
        long run = (long) panels.width(panel) * Float.BYTES;
        long patches = memory + s.patch;
        long patchBytes = (long) side * side * run;
        for (int h = 0; h < panels.halves(); h++) {
            long from = memory + s.sums + (p * panels.halves() + h) * s.sumsPanel + row * run;
            long half = memory + s.half; // [side][size][width]
            passes.winogradOutput(size, size, from, size * s.sumsPlane, s.sumsPlane, half, size * run, run,
                    panels.width(panel));
            passes.winogradOutput(size, side, half, run, size * run, patches + h * patchBytes, run, side * run,
                    panels.width(panel));
        }
        int image = patch / (patchRows * patchColumns);
        int y = patch / patchColumns % patchRows * side;
        int x = patch % patchColumns * side;
        long pixel = ((long) image * shape.outHeight() + y) * shape.outWidth() + x;
        epilogue.storePatch(arguments, panel, patches, patches + patchBytes, side,
                Math.min(side, shape.outHeight() - y), Math.min(side, shape.outWidth() - x), pixel, shape.outWidth(),
                memory + s.biases);
    }
}
