package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.WeightView;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.Arena;
import jdk.incubator.vector.FloatVector;

/// Packs a filter into panels: `[depth, width]` each, depth = filter tap, then input channel.
///
/// Training packs every filter anew in every step, so what it packs is copied in vectors: filters whose input channels
/// lie side by side are transposed in squares, and filters whose output channels do (the same filters, seen from the
/// gradient of their input) in rows. PyTorch's filters, whose taps lie side by side, are transposed as they lie, some
/// channels with all their taps at a time; if they are of 16 bits, they are widened before. Anything else is read
/// number by number along the columns and written across the panel, a few channels at a time, so that the part of the
/// panel in work stays in the cache.
///
/// @param shape geometry
/// @param panels the columns
/// @param storage type of the packed numbers
/// @param passes what transposes and converts
record WeightPacker(ConvolutionShape shape, Panels panels, WeightStorage storage, Passes passes) {
    static {
        CompilerDirectives.install();
    }

    /// Input channels of one task if it narrows them.
    private static final int CHANNELS = 64;
    /// Input channels of one task if it does not: memory is read faster in long rows.
    private static final int CHANNELS_F32 = 320;
    /// Bytes of a square in transposition.
    static final long SQUARE_BYTES = (long) Simd.LANES * Simd.LANES * Float.BYTES;

    private int taps() {
        return shape.kernelHeight() * shape.kernelWidth();
    }

    /// Rows of a panel.
    long depth() {
        return (long) taps() * shape.inChannels();
    }

    /// Packs on all workers.
    void pack(WeightView view, long destination, Workers workers) {
        int channels = storage == WeightStorage.F32 ? CHANNELS_F32 : CHANNELS;
        int chunks = Math.ceilDiv(shape.inChannels(), channels);
        try (Arena arena = Arena.ofShared()) {
            long blockBytes = storage == WeightStorage.F32 ? 0
                    : (long) taps() * CHANNELS * MicroKernel.COLUMNS * Float.BYTES;
            long stagingBytes = blockBytes + scratchBytes();
            long staging = OffHeap.allocate(stagingBytes * workers.threads(), arena).address();
            workers.run(panels.count() * panels.halves() * chunks, (task, worker) -> {
                int half = task / chunks % panels.halves();
                int panel = task / chunks / panels.halves();
                int first = task % chunks * channels;
                int count = Math.min(channels, shape.inChannels() - first);
                long to = destination + panels.offset(panel, half, depth()) * storage.bytes();
                long block = staging + stagingBytes * worker;
                long scratch = block + blockBytes;
                if (storage == WeightStorage.F32) {
                    gatherAll(view, panel, half, first, count, to + first * panels.width(panel) * 4L,
                            shape.inChannels(), scratch);
                } else {
                    gatherAll(view, panel, half, first, count, block, count, scratch);
                    narrow(block, to, panel, first, count);
                }
            });
        }
    }

    /// Scratch memory of [#gatherAll]: a square, some channels with all their taps, and what is widened.
    long scratchBytes() {
        return widenedAt() + (long) CHANNELS * taps() * MicroKernel.COLUMNS * Float.BYTES;
    }

    private long widenedAt() {
        return SQUARE_BYTES + (taps() == 1 ? 0 : (long) Simd.LANES * taps() * MicroKernel.COLUMNS * Float.BYTES);
    }

    /// [#gather] for all taps.
    ///
    /// @param scratch [#scratchBytes()] of scratch memory
    void gatherAll(WeightView view, int panel, int half, int first, int count, long to, int tapChannels, long scratch) {
        boolean tapsInside = view.inStride() == taps()
                && (taps() == 1 || view.columnStride() == 1 && view.rowStride() == shape.kernelWidth());
        int width = panels.width(panel);
        long rowBytes = width * 4L;
        int whole = tapsInside ? count / Simd.LANES * Simd.LANES : 0;
        if (view.storage() != WeightStorage.F32 && whole > 0) {
            for (int c = 0; c < whole; c += CHANNELS) {
                int some = Math.min(CHANNELS, whole - c);
                WeightView wide = widen(view, panel, half, first + c, some, scratch + widenedAt());
                gatherAll(wide, panel, half, first + c, some, to + c * rowBytes, tapChannels, scratch);
            }
            gather(view, panel, half, 0, taps(), first + whole, count - whole, to + whole * rowBytes, tapChannels, scratch);
            return;
        }
        int done = taps() > 1 && panels.valid(panel) == width ? whole : 0;
        long rows = scratch + SQUARE_BYTES; // [channel][tap][column]
        for (int c = 0; c < done; c += Simd.LANES) {
            long from = view.address() + (((long) half * panels.columns() + panels.start(panel)) * view.outStride()
                    + (long) (first + c) * taps()) * Float.BYTES;
            passes.transpose(from, view.outStride() * Float.BYTES, width, Simd.LANES * taps(), rows, rowBytes, scratch);
            for (int tap = 0; tap < taps(); tap++) {
                passes.add(rows + tap * rowBytes, taps() * rowBytes, 0, 0, 0,
                        to + ((long) tap * tapChannels + c) * rowBytes, rowBytes, Simd.LANES, width);
            }
        }
        if (done < count) {
            gather(view, panel, half, 0, taps(), first + done, count - done, to + done * rowBytes, tapChannels, scratch);
        }
    }

