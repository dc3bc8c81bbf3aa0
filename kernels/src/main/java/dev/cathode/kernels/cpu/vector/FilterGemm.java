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
/// The result is cut into blocks of rows and of columns, and where it is too small to occupy every thread, the sum over
/// the pixels is cut too, into a number of parts that depends on the shape alone; parts are added in order. A block's
/// columns of patches stay in the second-level cache while the block's rows pass by, and the result is written along
/// its rows: where pixels are few, writing is what takes the time.
final class FilterGemm implements FilterGradient {
    /// Pixels of a block at most.
    private static final int BLOCK_PIXELS = 384;
    /// Bytes of a block's packed patches, about half of the second-level cache.
    private static final int BLOCK_BYTES = 576 << 10;
    /// Panels of rows of a block at most.
    private static final int BLOCK_ROWS = 80;
    /// Tasks to aim at.
    private static final int TASKS = 16;
    /// Pixels of a part at least, where the sum is cut.
    private static final int PART_PIXELS = 1024;

    private final ConvolutionShape given;
    private final ConvolutionShape shape;
    private final PatchPacker patches;
    private final int columns;
    private final int pixels;
    private final int rowPanels;
    private final int columnPanels;
    private final int parts;
    private final int rowBlocks;
    private final int columnBlocks;
    private final int blockPixels;

    FilterGemm(ConvolutionShape given) {
        if (given.resizedHeight() != given.height() || given.resizedWidth() != given.width()) {
            throw new IllegalArgumentException("the filter gradient of a resizing convolution " + given
                    + ": resize the input first");
        }
        this.given = given;
        shape = asLinear(given);
        patches = new PatchPacker(shape);
        columns = patches.columns();
        pixels = shape.rows();
        rowPanels = Math.ceilDiv(shape.outChannels(), OuterProduct.ROWS);
        columnPanels = Math.ceilDiv(columns, OuterProduct.COLUMNS);
        int depth = Math.min(pixels, BLOCK_PIXELS);
        int wide = Math.ceilDiv(columnPanels, Math.max(1, BLOCK_BYTES / (depth * OuterProduct.COLUMNS * Float.BYTES)));
        int high = Math.ceilDiv(rowPanels, BLOCK_ROWS);
        parts = Math.clamp(Math.ceilDiv(TASKS, wide * high), 1, Math.max(1, pixels / PART_PIXELS));
        while (wide * high * parts < TASKS && rowPanels >= 8 * high) {
            high *= 2;
        }
        while (wide * high * parts < TASKS && columnPanels >= 8 * wide) {
            wide *= 2;
        }
        rowBlocks = high;
        columnBlocks = wide;
        int part = Math.ceilDiv(pixels, parts);
        blockPixels = Math.ceilDiv(part, Math.ceilDiv(part, BLOCK_PIXELS));
    }

    /// A 1×1 convolution that sees every pixel once is a linear layer.
    private static ConvolutionShape asLinear(ConvolutionShape s) {
        boolean plain = s.kernelHeight() == 1 && s.kernelWidth() == 1 && s.strideHeight() == 1 && s.strideWidth() == 1
                && s.padTop() == 0 && s.padBottom() == 0 && s.padLeft() == 0 && s.padRight() == 0;
        return plain ? ConvolutionShape.linear(s.rows(), s.inChannels(), s.outChannels()) : s;
    }

    @Override
    public ConvolutionShape shape() {
        return given;
    }

    @Override
    public long workspaceBytes(int threads) {
        return (parts - 1) * partBytes() + threads * new Scratch().end;
    }

    private long partBytes() {
        return align((long) shape.outChannels() * columns * Float.BYTES);
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
        private final long zeros = 0;
        private final long tile = zeros + align(OuterProduct.COLUMNS * Float.BYTES);
        private final long rows = tile + align((long) OuterProduct.ROWS * OuterProduct.COLUMNS * Float.BYTES);
        private final long patches = rows + align((long) Math.ceilDiv(rowPanels, rowBlocks) * OuterProduct.ROWS
                * blockPixels * Float.BYTES);
        private final long end = patches + align((long) Math.ceilDiv(columnPanels, columnBlocks) * OuterProduct.COLUMNS
                * blockPixels * Float.BYTES);
    }

