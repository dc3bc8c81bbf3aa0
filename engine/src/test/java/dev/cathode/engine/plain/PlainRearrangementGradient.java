package dev.cathode.engine.plain;

import static dev.cathode.engine.plain.PlainKernels.get;
import static dev.cathode.engine.plain.PlainKernels.integer;
import static dev.cathode.engine.plain.PlainKernels.set;
import static dev.cathode.engine.plain.PlainRearrangement.out;

import dev.cathode.kernels.cpu.Rearrangement.Filter;
import dev.cathode.kernels.cpu.Rearrangement.Window;
import dev.cathode.kernels.cpu.RearrangementGradient;
import dev.cathode.kernels.cpu.Workers;
import java.util.Objects;

/// Gradients of what moves numbers: sums over matrices, one of the rows and one of the columns.
final class PlainRearrangementGradient implements RearrangementGradient {
    @Override
    public void embedding(long ids, long dy, long dTable, int rows, int tableRows, int columns, Workers workers) {
        double[] sums = new double[tableRows * columns];
        for (int i = 0; i < rows * columns; i++) {
            sums[Objects.checkIndex(integer(ids, i / columns), tableRows) * columns + i % columns] += get(dy, i);
        }
        store(sums, dTable);
    }

    @Override
    public void gatherRows(long positions, long dy, long dx, int batch, int length, int columns, Workers workers) {
        double[] sums = new double[batch * length * columns];
        for (int i = 0; i < batch * columns; i++) {
            int row = i / columns * length + Objects.checkIndex(integer(positions, i / columns), length);
            sums[row * columns + i % columns] = get(dy, i);
        }
        store(sums, dx);
    }

    private static void store(double[] numbers, long y) {
        for (int i = 0; i < numbers.length; i++) {
            set(y, i, numbers[i]);
        }
    }

    /// `dx = rowsᵀ · dy · columns` in each image and channel.
    ///
    /// @param rows how much each row of the input contributes to each row of the result
    /// @param columns the same for columns
    private static void transposed(double[][] rows, double[][] columns, long dy, long dx, int batch, int channels) {
        int height = rows[0].length;
        int width = columns[0].length;
        for (int i = 0; i < batch * height * width * channels; i++) {
            int column = i / channels % width;
            int row = i / channels / width % height;
            long image = (long) (i / channels / width / height) * rows.length;
            double sum = 0;
            for (int r = 0; r < rows.length; r++) {
                for (int c = 0; c < columns.length && rows[r][row] != 0; c++) {
                    sum += rows[r][row] * columns[c][column]
                            * get(dy, ((image + r) * columns.length + c) * channels + i % channels);
                }
            }
            set(dx, i, sum);
        }
    }

    /// Where the area of an output position begins or ends.
    private interface Border {
        int at(int out);
    }

    /// Means over areas; what lies outside of the image counts as numbers if `countPadding`.
    private static double[][] means(int size, int out, boolean countPadding, Border from, Border to) {
        double[][] weights = new double[out][size];
        for (int o = 0; o < out; o++) {
            int first = Math.max(0, from.at(o));
            int end = Math.min(size, to.at(o));
            for (int i = first; i < end; i++) {
                weights[o][i] = 1.0 / (countPadding ? to.at(o) - from.at(o) : end - first);
            }
        }
        return weights;
    }

    @Override
    public void resizeNearest(long dy, long dx, int batch, int height, int width, int outHeight, int outWidth,
                              int channels, Workers workers) {
        transposed(means(height, outHeight, false, o -> o * height / outHeight, o -> o * height / outHeight + 1),
                means(width, outWidth, false, o -> o * width / outWidth, o -> o * width / outWidth + 1), dy, dx, batch,
                channels);
    }

    @Override
    public void resize(Filter filter, boolean antialias, long dy, long dx, int batch, int height, int width,
                       int channels, int outHeight, int outWidth, Workers workers) {
        transposed(PlainRearrangement.weights(filter, antialias, height, outHeight),
                PlainRearrangement.weights(filter, antialias, width, outWidth), dy, dx, batch, channels);
    }

    @Override
    public void maxPool(long x, long dy, long dx, int batch, int height, int width, int channels, Window w,
                        Workers workers) {
        int outHeight = out(height, w.padHeight(), w.kernelHeight(), w.strideHeight());
        int outWidth = out(width, w.padWidth(), w.kernelWidth(), w.strideWidth());
        double[] sums = new double[batch * height * width * channels];
        for (int i = 0; i < batch * outHeight * outWidth * channels; i++) {
            int left = i / channels % outWidth * w.strideWidth() - w.padWidth();
            int top = i / channels / outWidth % outHeight * w.strideHeight() - w.padHeight();
            int image = i / channels / outWidth / outHeight * height;
            int best = -1;
            for (int row = Math.max(0, top); row < Math.min(height, top + w.kernelHeight()); row++) {
                for (int column = Math.max(0, left); column < Math.min(width, left + w.kernelWidth()); column++) {
                    int at = ((image + row) * width + column) * channels + i % channels;
                    best = best < 0 || get(x, at) > get(x, best) || Float.isNaN(get(x, at)) ? at : best;
                }
            }
            sums[best] += get(dy, i);
        }
        store(sums, dx);
    }

    @Override
    public void averagePool(long dy, long dx, int batch, int height, int width, int channels, Window w,
                            boolean countPadding, Workers workers) {
        int outHeight = out(height, w.padHeight(), w.kernelHeight(), w.strideHeight());
        int outWidth = out(width, w.padWidth(), w.kernelWidth(), w.strideWidth());
        transposed(means(height, outHeight, countPadding, o -> o * w.strideHeight() - w.padHeight(),
                        o -> o * w.strideHeight() - w.padHeight() + w.kernelHeight()),
                means(width, outWidth, countPadding, o -> o * w.strideWidth() - w.padWidth(),
                        o -> o * w.strideWidth() - w.padWidth() + w.kernelWidth()), dy, dx, batch, channels);
    }

    @Override
    public void adaptiveAveragePool(long dy, long dx, int batch, int height, int width, int channels, int outHeight,
                                    int outWidth, Workers workers) {
        transposed(means(height, outHeight, false, o -> o * height / outHeight,
                        o -> Math.ceilDiv((o + 1) * height, outHeight)),
                means(width, outWidth, false, o -> o * width / outWidth, o -> Math.ceilDiv((o + 1) * width, outWidth)),
                dy, dx, batch, channels);
    }

    @Override
    public void dilate(long dy, long dx, int batch, int height, int width, int strideHeight, int strideWidth,
                       int channels, int outHeight, int outWidth, Workers workers) {
        for (int i = 0; i < batch * outHeight * outWidth * channels; i++) {
            int column = i / channels % outWidth;
            int row = i / channels / outWidth % outHeight;
            long image = (long) (i / channels / outWidth / outHeight) * height;
            boolean one = row % strideHeight == 0 && row / strideHeight < height && column % strideWidth == 0
                    && column / strideWidth < width;
            set(dx, i, one ? get(dy, ((image + row / strideHeight) * width + column / strideWidth) * channels
                    + i % channels) : 0);
        }
    }
}