    /// The same filter in float32, of which only these channels of a panel's columns exist.
    private WeightView widen(WeightView view, int panel, int half, int first, int count, long to) {
        long column = (long) half * panels.columns() + panels.start(panel);
        long numbers = (long) count * taps();
        for (int o = 0; o < panels.valid(panel); o++) {
            long from = view.address() + ((column + o) * view.outStride() + (long) first * taps()) * view.storage().bytes();
            passes.conversions().widen(view.storage(), from, to + o * numbers * Float.BYTES, numbers);
        }
        return new WeightView(to - (column * numbers + (long) first * taps()) * Float.BYTES, WeightStorage.F32, numbers,
                view.rowStride(), view.columnStride(), view.inStride());
    }

    /// Copies channels `first` to `first + count - 1` of some taps of a panel's columns, as float32, to
    /// `to[tap · tapChannels + channel][column]`; columns of padding are zeros.
    ///
    /// @param firstTap the first tap
    /// @param tapCount taps
    /// @param square [#SQUARE_BYTES] of scratch memory
    void gather(WeightView view, int panel, int half, int firstTap, int tapCount, int first, int count, long to,
                int tapChannels, long square) {
        int width = panels.width(panel);
        int valid = panels.valid(panel);
        long column = (long) half * panels.columns() + panels.start(panel);
        long bytes = view.storage().bytes();
        for (int tap = firstTap; tap < firstTap + tapCount; tap++) {
            int ky = tap / shape.kernelWidth();
            int kx = tap % shape.kernelWidth();
            long rows = to + (long) (tap - firstTap) * tapChannels * width * Float.BYTES;
            long from = view.address()
                    + (column * view.outStride() + ky * view.rowStride() + kx * view.columnStride()
                    + first * view.inStride()) * bytes;
            block(view, from, valid, count, rows, width * 4L, square);
            for (int o = valid; o < width; o++) {
                for (int i = 0; i < count; i++) {
                    ALL.set(JAVA_FLOAT_UNALIGNED, rows + ((long) i * width + o) * Float.BYTES, 0f);
                }
            }
        }
    }

    /// Copies `columns` output channels by `count` input channels of one tap to `to[channel][column]`.
    private void block(WeightView view, long from, int columns, int count, long to, long toStep, long square) {
        long outStep = view.outStride() * view.storage().bytes();
        long inStep = view.inStride() * view.storage().bytes();
        int wide = 0; // columns and channels done in vectors
        int deep = 0;
        if (view.storage() == WeightStorage.F32 && view.outStride() == 1) {
            wide = columns / Simd.LANES * Simd.LANES;
            deep = count;
            rows(from, inStep, to, toStep, count, wide);
        } else if (view.storage() == WeightStorage.F32 && view.inStride() == 1) {
            wide = columns / Simd.LANES * Simd.LANES;
            deep = count / Simd.LANES * Simd.LANES;
            passes.transpose(from, outStep, wide, deep, to, toStep, square);
        }
        for (int o = 0; o < columns; o++) {
            int done = o < wide ? deep : 0;
            column(view.storage(), from + o * outStep + done * inStep, inStep, to + o * 4L + done * toStep, toStep,
                    count - done);
        }
    }

    /// Copies rows of a multiple of a vector.
    private static void rows(long from, long fromStep, long to, long toStep, int count, int columns) {
        for (int i = 0; i < count; i++) {
            for (int o = 0; o < columns; o += Simd.LANES) {
                FloatVector.fromMemorySegment(Simd.SPECIES, ALL, from + o * 4L, Simd.LE)
                        .intoMemorySegment(ALL, to + o * 4L, Simd.LE);
            }
            from += fromStep;
            to += toStep;
        }
    }

    private static void column(WeightStorage storage, long from, long fromStep, long to, long toStep, int count) {
        if (storage == WeightStorage.F32) {
            for (int i = 0; i < count; i++) {
                ALL.set(JAVA_FLOAT_UNALIGNED, to + i * toStep, ALL.get(JAVA_FLOAT_UNALIGNED, from + i * fromStep));
            }
        } else {
            for (int i = 0; i < count; i++) {
                ALL.set(JAVA_FLOAT_UNALIGNED, to + i * toStep, HalfFloats.get(storage, from + i * fromStep));
            }
        }
    }

    private void narrow(long block, long to, int panel, int first, int count) {
        int width = panels.width(panel);
        long numbers = (long) count * width;
        for (int tap = 0; tap < taps(); tap++) {
            long from = block + tap * numbers * Float.BYTES;
            long at = to + ((long) tap * shape.inChannels() + first) * width * storage.bytes();
            passes.conversions().narrow(storage, from, at, numbers);
        }
    }
}
