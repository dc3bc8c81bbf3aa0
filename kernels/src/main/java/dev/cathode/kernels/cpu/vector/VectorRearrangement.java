package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.cathode.kernels.cpu.Rearrangement;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.MemorySegment;

/// Copies, permutations, lookups and resizes. Pooling is in [Pooling].
final class VectorRearrangement implements Rearrangement {
    private static final int BLOCK = 1 << 14;
    private static final int TILE = 16;

    private final Conversions conversions;

    VectorRearrangement(Conversions conversions) {
        this.conversions = conversions;
    }

    /// Some rows, `from` to `to` (excluded).
    @FunctionalInterface
    interface Rows {
        void run(long from, long to);
    }

    /// Runs rows in parallel, so many at a time that a task is worth its while.
    static void rows(long rows, long columns, Workers workers, Rows body) {
        long together = Math.max(1, BLOCK / Math.max(1, columns));
        workers.run(Math.toIntExact((rows + together - 1) / together),
                (index, _) -> body.run(index * together, Math.min(rows, (index + 1) * together)));
    }

    @Override
    public void copy(long x, long xStride, long y, long yStride, long rows, long columns, Workers workers) {
        rows(rows, columns, workers, (from, to) -> {
            if (xStride == columns && yStride == columns) {
                move(x + 4 * from * columns, y + 4 * from * columns, (to - from) * columns);
                return;
            }
            for (long r = from; r < to; r++) {
                move(x + 4 * r * xStride, y + 4 * r * yStride, columns);
            }
        });
    }

    private static void move(long x, long y, long count) {
        MemorySegment.copy(ALL, x, ALL, y, 4 * count);
    }

    @Override
    public void permute(long x, int[] shape, int[] axes, long y, Workers workers) {
        Permutation p = Permutation.of(shape, axes);
        int rank = p.shape().length;
        if (rank == 1) {
            copy(x, p.shape()[0], y, p.shape()[0], 1, p.shape()[0], workers);
        } else if (rank == 2 || rank == 3 && p.axes()[0] == 0) { // [batch,] rows and columns change places
            int batch = rank == 2 ? 1 : p.shape()[0];
            transpose(x, y, batch, p.shape()[rank - 2], p.shape()[rank - 1], workers);
        } else {
            general(x, p, y, workers);
        }
    }

    /// `[batch, height, width]` to `[batch, width, height]`, by square tiles so that both sides stay in the cache.
    private static void transpose(long x, long y, int batch, int height, int width, Workers workers) {
        int down = (height + TILE - 1) / TILE;
        rows((long) batch * down, (long) TILE * width, workers, (from, to) -> {
            for (long strip = from; strip < to; strip++) {
                long image = strip / down * height * width;
                int top = (int) (strip % down) * TILE;
                int bottom = Math.min(height, top + TILE);
                for (int left = 0; left < width; left += TILE) {
                    tile(x + 4 * image, y + 4 * image, height, width, top, bottom, left, Math.min(width, left + TILE));
                }
            }
        });
    }

    private static void tile(long x, long y, int height, int width, int top, int bottom, int left, int right) {
        for (int c = left; c < right; c++) {
            for (int r = top; r < bottom; r++) {
                ALL.set(JAVA_FLOAT_UNALIGNED, y + 4 * ((long) c * height + r),
                        ALL.get(JAVA_FLOAT_UNALIGNED, x + 4 * ((long) r * width + c)));
            }
        }
    }

    /// Any order: the last axis of the result in a loop, the others counted.
    private static void general(long x, Permutation p, long y, Workers workers) {
        int rank = p.shape().length;
        long[] strides = p.strides();
        int columns = p.shape()[p.axes()[rank - 1]];
        long step = strides[p.axes()[rank - 1]];
        long rows = 1;
        for (int axis = 0; axis < rank - 1; axis++) {
            rows *= p.shape()[p.axes()[axis]];
        }
        rows(rows, columns, workers, (from, to) -> {
            for (long r = from; r < to; r++) {
                long rest = r;
                long start = 0;
                for (int axis = rank - 2; axis >= 0; axis--) {
                    int source = p.axes()[axis];
                    start += rest % p.shape()[source] * strides[source];
                    rest /= p.shape()[source];
                }
                if (step == 1) {
                    move(x + 4 * start, y + 4 * r * columns, columns);
                } else {
                    gather(x + 4 * start, 4 * step, y + 4 * r * columns, columns);
                }
            }
        });
    }