    @Override
    public void run(Arguments arguments, Workers workers) {
        Scratch scratch = new Scratch();
        long partial = arguments.workspace();
        long memory = partial + (parts - 1) * partBytes();
        workers.run(parts * rowBlocks * columnBlocks, (task, worker) -> {
            int part = task / (rowBlocks * columnBlocks);
            int row = task / columnBlocks % rowBlocks;
            int column = task % columnBlocks;
            long to = part == 0 ? arguments.filterGradient() : partial + (part - 1) * partBytes();
            block(arguments, scratch, memory + worker * scratch.end, cut(pixels, part, parts),
                    cut(pixels, part + 1, parts), cut(rowPanels, row, rowBlocks), cut(rowPanels, row + 1, rowBlocks),
                    cut(columnPanels, column, columnBlocks), cut(columnPanels, column + 1, columnBlocks), to);
        });
        if (parts > 1) {
            long numbers = (long) shape.outChannels() * columns;
            int slices = Math.clamp(numbers / 4096, 1, 64);
            workers.run(slices, (task, worker) -> {
                long first = numbers * task / slices;
                add(partial + first * 4, partBytes(), parts - 1, arguments.filterGradient() + first * 4,
                        numbers * (task + 1) / slices - first);
            });
        }
    }

    /// Sums pixels `first` to `end - 1` of a block of row and column panels.
    private void block(Arguments arguments, Scratch scratch, long memory, int first, int end, int row, int rowEnd,
                       int column, int columnEnd, long to) {
        long rows = memory + scratch.rows;
        long right = memory + scratch.patches;
        long gradientStep = (long) arguments.outputGradientStride() * Float.BYTES;
        int channel = row * OuterProduct.ROWS;
        zero(memory + scratch.zeros);
        for (int pixel = first; pixel < end; pixel += blockPixels) {
            int count = Math.min(blockPixels, end - pixel);
            GradientPacker.pack(arguments.outputGradient() + pixel * gradientStep + channel * 4L, gradientStep, count,
                    shape.outChannels() - channel, rowEnd - row, rows);
            for (int c = column; c < columnEnd; c++) {
                patches.pack(arguments, pixel, count, c * OuterProduct.COLUMNS, vectors(c) * LANES,
                        right + (long) (c - column) * count * OuterProduct.COLUMNS * Float.BYTES);
            }
            for (int r = row; r < rowEnd; r++) {
                long a = rows + (long) (r - row) * count * OuterProduct.ROWS * Float.BYTES;
                for (int c = column; c < columnEnd; c++) {
                    long b = right + (long) (c - column) * count * OuterProduct.COLUMNS * Float.BYTES;
                    tile(memory + scratch.zeros, memory + scratch.tile, r, c, a, b, count, pixel == first, to);
                }
            }
        }
    }

    /// Vectors of column panel `c`.
    private int vectors(int c) {
        return Math.min(OuterProduct.VECTORS, Math.ceilDiv(columns - c * OuterProduct.COLUMNS, LANES));
    }

    /// One tile, in place if all of it exists, else by way of scratch memory.
    private void tile(long zeros, long scratch, int r, int c, long a, long b, int count, boolean begin, long to) {
        int vectors = vectors(c);
        int validRows = Math.min(OuterProduct.ROWS, shape.outChannels() - r * OuterProduct.ROWS);
        int validColumns = Math.min(vectors * LANES, columns - c * OuterProduct.COLUMNS);
        long stride = (long) columns * Float.BYTES;
        long at = to + (long) r * OuterProduct.ROWS * stride + c * OuterProduct.COLUMNS * 4L;
        if (validRows == OuterProduct.ROWS && validColumns == vectors * LANES) {
            OuterProduct.tile(vectors, a, b, count, begin ? zeros : at, begin ? 0 : stride, at, stride);
            return;
        }
        long width = (long) OuterProduct.COLUMNS * Float.BYTES;
        if (!begin) {
            copy(at, stride, scratch, width, validRows, validColumns);
        }
        OuterProduct.tile(vectors, a, b, count, begin ? zeros : scratch, begin ? 0 : width, scratch, width);
        copy(scratch, width, at, stride, validRows, validColumns);
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
        for (int i = 0; i < OuterProduct.VECTORS; i++) {
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
