package dev.cathode.kernels.cuda;

import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CudaLayerNormTest extends ShimTest {
    private static final float EPSILON = 1e-5f;

    @ParameterizedTest
    @EnumSource
    void againstFloat64(Element element) {
        for (int[] shape : new int[][] {{1, 2}, {3, 5}, {40, 16}, {7, 33}, {5, 320}, {300, 77}, {70, 264}, {2, 1031}}) {
            layerNorm(element, shape[0], shape[1], 0);
        }
        layerNorm(element, 9, 48, element.bytes());
    }

    private void layerNorm(Element element, int rows, int columns, int skew) {
        var kernels = new CudaLayerNorm(device, element);
        int count = rows * columns;
        float[] x = Numbers.normal(element, count, 1, 0.5, 1.5);
        float[] weight = Numbers.normal(Element.FLOAT32, columns, 2);
        float[] bias = Numbers.normal(Element.FLOAT32, columns, 3);
        float[] dy = Numbers.normal(element, count, 4);
        double[] y = new double[count];
        double[] dx = new double[count];
        double[] dWeight = new double[columns];
        double[] dBias = new double[columns];
        double steepest = 1;
        for (int r = 0; r < rows; r++) {
            double mean = 0;
            double variance = 0;
            double all = 0;
            double products = 0;
            for (int c = 0; c < columns; c++) {
                mean += (double) x[r * columns + c] / columns;
            }
            for (int c = 0; c < columns; c++) {
                variance += Math.pow(x[r * columns + c] - mean, 2) / columns;
            }
            double deviation = Math.sqrt(variance + EPSILON);
            steepest = Math.max(steepest, 1 / deviation);
            for (int c = 0; c < columns; c++) {
                int i = r * columns + c;
                double normal = (x[i] - mean) / deviation;
                y[i] = normal * weight[c] + bias[c];
                dWeight[c] += dy[i] * normal;
                dBias[c] += dy[i];
                all += dy[i] * weight[c] / columns;
                products += dy[i] * weight[c] * normal / columns;
            }
            for (int c = 0; c < columns; c++) {
                int i = r * columns + c;
                dx[i] = (dy[i] * weight[c] - all - (x[i] - mean) / deviation * products) / deviation;
            }
        }
        long in = device.uploadSkewed(element, skew, x);
        long w = device.upload(Element.FLOAT32, weight);
        long b = device.upload(Element.FLOAT32, bias);
        long gradient = device.uploadSkewed(element, skew, dy);
        long dw = device.allocate(4L * columns);
        long db = device.allocate(4L * columns);
        long workspace = device.allocate(kernels.workspaceBytes(rows, columns));
        String name = Arrays.toString(new int[] {rows, columns}) + (skew > 0 ? "+" + skew : "");
        launch(gradient, (long) count * element.bytes(), // in place
                () -> kernels.layerNormGradient(in, w, gradient, gradient, dw, db, rows, columns, EPSILON, workspace));
        check("layerNormGradient", element, name, dx, gradient, 40, 5 * steepest * steepest);
        check("layerNormGradient dWeight", Element.FLOAT32, name, dWeight, dw, 40, Math.sqrt(rows) + 8 * steepest);
        check("layerNormGradient dBias", Element.FLOAT32, name, dBias, db, 40, Math.sqrt(rows) + 8);
        launch(in, (long) count * element.bytes(), () -> kernels.layerNorm(in, w, b, in, rows, columns, EPSILON));
        check("layerNorm", element, name, y, in, 40, 4 * steepest);
    }
}
