package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.cathode.kernels.cpu.Rearrangement.Filter;
import dev.cathode.kernels.cpu.Rearrangement.Window;
import dev.cathode.kernels.cpu.RearrangementGradient;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Gradients of the operations of [VectorRearrangement]. Tasks own parts of the result and collect what belongs there,
/// so that no two threads add to one number.
final class VectorRearrangementGradient implements RearrangementGradient {
    @Override
    public void embedding(long ids, long dy, long dTable, int rows, int tableRows, int columns, Workers workers) {
        long[] order = new long[rows]; // id in the high half, row in the low half
        for (int r = 0; r < rows; r++) {
            int id = ALL.get(JAVA_INT_UNALIGNED, ids + 4L * r);
            if (id < 0 || id >= tableRows) {
                throw new IndexOutOfBoundsException("id " + id + " at position " + r + " is not in the table of "
                        + tableRows + " rows");
            }
            order[r] = (long) id << 32 | r;
        }
        Arrays.sort(order);
        VectorRearrangement.rows(tableRows, columns, workers, (from, to) -> {
            int end = start(order, to);
            zero(dTable + 4 * from * columns, (to - from) * columns);
            for (int i = start(order, from); i < end; ) {
                long id = order[i] >>> 32;
                int next = i + 1;
                while (next < end && order[next] >>> 32 == id) {
                    next++;
                }
                sum(order, i, next, dy, dTable + 4 * id * columns, columns);
                i = next;
            }
        });
    }

    /// The first place in `order` whose id is at least `id`.
    private static int start(long[] order, long id) {
        int place = Arrays.binarySearch(order, id << 32);
        return place < 0 ? -place - 1 : place;
    }

    private static void sum(long[] order, int from, int to, long dy, long y, int columns) {
        if (to - from == 1) {
            move(dy + 4L * (int) order[from] * columns, y, columns);
            return;
        }
        double[] sums = new double[columns];
        for (int i = from; i < to; i++) {
            MiddleSum.add(dy + 4L * (int) order[i] * columns, columns, sums);
        }
        for (int i = 0; i < columns; i++) {
            ALL.set(JAVA_FLOAT_UNALIGNED, y + 4L * i, (float) sums[i]);
        }
    }

    @Override
    public void gatherRows(long positions, long dy, long dx, int batch, int length, int columns, Workers workers) {
        for (int n = 0; n < batch; n++) {
            int position = ALL.get(JAVA_INT_UNALIGNED, positions + 4L * n);
            if (position < 0 || position >= length) {
                throw new IndexOutOfBoundsException("position " + position + " of sample " + n + " is not one of " + length);
            }
        }
        VectorRearrangement.rows((long) batch * length, columns, workers, (from, to) -> {
            for (long r = from; r < to; r++) {
                int n = (int) (r / length);
                if (r % length == ALL.get(JAVA_INT_UNALIGNED, positions + 4L * n)) {
                    move(dy + 4L * n * columns, dx + 4 * r * columns, columns);
                } else {
                    zero(dx + 4 * r * columns, columns);
                }
            }
        });
    }

    @Override
    public void resizeNearest(long dy, long dx, int batch, int height, int width, int outHeight, int outWidth,
                              int channels, Workers workers) {
        SeparableGradient.run(Taps.nearest(height, outHeight), Taps.nearest(width, outWidth), dy, dx, batch, height,
                width, channels, workers);
    }

    @Override
    public void resize(Filter filter, boolean antialias, long dy, long dx, int batch, int height, int width,
                       int channels, int outHeight, int outWidth, Workers workers) {
        SeparableGradient.run(SmoothResize.taps(filter, antialias, height, outHeight),
                SmoothResize.taps(filter, antialias, width, outWidth), dy, dx, batch, height, width, channels, workers);
    }

    @Override
    public void maxPool(long x, long dy, long dx, int batch, int height, int width, int channels, Window window,
                        Workers workers) {
        MaxPoolGradient.run(x, dy, dx, batch, height, width, channels, window, workers);
    }

    @Override
    public void averagePool(long dy, long dx, int batch, int height, int width, int channels, Window w,
                            boolean countPadding, Workers workers) {
        SeparableGradient.run(
                Taps.window(height, Pooling.rows(height, w), w.kernelHeight(), w.strideHeight(), w.padHeight(), countPadding),
                Taps.window(width, Pooling.columns(width, w), w.kernelWidth(), w.strideWidth(), w.padWidth(), countPadding),
                dy, dx, batch, height, width, channels, workers);
    }

    @Override
    public void adaptiveAveragePool(long dy, long dx, int batch, int height, int width, int channels, int outHeight,
                                    int outWidth, Workers workers) {
        SeparableGradient.run(Taps.adaptive(height, outHeight), Taps.adaptive(width, outWidth), dy, dx, batch, height,
                width, channels, workers);
    }

    @Override
    public void dilate(long dy, long dx, int batch, int height, int width, int strideHeight, int strideWidth,
                       int channels, int outHeight, int outWidth, Workers workers) {
        if ((height - 1) * strideHeight >= outHeight || (width - 1) * strideWidth >= outWidth) {
            throw new IllegalArgumentException(height + "×" + width + " pixels, " + strideHeight + " and " + strideWidth
                    + " apart, do not fit into " + outHeight + "×" + outWidth);
        }
        VectorRearrangement.rows((long) batch * outHeight, (long) outWidth * channels, workers, (from, to) -> {
            for (long r = from; r < to; r++) {
                int line = (int) (r % outHeight);
                boolean empty = line % strideHeight != 0 || line / strideHeight >= height;
                long out = dx + 4 * r * outWidth * channels;
                if (empty || strideWidth > 1 || width < outWidth) {
                    zero(out, (long) outWidth * channels);
                }
                if (!empty) {
                    long in = dy + 4 * (r / outHeight * height + line / strideHeight) * width * channels;
                    spread(in, out, width, strideWidth, channels);
                }
            }
        });
    }

    private static void spread(long x, long y, int width, int stride, int channels) {
        if (stride == 1) {
            move(x, y, (long) width * channels);
            return;
        }
        for (int c = 0; c < width; c++) {
            move(x + 4L * c * channels, y + 4L * c * stride * channels, channels);
        }
    }

    private static void move(long x, long y, long count) {
        MemorySegment.copy(ALL, x, ALL, y, 4 * count);
    }

    private static void zero(long y, long count) {
        ALL.asSlice(y, 4 * count).fill((byte) 0);
    }
}
