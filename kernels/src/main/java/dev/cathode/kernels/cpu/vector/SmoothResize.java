package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.cathode.kernels.cpu.Rearrangement.Filter;
import dev.cathode.kernels.cpu.Workers;
import java.util.Arrays;

/// Linear and cubic resizing of NHWC images as PyTorch's `interpolate(align_corners=False)` does it, summed in float64.
///
/// Without antialiasing the filter spans source pixels and the border pixel repeats; with it the filter spans target
/// pixels when shrinking and ends at the border, weights rescaled to sum 1.
public final class SmoothResize {
    private SmoothResize() { }

    static void run(Filter filter, boolean antialias, long x, long y, int batch, int height, int width, int channels,
                    int outHeight, int outWidth, Workers workers) {
        Taps rows = taps(filter, antialias, height, outHeight);
        Taps columns = taps(filter, antialias, width, outWidth);
        workers.run(batch * outHeight, (task, _) -> {
            int row = task % outHeight;
            long image = x + 4L * (task / outHeight) * height * width * channels;
            double[] sums = new double[channels];
            for (int column = 0; column < outWidth; column++) {
                Arrays.fill(sums, 0);
                for (int r = 0; r < rows.weights()[row].length; r++) {
                    for (int c = 0; c < columns.weights()[column].length; c++) {
                        long pixel = (long) (rows.first()[row] + r) * width + columns.first()[column] + c;
                        add(sums, rows.weights()[row][r] * columns.weights()[column][c], image + 4 * pixel * channels);
                    }
                }
                store(sums, y + 4L * ((long) task * outWidth + column) * channels);
            }
        });
    }

    private static void add(double[] sums, double weight, long x) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += weight * ALL.get(JAVA_FLOAT_UNALIGNED, x + 4L * i);
        }
    }

    private static void store(double[] sums, long y) {
        for (int i = 0; i < sums.length; i++) {
            ALL.set(JAVA_FLOAT_UNALIGNED, y + 4L * i, (float) sums[i]);
        }
    }

    /// How one axis of an image is resized.
    public static Taps taps(Filter filter, boolean antialias, int size, int out) {
        double scale = (double) size / out;
        double stretch = antialias ? Math.max(scale, 1) : 1;
        int reach = (int) Math.ceil((filter == Filter.BILINEAR ? 1 : 2) * stretch);
        int[] first = new int[out];
        double[][] weights = new double[out][];
        for (int o = 0; o < out; o++) {
            double centre = (o + 0.5) * scale - 0.5;
            if (filter == Filter.BILINEAR && !antialias) {
                centre = Math.max(centre, 0);
            }
            int from = (int) Math.floor(centre) - reach;
            int to = (int) Math.floor(centre) + reach + 1;
            first[o] = Math.clamp(from, 0, size - 1);
            int last = Math.clamp(to, 0, size - 1);
            weights[o] = new double[last - first[o] + 1];
            double total = 0;
            for (int i = from; i <= to; i++) {
                double w = weight(filter, antialias, (i - centre) / stretch);
                if (!antialias || i >= 0 && i < size) {
                    weights[o][Math.clamp(i, 0, size - 1) - first[o]] += w;
                    total += w;
                }
            }
            for (int i = 0; i < weights[o].length; i++) {
                weights[o][i] /= total;
            }
        }
        return new Taps(first, weights);
    }

    private static double weight(Filter filter, boolean antialias, double distance) {
        double t = Math.abs(distance);
        double a = antialias ? -0.5 : -0.75;
        return switch (filter) {
            case BILINEAR -> Math.max(0, 1 - t);
            case BICUBIC -> t < 1 ? ((a + 2) * t - (a + 3)) * t * t + 1 : t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
        };
    }
}
