package dev.cathode.kernels.cuda;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CudaReductionTest extends ShimTest {
    @ParameterizedTest
    @EnumSource
    void sums(Element element) {
        var kernels = new CudaReduction(device, element);
        for (int[] s : new int[][] {{1, 1, 1}, {1, 20011, 1}, {3, 5000, 1}, {7, 13, 1}, {1, 300, 40}, {2, 97, 7},
            {5, 1, 16}, {1, 33, 1031}}) {
            int count = s[0] * s[1] * s[2];
            float[] x = Numbers.normal(element, count, 1, 0.5, 1);
            double[] y = new double[s[0] * s[2]];
            for (int i = 0; i < count; i++) {
                y[i / s[2] / s[1] * s[2] + i % s[2]] += x[i];
            }
            long in = device.upload(element, x);
            long workspace = device.allocate(kernels.sumWorkspaceBytes(s[0], s[1], s[2]));
            for (boolean wideResult : new boolean[] {true, false}) {
                Element result = wideResult ? Element.FLOAT32 : element;
                long out = device.allocate((long) y.length * result.bytes());
                launch(out, (long) y.length * result.bytes(),
                        () -> kernels.sumMiddle(in, out, s[0], s[1], s[2], wideResult, workspace));
                check("sumMiddle of " + element.type(), result, Arrays.toString(s), y, out, 40, Math.sqrt(s[1]));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void squaredError(Element element) {
        var kernels = new CudaReduction(device, element);
        for (int count : new int[] {1, 24, 5001}) {
            for (int perWeight : new int[] {0, count % 3 == 0 ? count / 3 : 1}) {
                float[] x = Numbers.normal(element, count, 1);
                float[] target = Numbers.normal(element, count, 2);
                float[] weights = Numbers.normal(Element.FLOAT32, perWeight == 0 ? 1 : count / perWeight, 3, 1, 0.3);
                double[] loss = new double[1];
                double[] dx = new double[count];
                for (int i = 0; i < count; i++) {
                    double w = perWeight == 0 ? 1 : weights[i / perWeight];
                    loss[0] += w * Math.pow(x[i] - target[i], 2) / count;
                    dx[i] = 1.5 / count * w * 2 * (x[i] - target[i]);
                }
                long in = device.upload(element, x);
                long goal = device.upload(element, target);
                long w = perWeight == 0 ? 0 : device.upload(Element.FLOAT32, weights);
                long workspace = device.allocate(CudaReduction.lossWorkspaceBytes(0));
                long y = device.allocate(4);
                long back = device.allocate((long) count * element.bytes());
                launch(y, 4, () -> kernels.meanSquaredError(in, goal, w, Math.max(1, perWeight), y, count, workspace));
                kernels.meanSquaredErrorGradient(in, goal, w, Math.max(1, perWeight),
                        device.upload(Element.FLOAT32, 1.5f), back, count, workspace);
                String name = "[" + count + "]" + (perWeight > 0 ? " weighted" : "");
                check("meanSquaredError", Element.FLOAT32, name, loss, y, 8, 0);
                check("meanSquaredErrorGradient", element, name, dx, back, 8, 8.0 / count);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void binaryCrossEntropy(Element element) {
        var kernels = new CudaReduction(device, element);
        for (int count : new int[] {3, 16, 4003}) {
            for (boolean masked : new boolean[] {false, true}) {
                float[] x = Numbers.normal(element, count, 1, 0, 4);
                float[] target = new float[count];
                float[] mask = new float[count];
                var random = new Random(2);
                double terms = 0;
                double[] loss = new double[1];
                for (int i = 0; i < count; i++) {
                    target[i] = random.nextInt(2);
                    mask[i] = i == 0 || random.nextInt(3) > 0 ? 1 : 0;
                    terms += masked ? mask[i] : 1;
                    double value = Math.max(x[i], 0) - x[i] * target[i] + Math.log1p(Math.exp(-Math.abs(x[i])));
                    loss[0] += masked ? mask[i] * value : value;
                    if (masked && mask[i] == 0) {
                        x[i] = Float.NaN; // what is masked may be anything
                    }
                }
                loss[0] /= terms;
                double[] dx = new double[count];
                for (int i = 0; i < count; i++) {
                    dx[i] = masked && mask[i] == 0 ? 0 : -2 / terms * (Formulas.sigmoid(x[i]) - target[i]);
                }
                long in = device.upload(element, x);
                long goal = device.upload(element, target);
                long known = masked ? device.upload(Element.FLOAT32, mask) : 0;
                long workspace = device.allocate(CudaReduction.lossWorkspaceBytes(0));
                long y = device.allocate(4);
                long back = device.allocate((long) count * element.bytes());
                kernels.binaryCrossEntropy(in, goal, known, y, count, workspace);
                kernels.binaryCrossEntropyGradient(in, goal, known, device.upload(Element.FLOAT32, -2), back, count,
                        workspace);
                String name = "[" + count + "]" + (masked ? " masked" : "");
                check("binaryCrossEntropy", Element.FLOAT32, name, loss, y, 16, 1);
                check("binaryCrossEntropyGradient", element, name, dx, back, 16, 4 / terms);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void crossEntropy(Element element) {
        var kernels = new CudaReduction(device, element);
        for (int[] s : new int[][] {{1, 2}, {9, 14}, {33, 301}}) {
            for (float smoothing : new float[] {0, 0.125f}) {
                int rows = s[0];
                int classes = s[1];
                float[] x = Numbers.normal(element, rows * classes, 1, 0, 3);
                int[] ids = new Random(2).ints(rows, 0, classes).toArray();
                if (rows > 1) {
                    ids[3] = -100;
                }
                int counted = rows > 1 ? rows - 1 : 1;
                double[] loss = new double[1];
                double[] dx = new double[x.length];
                for (int r = 0; r < rows; r++) {
                    if (ids[r] == -100) {
                        continue;
                    }
                    double sum = 0;
                    double all = 0;
                    for (int c = 0; c < classes; c++) {
                        sum += Math.exp(x[r * classes + c]);
                        all += x[r * classes + c];
                    }
                    loss[0] += (Math.log(sum) - (1 - smoothing) * x[r * classes + ids[r]] - smoothing * all / classes)
                            / counted;
                    for (int c = 0; c < classes; c++) {
                        double target = (c == ids[r] ? 1 - smoothing : 0) + (double) smoothing / classes;
                        dx[r * classes + c] = 3.0 / counted * (Math.exp(x[r * classes + c]) / sum - target);
                    }
                }
                long in = device.upload(element, x);
                long targets = device.uploadInts(ids);
                long workspace = device.allocate(CudaReduction.lossWorkspaceBytes(rows));
                long y = device.allocate(4);
                long back = device.allocate((long) x.length * element.bytes());
                kernels.crossEntropy(in, targets, y, rows, classes, -100, smoothing, workspace);
                kernels.crossEntropyGradient(in, targets, device.upload(Element.FLOAT32, 3), back, rows, classes, -100,
                        smoothing, workspace);
                String name = Arrays.toString(s) + (smoothing > 0 ? " smoothed" : "");
                check("crossEntropy", Element.FLOAT32, name, loss, y, 16, 8);
                check("crossEntropyGradient", element, name, dx, back, 24, 3.0 / counted);
            }
        }
    }
}