    private static void gather(long x, long step, long y, int count) {
        for (int i = 0; i < count; i++) {
            ALL.set(JAVA_FLOAT_UNALIGNED, y + 4L * i, ALL.get(JAVA_FLOAT_UNALIGNED, x + i * step));
        }
    }

    @Override
    public void embedding(long table, WeightStorage storage, int tableRows, int columns, long ids, long y, int rows,
                          Workers workers) {
        rows(rows, columns, workers, (from, to) -> {
            for (long r = from; r < to; r++) {
                int id = ALL.get(JAVA_INT_UNALIGNED, ids + 4 * r);
                if (id < 0 || id >= tableRows) {
                    throw new IndexOutOfBoundsException("id " + id + " at position " + r + " is not in the table of "
                            + tableRows + " rows");
                }
                VectorElementwise.widen(conversions, storage, table + (long) id * columns * storage.bytes(),
                        y + 4 * r * columns, columns);
            }
        });
    }

    @Override
    public void gatherRows(long x, long positions, long y, int batch, int length, int columns, Workers workers) {
        for (int n = 0; n < batch; n++) {
            int position = ALL.get(JAVA_INT_UNALIGNED, positions + 4L * n);
            if (position < 0 || position >= length) {
                throw new IndexOutOfBoundsException("position " + position + " of sample " + n + " is not one of " + length);
            }
            move(x + 4 * ((long) n * length + position) * columns, y + 4L * n * columns, columns);
        }
    }

    @Override
    public void sinusoid(long timesteps, long y, int rows, int columns, boolean cosineFirst, double freqShift,
                         double maxPeriod) {
        int half = columns / 2;
        for (int r = 0; r < rows; r++) {
            double t = ALL.get(JAVA_FLOAT_UNALIGNED, timesteps + 4L * r);
            long row = y + 4L * r * columns;
            for (int i = 0; i < half; i++) {
                double angle = t * Math.exp(-Math.log(maxPeriod) * i / (half - freqShift));
                ALL.set(JAVA_FLOAT_UNALIGNED, row + 4L * (cosineFirst ? half + i : i), (float) Math.sin(angle));
                ALL.set(JAVA_FLOAT_UNALIGNED, row + 4L * (cosineFirst ? i : half + i), (float) Math.cos(angle));
            }
            if (columns % 2 == 1) {
                ALL.set(JAVA_FLOAT_UNALIGNED, row + 4L * (columns - 1), 0f);
            }
        }
    }

    @Override
    public void resizeNearest(long x, long y, int batch, int height, int width, int outHeight, int outWidth, int channels,
                              Workers workers) {
        rows((long) batch * outHeight, (long) outWidth * channels, workers, (from, to) -> {
            for (long r = from; r < to; r++) {
                long source = r / outHeight * height + r % outHeight * height / outHeight;
                for (int c = 0; c < outWidth; c++) {
                    move(x + 4 * (source * width + (long) c * width / outWidth) * channels,
                            y + 4 * (r * outWidth + c) * channels, channels);
                }
            }
        });
    }

    @Override
    public void maxPool(long x, long y, int batch, int height, int width, int channels, Window window, Workers workers) {
        Pooling.max(x, y, batch, height, width, channels, window, workers);
    }

    @Override
    public void averagePool(long x, long y, int batch, int height, int width, int channels, Window window,
                            boolean countPadding, Workers workers) {
        Pooling.average(x, y, batch, height, width, channels, window, countPadding, workers);
    }

    @Override
    public void adaptiveAveragePool(long x, long y, int batch, int height, int width, int channels, int outHeight,
                                    int outWidth, Workers workers) {
        Pooling.adaptiveAverage(x, y, batch, height, width, channels, outHeight, outWidth, workers);
    }

    @Override
    public void resize(Filter filter, boolean antialias, long x, long y, int batch, int height, int width, int channels,
                       int outHeight, int outWidth, Workers workers) {
        SmoothResize.run(filter, antialias, x, y, batch, height, width, channels, outHeight, outWidth, workers);
    }
}
