package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.LANES;
import static dev.cathode.kernels.cpu.vector.Simd.LE;
import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.FilterGradient;
import dev.cathode.kernels.cpu.Workers;
import jdk.incubator.vector.FloatVector;

/// The gradient with respect to a filter as one matrix product: `[outChannels, pixels] · [pixels, taps · inChannels]`.
///
/// The right side is never made: its rows are read, tap by tap, from a padded copy of a few lines of the input, or from
/// the input itself. Many channels are copied a panel at a time, and each tap has a tile of its own; few are copied as
/// they are, and tiles cover the taps of a filter row together.
///
/// The result is cut into blocks of rows and of channels, and where it is too small to occupy every thread, the sum
/// over the pixels is cut too, into a number of parts that depends on the shape alone; parts are added in order. The
/// result is written along its rows: where pixels are few, writing is what takes the time.
final class FilterGemm implements FilterGradient {
    /// Pixels of a block to aim at where each is read once per tap.
    private static final int BLOCK_PIXELS = 1024;
    /// Pixels of a block to aim at where the input is read in place: its rows lie far apart.
    private static final int BLOCK_PIXELS_IN_PLACE = 256;
    /// Bytes of a block's copied input, about half of the second-level cache.
    private static final int BLOCK_BYTES = 576 << 10;
    /// Panels of rows of a block at most.
    private static final int BLOCK_ROWS = 108;
    /// Tiles beside each other from which a panel of gradients is worth packing.
    private static final int PACKED_TILES = 6;
    /// Tasks to aim at.
    private static final int TASKS = 16;
    /// Pixels of a part at least, where the sum is cut.
    private static final int PART_PIXELS = 1024;

    private final ConvolutionShape given;
    private final ConvolutionShape shape;
    private final Products products;
    /// What multiplies rounded numbers; null in float32.
    private final PixelPairs pairs;
    /// Whether tiles cover the taps of a filter row together.
    private final boolean merged;
    /// Whether the input is read where it lies.
    private final boolean inPlace;
    /// Whether the gradients are packed.
    private final boolean packed;
    private final PaddedInput padded;
    private final RowPanels rowPanels;
    /// Panels of a run: of the channels, or of the channels of all taps of a filter row.
    private final Panels panels;
    private final int runs;
    private final int lines;
    private final int parts;
    private final int rowBlocks;
    private final int panelBlocks;
    private final int blockLines;

    /// In float32.
    FilterGemm(ConvolutionShape given, Products products) {
        this(given, products, null);
    }

    /// In mixed precision, where that is possible: with an instruction for it, and for lines that consist of pairs.
    static FilterGemm mixed(ConvolutionShape given, Products products) {
        return new FilterGemm(given, products,
                asLinear(given, true).outWidth() % 2 == 0 ? products.pixelPairs().orElse(null) : null);
    }

    private FilterGemm(ConvolutionShape given, Products products, PixelPairs pairs) {
        if (given.resizedHeight() != given.height() || given.resizedWidth() != given.width()) {
            throw new IllegalArgumentException("the filter gradient of a resizing convolution " + given
                    + ": resize the input first");
        }
        this.given = given;
        this.products = products;
        this.pairs = pairs;
        shape = asLinear(given, pairs != null);
        int in = shape.inChannels();
        boolean pads = shape.padTop() + shape.padBottom() + shape.padLeft() + shape.padRight() > 0;
        merged = shape.kernelWidth() > 1 && in < MicroKernel.COLUMNS;
        inPlace = pairs == null && !merged && !pads && in % LANES == 0;
        padded = new PaddedInput(shape, merged ? in : MicroKernel.COLUMNS);
        rowPanels = new RowPanels(shape.outChannels());
        panels = new Panels(merged ? shape.kernelWidth() * in : in, 1);
        runs = merged ? shape.kernelHeight() : shape.kernelHeight() * shape.kernelWidth();
        packed = pairs != null || runs * panels.count() >= PACKED_TILES;
        lines = shape.batch() * shape.outHeight();

        int depth = Math.clamp((inPlace ? BLOCK_PIXELS_IN_PLACE : BLOCK_PIXELS) / shape.outWidth(), 1, lines);
        long bytes = inPlace ? (long) depth * shape.outWidth() * MicroKernel.COLUMNS * Float.BYTES
                : padded.bytes(depth);
        int wide = merged ? 1 : Math.ceilDiv(panels.count(), (int) Math.max(1, BLOCK_BYTES / bytes));
        int high = Math.ceilDiv(rowPanels.count(), BLOCK_ROWS);
        parts = Math.clamp(Math.ceilDiv(TASKS, wide * high), 1, Math.clamp(shape.rows() / PART_PIXELS, 1, lines));
        while (wide * high * parts < TASKS && rowPanels.count() >= 8 * high) {
            high *= 2;
        }
        while (wide * high * parts < TASKS && !merged && panels.count() >= 8 * wide) {
            wide *= 2;
        }
        rowBlocks = high;
        panelBlocks = wide;
        int part = Math.ceilDiv(lines, parts);
        blockLines = Math.ceilDiv(part, Math.ceilDiv(part, depth));
    }

