package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cuda.CudaGroupNorm.Shape;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CudaGroupNormTest extends ShimTest {
    private static final float EPSILON = 1e-5f;

    private static Stream<Shape> shapes() {
        return Stream.of(new Shape(1, 1, 4, 2), new Shape(2, 9, 12, 4), new Shape(1, 40, 6, 1), new Shape(3, 17, 40, 8),
                new Shape(2, 301, 40, 4), new Shape(1, 33, 320, 32), new Shape(1, 7, 1283, 1),
                new Shape(1, 5, 4480, 32));
    }

    /// The formulas in float64, groups of channels of each sample.
    private static final class Reference {
        final double[] y;
        final double[] dx;
        final double[] dWeight;
        final double[] dBias;
        final double[] means;
        final double[] variances;

        Reference(float[] x, float[] weight, float[] bias, float[] dy, Shape s, Activation activation,
                  float[] givenMean, float[] givenVariance) {
            y = new double[x.length];
            dx = new double[x.length];
            dWeight = new double[s.channels()];
            dBias = new double[s.channels()];
            means = new double[s.batch() * s.groups()];
            variances = new double[s.batch() * s.groups()];
            int size = s.channels() / s.groups();
            for (int group = 0; group < s.batch() * s.groups(); group++) {
                int first = group % s.groups() * size;
                int start = group / s.groups() * s.pixels() * s.channels() + first;
                int count = s.pixels() * size;
                double mean = 0;
                double variance = 0;
                for (int i = 0; i < count; i++) {
                    mean += x[start + i / size * s.channels() + i % size] / (double) count;
                }
                for (int i = 0; i < count; i++) {
                    variance += Math.pow(x[start + i / size * s.channels() + i % size] - mean, 2) / count;
                }
                means[group] = mean;
                variances[group] = variance * count / (count - 1);
                if (givenMean != null) {
                    mean = givenMean[group];
                    variance = givenVariance[group];
                }
                double deviation = Math.sqrt(variance + EPSILON);
                double all = 0;
                double products = 0;
                for (int pass = 0; pass < 2; pass++) {
                    for (int i = 0; i < count; i++) {
                        int at = start + i / size * s.channels() + i % size;
                        int c = first + i % size;
                        double normal = (x[at] - mean) / deviation;
                        double z = normal * weight[c] + bias[c];
                        double g = dy[at] * Formulas.derivative(activation, z);
                        if (pass == 0) {
                            y[at] = Formulas.activated(activation, z);
                            dWeight[c] += g * normal;
                            dBias[c] += g;
                            all += g * weight[c] / count;
                            products += g * weight[c] * normal / count;
                        } else {
                            dx[at] = givenMean != null ? g * weight[c] / deviation
                                    : (g * weight[c] - all - normal * products) / deviation;
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void groupNorm(Element element) {
        shapes().forEach(shape -> {
            groupNorm(element, shape, Activation.SILU, 0);
            groupNorm(element, shape, Activation.NONE, element.bytes()); // not aligned to 16 bytes
        });
    }

    private void groupNorm(Element element, Shape shape, Activation activation, int skew) {
        var kernels = new CudaGroupNorm(device, element);
        int count = shape.batch() * shape.pixels() * shape.channels();
        float[] x = Numbers.normal(element, count, 1, 0.5, 1.5);
        float[] weight = Numbers.normal(Element.FLOAT32, shape.channels(), 2);
        float[] bias = Numbers.normal(Element.FLOAT32, shape.channels(), 3);
        float[] dy = Numbers.normal(element, count, 4);
        var expected = new Reference(x, weight, bias, dy, shape, activation, null, null);
        long in = device.uploadSkewed(element, skew, x);
        long w = device.upload(Element.FLOAT32, weight);
        long b = device.upload(Element.FLOAT32, bias);
        long gradient = device.uploadSkewed(element, skew, dy);
        long dx = device.allocate((long) count * element.bytes(), skew);
        long dWeight = device.allocate(4L * shape.channels());
        long dBias = device.allocate(4L * shape.channels());
        long workspace = device.allocate(kernels.workspaceBytes(shape));
        String name = shape.toString().substring(5) + (skew > 0 ? "+" + skew : "");
        // sums of a million numbers go in trees of a few levels: 40 roundings of sums of numbers of size 5
        launch(dx, (long) count * element.bytes(), () -> kernels.groupNormGradient(in, w, b, gradient, dx, dWeight,
                dBias, shape, EPSILON, activation, workspace));
        check("groupNormGradient " + activation, element, name, expected.dx, dx, 40, 5);
        double pixels = Math.sqrt(shape.batch() * shape.pixels()) + 8;
        check("groupNormGradient dWeight", Element.FLOAT32, name, expected.dWeight, dWeight, 40, pixels);
        check("groupNormGradient dBias", Element.FLOAT32, name, expected.dBias, dBias, 40, pixels);
        launch(in, (long) count * element.bytes(), // in place
                () -> kernels.groupNorm(in, w, b, in, shape, EPSILON, activation, workspace));
        check("groupNorm " + activation, element, name, expected.y, in, 40, 4);
    }

    @Test
    void aLargeMeanHarmsNothing() {
        Shape shape = new Shape(1, 500, 4, 1);
        var kernels = new CudaGroupNorm(device, Element.FLOAT32);
        float[] x = Numbers.normal(Element.FLOAT32, 2000, 5, 4096, 1);
        float[] ones = {1, 1, 1, 1};
        var expected = new Reference(x, ones, new float[4], x, shape, Activation.NONE, null, null);
        long in = device.upload(Element.FLOAT32, x);
        long y = device.allocate(8000);
        kernels.groupNorm(in, device.upload(Element.FLOAT32, ones), device.upload(Element.FLOAT32, new float[4]), y,
                shape, EPSILON, Activation.NONE, device.allocate(kernels.workspaceBytes(shape)));
        // the mean itself rounds to 4096 · 2^-24, half of which stays
        check("groupNorm mean 4096", Element.FLOAT32, "[1, 500, 4]", expected.y, y, 1, 4096);
    }

    @ParameterizedTest
    @EnumSource
    void batchNorm(Element element) {
        var kernels = new CudaGroupNorm(device, element);
        for (int[] s : new int[][] {{2, 3}, {100, 5}, {9, 64}, {700, 70}, {33, 136}}) {
            Shape shape = new Shape(1, s[0], s[1], s[1]);
            int count = s[0] * s[1];
            float[] x = Numbers.normal(element, count, 1, 0.5, 1.5);
            float[] weight = Numbers.normal(Element.FLOAT32, s[1], 2, 1, 0.2);
            float[] bias = Numbers.normal(Element.FLOAT32, s[1], 3);
            float[] dy = Numbers.normal(element, count, 4);
            float[] mean = Numbers.normal(Element.FLOAT32, s[1], 5);
            float[] variance = Numbers.normal(Element.FLOAT32, s[1], 6, 2, 0.1);
            var own = new Reference(x, weight, bias, dy, shape, Activation.SILU, null, null);
            var given = new Reference(x, weight, bias, dy, shape, Activation.SILU, mean, variance);
            long in = device.upload(element, x);
            long w = device.upload(Element.FLOAT32, weight);
            long b = device.upload(Element.FLOAT32, bias);
            long gradient = device.upload(element, dy);
            long y = device.allocate((long) count * element.bytes());
            long dx = device.allocate((long) count * element.bytes());
            long m = device.upload(Element.FLOAT32, mean);
            long v = device.upload(Element.FLOAT32, variance);
            long dWeight = device.allocate(4L * s[1]);
            long dBias = device.allocate(4L * s[1]);
            long workspace = device.allocate(kernels.workspaceBytes(shape));
            String name = s[0] + " x " + s[1];
            // few pixels make small deviations, up to √(1/ε) larger gradients of rounded numbers
            double scale = s[0] == 2 ? 400 : 8;
            double sum = Math.sqrt(s[0]) + scale;
            kernels.batchNorm(in, m, v, w, b, y, s[0], s[1], EPSILON, Activation.SILU, workspace);
            check("batchNorm", element, name, given.y, y, 40, 8);
            kernels.batchNormGradient(in, m, v, w, b, gradient, dx, dWeight, dBias, s[0], s[1], EPSILON,
                    Activation.SILU, workspace);
            check("batchNormGradient", element, name, given.dx, dx, 40, 8);
            check("batchNormGradient dWeight", Element.FLOAT32, name, given.dWeight, dWeight, 40, sum);
            kernels.batchNormTraining(in, w, b, y, m, v, s[0], s[1], EPSILON, Activation.SILU, workspace);
            check("batchNormTraining", element, name, own.y, y, 40, scale);
            check("batchNormTraining mean", Element.FLOAT32, name, own.means, m, 20, 4);
            check("batchNormTraining variance", Element.FLOAT32, name, own.variances, v, 40, 8);
            kernels.batchNormTrainingGradient(in, w, b, gradient, dx, dWeight, dBias, s[0], s[1], EPSILON,
                    Activation.SILU, workspace);
            check("batchNormTrainingGradient", element, name, own.dx, dx, 80, scale);
            check("batchNormTrainingGradient dWeight", Element.FLOAT32, name, own.dWeight, dWeight, 40, sum);
            check("batchNormTrainingGradient dBias", Element.FLOAT32, name, own.dBias, dBias, 40, sum);
        }
    }
}
