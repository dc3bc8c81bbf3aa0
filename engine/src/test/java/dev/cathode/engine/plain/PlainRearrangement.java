package dev.cathode.engine.plain;

import static dev.cathode.engine.plain.PlainKernels.get;
import static dev.cathode.engine.plain.PlainKernels.integer;
import static dev.cathode.engine.plain.PlainKernels.set;

import dev.cathode.kernels.cpu.Rearrangement;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.Workers;
import java.util.Objects;

/// Kernels that move numbers.
final class PlainRearrangement implements Rearrangement {
    @Override
    public void copy(long x, long xStride, long y, long yStride, long rows, long columns, Workers workers) {
        for (long i = 0; i < rows * columns; i++) {
            set(y, i / columns * yStride + i % columns, get(x, i / columns * xStride + i % columns));
        }
    }

    @Override
    public void permute(long x, int[] shape, int[] axes, long y, Workers workers) {
        long[] strides = new long[shape.length];
        long count = 1;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            strides[axis] = count;
            count *= shape[axis];
        }
        for (long i = 0; i < count; i++) {
            long rest = i;
            long from = 0;
            for (int axis = axes.length - 1; axis >= 0; axis--) {
                from += rest % shape[axes[axis]] * strides[axes[axis]];
                rest /= shape[axes[axis]];
            }
            set(y, i, get(x, from));
        }
    }

    @Override
    public void embedding(long table, WeightStorage storage, int tableRows, int columns, long ids, long y, int rows,
                          Workers workers) {
        for (int r = 0; r < rows; r++) {
            int id = Objects.checkIndex(integer(ids, r), tableRows);
            for (int c = 0; c < columns; c++) {
                set(y, (long) r * columns + c, PlainKernels.get(storage, table, (long) id * columns + c));
            }
        }
    }

    @Override
    public void gatherRows(long x, long positions, long y, int batch, int length, int columns, Workers workers) {
        for (int n = 0; n < batch; n++) {
            long row = (long) n * length + Objects.checkIndex(integer(positions, n), length);
            copy(x + 4 * row * columns, 0, y + 4L * n * columns, 0, 1, columns, workers);
        }
    }

    @Override
    public void sinusoid(long timesteps, long y, int rows, int columns, boolean cosineFirst, double freqShift,
                         double maxPeriod) {
        int half = columns / 2;
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < half; i++) {
                double angle = get(timesteps, r) * Math.exp(-Math.log(maxPeriod) * i / (half - freqShift));
                long row = (long) r * columns;
                set(y, row + (cosineFirst ? half : 0) + i, Math.sin(angle));
                set(y, row + (cosineFirst ? 0 : half) + i, Math.cos(angle));
            }
        }
    }

    @Override
    public void resizeNearest(long x, long y, int batch, int height, int width, int outHeight, int outWidth,
                              int channels, Workers workers) {
        for (int r = 0; r < batch * outHeight; r++) {
            int n = r / outHeight;
            long fromRow = (long) n * height + (long) (r % outHeight) * height / outHeight;
            for (int c = 0; c < outWidth; c++) {
                long from = fromRow * width + (long) c * width / outWidth;
                copy(x + 4 * from * channels, 0, y + 4 * ((long) r * outWidth + c) * channels, 0, 1, channels, workers);
            }
        }
    }

    /// What a window's numbers become.
    private interface Reduction {
        double of(double sum, double max, int inside);
    }

    private static void pool(long x, long y, int batch, int height, int width, int channels, Window w, int outHeight,
                             int outWidth, Reduction reduction) {
        for (int p = 0; p < batch * outHeight * outWidth; p++) {
            int n = p / (outHeight * outWidth);
            int top = p / outWidth % outHeight * w.strideHeight() - w.padHeight();
            int left = p % outWidth * w.strideWidth() - w.padWidth();
            area(x, y + 4L * p * channels, n, height, width, channels, top, left, top + w.kernelHeight(),
                    left + w.kernelWidth(), reduction);
        }
    }

    private static void area(long x, long y, int n, int height, int width, int channels, int top, int left, int bottom,
                             int right, Reduction reduction) {
        for (int c = 0; c < channels; c++) {
            double sum = 0;
            double max = Double.NEGATIVE_INFINITY;
            int inside = 0;
            for (int row = Math.max(top, 0); row < Math.min(bottom, height); row++) {
                for (int column = Math.max(left, 0); column < Math.min(right, width); column++) {
                    double v = get(x, (((long) n * height + row) * width + column) * channels + c);
                    sum += v;
                    max = Math.max(max, v);
                    inside++;
                }
            }
            set(y, c, reduction.of(sum, max, inside));
        }
    }

    @Override
    public void maxPool(long x, long y, int batch, int height, int width, int channels, Window w, Workers workers) {
        pool(x, y, batch, height, width, channels, w, out(height, w.padHeight(), w.kernelHeight(), w.strideHeight()),
                out(width, w.padWidth(), w.kernelWidth(), w.strideWidth()), (sum, max, inside) -> max);
    }

    @Override
    public void averagePool(long x, long y, int batch, int height, int width, int channels, Window w,
                            boolean countPadding, Workers workers) {
        pool(x, y, batch, height, width, channels, w, out(height, w.padHeight(), w.kernelHeight(), w.strideHeight()),
                out(width, w.padWidth(), w.kernelWidth(), w.strideWidth()),
                (sum, max, inside) -> sum / (countPadding ? w.kernelHeight() * w.kernelWidth() : inside));
    }

    static int out(int size, int padding, int kernel, int stride) {
        return (size + 2 * padding - kernel) / stride + 1;
    }

    @Override
    public void adaptiveAveragePool(long x, long y, int batch, int height, int width, int channels, int outHeight,
                                    int outWidth, Workers workers) {
        for (int p = 0; p < batch * outHeight * outWidth; p++) {
            int row = p / outWidth % outHeight;
            int column = p % outWidth;
            area(x, y + 4L * p * channels, p / (outHeight * outWidth), height, width, channels,
                    row * height / outHeight, column * width / outWidth, Math.ceilDiv((row + 1) * height, outHeight),
                    Math.ceilDiv((column + 1) * width, outWidth), (sum, max, inside) -> sum / inside);
        }
    }

    @Override
    public void resize(Filter filter, boolean antialias, long x, long y, int batch, int height, int width,
                       int channels, int outHeight, int outWidth, Workers workers) {
        double[][] rows = weights(filter, antialias, height, outHeight);
        double[][] columns = weights(filter, antialias, width, outWidth);
        for (int i = 0; i < batch * outHeight * outWidth * channels; i++) {
            int c = i % channels;
            int column = i / channels % outWidth;
            int row = i / channels / outWidth % outHeight;
            long image = (long) (i / channels / outWidth / outHeight) * height;
            double sum = 0;
            for (int r = 0; r < height; r++) {
                for (int s = 0; s < width && rows[row][r] != 0; s++) {
                    sum += rows[row][r] * columns[column][s] * get(x, ((image + r) * width + s) * channels + c);
                }
            }
            set(y, i, sum);
        }
    }

    /// How much each input position contributes to each output position.
    static double[][] weights(Filter filter, boolean antialias, int size, int out) {
        double[][] weights = new double[out][size];
        double scale = (double) size / out;
        double stretch = antialias ? Math.max(scale, 1) : 1;
        int reach = (int) Math.ceil(2 * stretch) + 1;
        for (int o = 0; o < out; o++) {
            double center = (o + 0.5) * scale - 0.5;
            double total = 0;
            for (int i = (int) Math.floor(center) - reach; i <= center + reach; i++) {
                double w = filter(filter, antialias, (i - center) / stretch);
                // Without antialiasing the border is repeated, with it the filter ends there.
                if (!antialias || i >= 0 && i < size) {
                    weights[o][Math.clamp(i, 0, size - 1)] += w;
                    total += w;
                }
            }
            for (int i = 0; i < size; i++) {
                weights[o][i] /= total;
            }
        }
        return weights;
    }

    private static double filter(Filter filter, boolean antialias, double x) {
        double t = Math.abs(x);
        double a = antialias ? -0.5 : -0.75;
        return switch (filter) {
            case BILINEAR -> Math.max(0, 1 - t);
            case BICUBIC -> t < 1 ? ((a + 2) * t - (a + 3)) * t * t + 1
                    : t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
        };
    }
}