    /// A 1×1 convolution that sees every pixel once is a linear layer, here an image of one column, or of two.
    private static ConvolutionShape asLinear(ConvolutionShape s, boolean pairs) {
        boolean plain = s.kernelHeight() == 1 && s.kernelWidth() == 1 && s.strideHeight() == 1 && s.strideWidth() == 1
                && s.padTop() == 0 && s.padBottom() == 0 && s.padLeft() == 0 && s.padRight() == 0;
        int columns = pairs && s.rows() % 2 == 0 ? 2 : 1;
        return plain ? new ConvolutionShape(1, s.rows() / columns, columns, s.inChannels(), s.outChannels(), 1, 1, 1, 1,
                0, 0, 0, 0, s.rows() / columns, columns) : s;
    }

    @Override
    public ConvolutionShape shape() {
        return given;
    }

    @Override
    public long workspaceBytes(int threads) {
        return (parts - 1) * partBytes() + threads * new Scratch().end;
    }

    /// Numbers of a row of the result.
    private int columns() {
        return runs * panels.columns();
    }

    private long partBytes() {
        return align((long) shape.outChannels() * columns() * Float.BYTES);
    }

    private static long align(long bytes) {
        return (bytes + 63) / 64 * 64;
    }

    /// The `index`-th of `count` near-equal cuts of `total`.
    private static int cut(int total, int index, int count) {
        return (int) ((long) total * index / count);
    }

    /// Offsets into one worker's scratch memory.
    private final class Scratch {
        private final int pixels = blockLines * shape.outWidth();
        private final long zeros = 0;
        private final long tile = zeros + align(MicroKernel.COLUMNS * Float.BYTES);
        private final long table = tile + align((long) RowPanels.HEIGHT * MicroKernel.COLUMNS * Float.BYTES);
        private final long gradients = table + align((long) pixels * Long.BYTES);
        private final long inputs = gradients + align((long) RowPanels.HEIGHT * (pixels + 1) * Float.BYTES);
        /// Bytes of one padded copy.
        private final long copy = inPlace ? 0 : align(padded.bytes(blockLines));
        /// What the last pixel of a copy would be paired with need not be one, but must be memory.
        private final long end = inputs + copy * (merged ? 1 : Math.ceilDiv(panels.count(), panelBlocks))
                + (pairs == null ? 0 : align(pairBytes()));
    }

    /// Row panels `row` to `rowEnd - 1`, panels `panel` to `panelEnd - 1` of every run, lines `line` to `lineEnd - 1`.
    private record Block(int row, int rowEnd, int panel, int panelEnd, int line, int lineEnd) { }

