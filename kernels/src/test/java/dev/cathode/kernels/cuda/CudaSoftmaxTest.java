package dev.cathode.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CudaSoftmaxTest extends ShimTest {
    /// In float64.
    private static double[] softmax(double[] x, int columns, boolean logarithm) {
        double[] y = new double[x.length];
        for (int start = 0; start < x.length; start += columns) {
            double max = Double.NEGATIVE_INFINITY;
            double sum = 0;
            for (int c = 0; c < columns; c++) {
                max = Math.max(max, x[start + c]);
            }
            for (int c = 0; c < columns; c++) {
                sum += Math.exp(x[start + c] - max);
            }
            for (int c = 0; c < columns; c++) {
                y[start + c] = logarithm ? x[start + c] - max - Math.log(sum) : Math.exp(x[start + c] - max) / sum;
            }
        }
        return y;
    }

    private static double[] widen(float[] x, double scale) {
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = x[i] * scale;
        }
        return y;
    }

    @ParameterizedTest
    @EnumSource
    void rows(Element element) {
        var kernels = new CudaSoftmax(device, element);
        for (int columns : new int[] {1, 2, 16, 31, 77, 264, 1000, 2051}) {
            int rows = 5;
            int count = rows * columns;
            long bytes = (long) count * element.bytes();
            float[] x = Numbers.normal(element, count, columns, 0, 3);
            float[] dy = Numbers.normal(element, count, 2);
            long in = device.upload(element, x);
            long y = device.allocate(bytes);
            long log = device.allocate(bytes);
            String name = "[" + rows + ", " + columns + "]";
            launch(y, bytes, () -> kernels.softmax(in, y, rows, columns));
            kernels.logSoftmax(in, log, rows, columns);
            check("softmax", element, name, softmax(widen(x, 1), columns, false), y, 40, 0);
            check("logSoftmax", element, name, softmax(widen(x, 1), columns, true), log, 8, 8);
            float[] result = device.download(element, y, count);
            float[] logarithm = device.download(element, log, count);
            double[] dx = new double[count];
            double[] dLog = new double[count];
            for (int r = 0; r < rows; r++) {
                double products = 0;
                double all = 0;
                for (int i = r * columns; i < (r + 1) * columns; i++) {
                    products += (double) result[i] * dy[i];
                    all += dy[i];
                }
                for (int i = r * columns; i < (r + 1) * columns; i++) {
                    dx[i] = 0.5 * result[i] * (dy[i] - products);
                    dLog[i] = dy[i] - Math.exp(logarithm[i]) * all;
                }
            }
            long gradient = device.upload(element, dy);
            long out = device.allocate(bytes);
            launch(out, bytes, () -> kernels.softmaxGradient(y, gradient, out, rows, columns, 0.5f));
            check("softmaxGradient", element, name, dx, out, 40, 1);
            kernels.logSoftmaxGradient(log, gradient, gradient, rows, columns);
            check("logSoftmaxGradient", element, name, dLog, gradient, 40, 4 + Math.sqrt(columns));
        }
    }

    @ParameterizedTest
    @EnumSource
    void scoresOfAttention(Element element) {
        int batch = 2;
        int heads = 3;
        int queries = 7;
        for (int keys : new int[] {7, 24}) {
            int count = batch * heads * queries * keys;
            float[] x = Numbers.normal(element, count, 1, 0, 4);
            float[] mask = new float[batch * keys];
            mask[1] = -10000;
            mask[keys + 2] = Float.NEGATIVE_INFINITY;
            for (boolean causal : new boolean[] {false, true}) {
                double[] scores = widen(x, 0.125f);
                for (int i = 0; i < count; i++) {
                    int row = i / keys;
                    boolean hidden = causal && i % keys > row % queries;
                    scores[i] = hidden ? Double.NEGATIVE_INFINITY
                            : scores[i] + mask[row / heads / queries * keys + i % keys];
                }
                long y = device.allocate((long) count * element.bytes());
                new CudaSoftmax(device, element).scores(device.upload(element, x),
                        device.upload(Element.FLOAT32, mask), y, batch, heads, queries, keys, 0.125f, causal);
                check("scores" + (causal ? " causal" : ""), element, "[2, 3, 7, " + keys + "]",
                        softmax(scores, keys, false), y, 40, 0);
            }
        }
    }

    @Test
    void aRowOfNothingOrNaNIsNaN() {
        float[] x = {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, 1};
        long y = device.allocate(16);
        new CudaSoftmax(device, Element.FLOAT32).softmax(device.upload(Element.FLOAT32, x), y, 2, 2);
        for (float v : device.download(Element.FLOAT32, y, 4)) {
            assertTrue(Float.isNaN(v), "as in PyTorch");
        }
    }
}