    @Override
    public void run(Arguments arguments, Workers workers) {
        Scratch scratch = new Scratch();
        long partial = arguments.workspace();
        long memory = partial + (parts - 1) * partBytes();
        workers.run(parts * rowBlocks * panelBlocks, (task, worker) -> {
            int part = task / (rowBlocks * panelBlocks);
            int row = task / panelBlocks % rowBlocks;
            int panel = task % panelBlocks;
            Block block = new Block(cut(rowPanels.count(), row, rowBlocks), cut(rowPanels.count(), row + 1, rowBlocks),
                    cut(panels.count(), panel, panelBlocks), cut(panels.count(), panel + 1, panelBlocks),
                    cut(lines, part, parts), cut(lines, part + 1, parts));
            block(arguments, scratch, memory + worker * scratch.end, block,
                    part == 0 ? arguments.filterGradient() : partial + (part - 1) * partBytes());
        });
        if (parts > 1) {
            long numbers = (long) shape.outChannels() * columns();
            int slices = Math.clamp(numbers / 4096, 1, 64);
            workers.run(slices, (task, worker) -> {
                long first = numbers * task / slices;
                add(partial + first * 4, partBytes(), parts - 1, arguments.filterGradient() + first * 4,
                        numbers * (task + 1) / slices - first);
            });
        }
    }

    private void block(Arguments arguments, Scratch scratch, long memory, Block block, long to) {
        zero(memory + scratch.zeros);
        for (int line = block.line; line < block.lineEnd; line += blockLines) {
            int count = Math.min(blockLines, block.lineEnd - line);
            int pixels = count * shape.outWidth();
            long gradients = arguments.outputGradient()
                    + (long) line * shape.outWidth() * arguments.outputGradientStride() * Float.BYTES;
            inputs(arguments, scratch, memory, block, line, count);
            long a = memory + scratch.gradients;
            for (int r = block.row; r < block.rowEnd; r++) {
                int height = rowPanels.height(r);
                int valid = rowPanels.valid(r);
                long from = gradients + rowPanels.start(r) * 4L;
                long step = (long) arguments.outputGradientStride() * Float.BYTES;
                if (packed || valid < height) {
                    GradientPacker.pack(from, step, pixels, height, valid, a);
                    from = a;
                    step = (long) height * Float.BYTES;
                    if (pairs != null) {
                        pairs.neighbours(a, align(pixels * step), step);
                        step *= 2;
                    }
                }
                for (int run = 0; run < runs; run++) {
                    long tap = tap(arguments, run);
                    for (int p = block.panel; p < block.panelEnd; p++) {
                        long offset = tap + (merged || inPlace ? panels.start(p) * 4L
                                : (p - block.panel) * scratch.copy);
                        tile(scratch, memory, r, run, p, from, step, offset, pixels, line == block.line, to);
                    }
                }
            }
        }
    }

    /// Copies the input that `count` lines from `line` see, and notes where.
    private void inputs(Arguments arguments, Scratch scratch, long memory, Block block, int line, int count) {
        long table = memory + scratch.table;
        long copy = memory + scratch.inputs;
        if (inPlace) {
            padded.tableInPlace(arguments.input(), arguments.inputStride(), line, count, table);
            return;
        }
        padded.table(copy, line, count, table);
        if (merged) {
            padded.copy(arguments.input(), arguments.inputStride(), line, count, shape.inChannels(), copy);
            pair(copy, count);
            return;
        }
        for (int p = block.panel; p < block.panelEnd; p++) {
            padded.copy(arguments.input() + panels.start(p) * 4L, arguments.inputStride(), line, count,
                    panels.valid(p), copy + (p - block.panel) * scratch.copy);
            pair(copy + (p - block.panel) * scratch.copy, count);
        }
    }

    /// Every number of a copy becomes a pair with that of the pixel of the next output pixel.
    private void pair(long copy, int lines) {
        if (pairs != null) {
            pairs.neighbours(copy, align(padded.bytes(lines)), pairBytes());
        }
    }

    /// Bytes of a copy from what one output pixel sees to what the next does.
    private long pairBytes() {
        return (long) shape.strideWidth() * padded.pixelNumbers() * Float.BYTES;
    }

    /// Bytes from the first tap of a pixel to the first of run `run`.
    private long tap(Arguments arguments, int run) {
        int ky = merged ? run : run / shape.kernelWidth();
        int kx = merged ? 0 : run % shape.kernelWidth();
        return inPlace ? ((long) ky * shape.width() + kx) * arguments.inputStride() * Float.BYTES
                : ((long) ky * padded.rowPixels() + kx) * padded.pixelNumbers() * Float.BYTES;
    }

    /// One tile, written in place if all of it exists, else by way of scratch memory.
    private void tile(Scratch scratch, long memory, int r, int run, int p, long a, long aStep, long offset,
                      int count, boolean begin, long to) {
        long table = memory + scratch.table;
        long zeros = memory + scratch.zeros;
        int rows = rowPanels.height(r);
        int vectors = panels.vectors(p);
        int validRows = rowPanels.valid(r);
        int validColumns = panels.valid(p);
        long stride = (long) columns() * Float.BYTES;
        long at = to + rowPanels.start(r) * stride + ((long) run * panels.columns() + panels.start(p)) * Float.BYTES;
        if (validRows == rows && validColumns == vectors * LANES) {
            multiply(rows, vectors, a, aStep, table, offset, count, begin ? zeros : at, begin ? 0 : stride, at, stride);
            return;
        }
        long tile = memory + scratch.tile;
        long width = (long) MicroKernel.COLUMNS * Float.BYTES;
        if (!begin) {
            copy(at, stride, tile, width, validRows, validColumns);
        }
        multiply(rows, vectors, a, aStep, table, offset, count, begin ? zeros : tile, begin ? 0 : width, tile, width);
        copy(tile, width, at, stride, validRows, validColumns);
    }

    private void multiply(int rows, int vectors, long a, long aStep, long table, long offset, int count, long start,
                          long startStride, long c, long cStride) {
        if (pairs == null) {
            products.pixels(rows, vectors, a, aStep, table, offset, count, start, startStride, c, cStride);
        } else {
            pairs.pixels(rows, vectors, a, aStep, table, offset, count / 2, start, startStride, c, cStride);
        }
    }

    private static void copy(long from, long fromStep, long to, long toStep, int rows, int length) {
        for (int r = 0; r < rows; r++) {
            int i = 0;
            for (; i <= length - LANES; i += LANES) {
                FloatVector.fromMemorySegment(SPECIES, ALL, from + i * 4L, LE).intoMemorySegment(ALL, to + i * 4L, LE);
            }
            for (; i < length; i++) {
                ALL.set(JAVA_FLOAT_UNALIGNED, to + i * 4L, ALL.get(JAVA_FLOAT_UNALIGNED, from + i * 4L));
            }
            from += fromStep;
            to += toStep;
        }
    }

    private static void zero(long to) {
        FloatVector zero = FloatVector.zero(SPECIES);
        for (int i = 0; i < MicroKernel.VECTORS; i++) {
            zero.intoMemorySegment(ALL, to + (long) i * LANES * Float.BYTES, LE);
        }
    }

    /// `to += Σ from`, `count` numbers of each of `terms` terms that lie `step` bytes apart, in order.
    private static void add(long from, long step, int terms, long to, long count) {
        long i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector sum = FloatVector.fromMemorySegment(SPECIES, ALL, to + i * 4, LE);
            for (int t = 0; t < terms; t++) {
                sum = sum.add(FloatVector.fromMemorySegment(SPECIES, ALL, from + t * step + i * 4, LE));
            }
            sum.intoMemorySegment(ALL, to + i * 4, LE);
        }
        for (; i < count; i++) {
            float sum = ALL.get(JAVA_FLOAT_UNALIGNED, to + i * 4);
            for (int t = 0; t < terms; t++) {
                sum += ALL.get(JAVA_FLOAT_UNALIGNED, from + t * step + i * 4);
            }
            ALL.set(JAVA_FLOAT_UNALIGNED, to + i * 4, sum);
        }
    }
}
