package dev.cathode.kernels.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Against the chain rule in float64, and against differences of the forward kernels.
class NormalizationGradientTest {
    private static final VectorNormalization FORWARD = new VectorNormalization();
    private static final VectorNormalizationGradient KERNELS = new VectorNormalizationGradient();
    private static final float EPSILON = 1e-3f;

    /// The result of a kernel; weight and bias are null where there are none.
    private record Gradients(float[] x, float[] weight, float[] bias) { }

    /// A kernel under test, by addresses.
    private interface Call {
        void run(long[] inputs, long dy, long dx, long dWeight, long dBias, long workspace, Workers workers);
    }

    @ParameterizedTest
    @CsvSource({"1,1,1,1", "1,1,4,2", "2,9,12,4", "2,16,8,8", "1,40,6,1", "2,300,40,4", "1,700,70,10", "2,33,128,32",
            "1,5,320,32", "3,700,480,32", "5,1031,257,257"})
    void groupNorm(int batch, int pixels, int channels, int groups) {
        float[] x = numbers(batch * pixels * channels, 1);
        for (int i = 0; i < x.length; i++) {
            x[i] += i % channels % 5; // channels differ
        }
        float[] weight = numbers(channels, 2);
        float[] bias = numbers(channels, 3);
        float[] dy = numbers(x.length, 4);
        for (Activation activation : new Activation[] {Activation.NONE, Activation.SILU, Activation.RELU}) {
            Gradients actual = groupNorm(x, weight, bias, dy, batch, pixels, channels, groups, activation);
            Expected expected = new Expected(x, weight, bias, dy, channels, activation);
            int size = channels / groups;
            for (int n = 0; n < batch; n++) {
                for (int g = 0; g < groups; g++) {
                    expected.add(n * pixels * channels + g * size, pixels, size, channels);
                }
            }
            expected.check(actual);
        }
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void groupNormThenAnyActivation(Activation activation) {
        float[] x = numbers(2 * 7 * 36, 5);
        float[] weight = numbers(36, 6);
        float[] bias = numbers(36, 7);
        float[] dy = numbers(x.length, 8);
        Gradients gradients = groupNorm(x, weight, bias, dy, 2, 7, 36, 4, activation);
        checkDifferences(activation.name(), gradients, dy, new float[][] {x, weight, bias}, (in, y, workers) ->
                FORWARD.groupNorm(in[0], 36, in[1], in[2], y, 2, 7, 36, 4, EPSILON, activation, workers));
    }

    @Test
    void groupNormSurvivesALargeMean() {
        int pixels = 500;
        float[] near = numbers(pixels * 4, 9);
        float[] far = near.clone();
        for (int i = 0; i < near.length; i++) {
            far[i] = near[i] + 4096;
            near[i] = far[i] - 4096; // what is left of it
        }
        float[] weight = {1, -2, 3, 0.5f};
        float[] bias = {0.5f, 0, -1, 2};
        float[] dy = numbers(near.length, 10);
        Gradients expected = groupNorm(near, weight, bias, dy, 1, pixels, 4, 1, Activation.SILU);
        Gradients actual = groupNorm(far, weight, bias, dy, 1, pixels, 4, 1, Activation.SILU);
        assertArrayEquals(expected.x, actual.x, 1e-5f);
        assertArrayEquals(expected.weight, actual.weight, 1e-4f);
        assertArrayEquals(expected.bias, actual.bias, 1e-4f);
    }

    @ParameterizedTest
    @CsvSource({"1,1", "3,5", "40,16", "7,33", "5,320", "300,77", "4099,19"})
    void layerNorm(int rows, int columns) {
        float[] x = numbers(rows * columns, 11);
        for (int i = 0; i < x.length; i++) {
            x[i] += i / columns % 7 * 100; // rows far from 0
        }
        float[] weight = numbers(columns, 12);
        float[] dy = numbers(x.length, 13);
        Gradients actual = layerNorm(x, weight, dy, rows, columns);
        Expected expected = new Expected(x, weight, new float[columns], dy, columns, Activation.NONE);
        for (int row = 0; row < rows; row++) {
            expected.add(row * columns, 1, columns, columns);
        }
        expected.check(actual);
    }

    @Test
    void layerNormByDifferences() {
        int rows = 9;
        int columns = 33;
        float[] x = numbers(rows * columns, 31);
        float[] weight = numbers(columns, 32);
        float[] dy = numbers(x.length, 33);
        Gradients gradients = layerNorm(x, weight, dy, rows, columns);
        checkDifferences("layer normalisation", gradients, dy, new float[][] {x, weight, numbers(columns, 14)},
                (in, y, workers) -> FORWARD.layerNorm(in[0], in[1], in[2], y, rows, columns, EPSILON, workers));
    }

    @ParameterizedTest
    @CsvSource({"2,3", "101,5", "9,64", "700,70", "4096,67"})
    void batchNormTraining(int pixels, int channels) {
        float[] x = numbers(pixels * channels, 15);
        for (int i = 0; i < x.length; i++) {
            x[i] = x[i] * (1 + i % channels % 3) + i % channels;
        }
        float[] weight = numbers(channels, 16);
        float[] bias = numbers(channels, 17);
        float[] dy = numbers(x.length, 18);
        int count = x.length;
        float[] y = NormalizationTest.run(2, count + 2 * channels, (in, out, workers) ->
                KERNELS.batchNormTraining(in[0], in[1], in[2], out, out + 4L * count, out + 4L * (count + channels),
                        pixels, channels, EPSILON, Activation.RELU, workers), x, weight, bias);
        Gradients actual = batchNormTraining(x, weight, bias, dy, pixels, channels, Activation.RELU);
        Expected expected = new Expected(x, weight, bias, dy, channels, Activation.RELU);
        for (int c = 0; c < channels; c++) {
            expected.add(c, pixels, 1, channels);
            double mean = mean(x, c, pixels, 1, channels);
            double variance = variance(x, mean, c, pixels, 1, channels);
            assertEquals(mean, y[count + c], Math.abs(mean) * 1e-6 + 1e-7, "mean");
            assertEquals(variance * pixels / (pixels - 1), y[count + channels + c], variance * 1e-5, "variance");
            for (int i = c; i < count; i += channels) {
                double z = (x[i] - mean) / Math.sqrt(variance + EPSILON) * weight[c] + bias[c];
                assertEquals(Math.max(0, z), y[i], 2e-7 * (10 + Math.abs(mean) / Math.sqrt(variance)), "number " + i);
            }
        }
        expected.check(actual);
    }

    @Test
    void batchNormTrainingNeedsTwoPixels() {
        try (Workers workers = new Workers(1)) {
            var problem = assertThrows(IllegalArgumentException.class, () ->
                    KERNELS.batchNormTraining(0, 0, 0, 0, 0, 0, 1, 3, EPSILON, Activation.NONE, workers));
            assertTrue(problem.getMessage().contains("at least 2 pixels"), problem.getMessage());
        }
    }

    @Test
    void batchNormTrainingByDifferences() {
        int pixels = 40;
        int channels = 19;
        float[] x = numbers(pixels * channels, 19);
        float[] weight = numbers(channels, 20);
        float[] bias = numbers(channels, 21);
        float[] dy = numbers(x.length, 22);
        Gradients gradients = batchNormTraining(x, weight, bias, dy, pixels, channels, Activation.SILU);
        try (Guarded memory = new Guarded()) {
            long statistics = memory.poisoned(8L * channels).address();
            checkDifferences("batch normalisation", gradients, dy, new float[][] {x, weight, bias}, (in, y, workers) ->
                    KERNELS.batchNormTraining(in[0], in[1], in[2], y, statistics, statistics + 4 * channels, pixels,
                            channels, EPSILON, Activation.SILU, workers));
        }
    }

    @ParameterizedTest
    @CsvSource({"1,3", "100,5", "9,64", "700,70"})
    void batchNormByGivenStatistics(int pixels, int channels) {
        float[] x = numbers(pixels * channels, 23);
        float[] mean = numbers(channels, 24);
        float[] variance = numbers(channels, 25);
        for (int c = 0; c < channels; c++) {
            variance[c] = 0.5f + Math.abs(variance[c]);
        }
        float[] weight = numbers(channels, 26);
        float[] bias = numbers(channels, 27);
        float[] dy = numbers(x.length, 28);
        Gradients actual = run((in, g, dx, dWeight, dBias, workspace, workers) -> KERNELS.batchNorm(in[0], in[1], in[2],
                in[3], in[4], g, dx, dWeight, dBias, pixels, channels, EPSILON, Activation.SILU, workspace, workers),
                channels, KERNELS.batchNormWorkspaceBytes(pixels, channels), dy, x, mean, variance, weight, bias);
        Expected expected = new Expected(x, weight, bias, dy, channels, Activation.SILU);
        for (int c = 0; c < channels; c++) {
            expected.add(c, pixels, 1, channels, mean[c], variance[c], false);
        }
        expected.check(actual);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 15, 16, 17, 77, 1000})
    void softmaxAndItsLogarithm(int columns) {
        int rows = 11;
        float[] x = numbers(rows * columns, columns);
        float[] dy = numbers(rows * columns, 29);
        if (columns > 1) {
            x[columns] = Float.NEGATIVE_INFINITY; // a hidden number
        }
        float[] y = NormalizationTest.run(2, x.length, (in, out, workers) ->
                FORWARD.softmax(in[0], out, rows, columns, workers), x);
        float[] log = NormalizationTest.run(2, x.length, (in, out, workers) ->
                FORWARD.logSoftmax(in[0], out, rows, columns, workers), x);
        float[] dx = run((in, g, out, _, _, _, workers) -> KERNELS.softmax(in[0], g, out, rows, columns, workers), 0, 0,
                dy, y).x;
        float[] dxOfLog = run((in, g, out, _, _, _, workers) ->
                KERNELS.logSoftmax(in[0], g, out, rows, columns, workers), 0, 0, dy, log).x;
        for (int r = 0; r < rows; r++) {
            double dot = 0;
            double sum = 0;
            for (int i = r * columns; i < (r + 1) * columns; i++) {
                dot += (double) y[i] * dy[i];
                sum += dy[i];
            }
            for (int i = r * columns; i < (r + 1) * columns; i++) {
                assertEquals(y[i] * (dy[i] - dot), dx[i], 5e-7 * y[i], "softmax");
                double expected = dy[i] - Math.exp(log[i]) * sum;
                assertEquals(expected, dxOfLog[i], 5e-7 * (Math.abs(dy[i]) + Math.exp(log[i]) * columns), "logarithm");
            }
        }
    }

    private static Gradients groupNorm(float[] x, float[] weight, float[] bias, float[] dy, int batch, int pixels,
                                       int channels, int groups, Activation activation) {
        return run((in, g, dx, dWeight, dBias, workspace, workers) -> KERNELS.groupNorm(in[0], in[1], in[2], g, dx,
                dWeight, dBias, batch, pixels, channels, groups, EPSILON, activation, workspace, workers), channels,
                KERNELS.groupNormWorkspaceBytes(batch, pixels, channels, groups), dy, x, weight, bias);
    }

    private static Gradients layerNorm(float[] x, float[] weight, float[] dy, int rows, int columns) {
        return run((in, g, dx, dWeight, dBias, workspace, workers) -> KERNELS.layerNorm(in[0], in[1], g, dx,
                dWeight, dBias, rows, columns, EPSILON, workspace, workers), columns,
                KERNELS.layerNormWorkspaceBytes(rows, columns), dy, x, weight);
    }

    private static Gradients batchNormTraining(float[] x, float[] weight, float[] bias, float[] dy, int pixels,
                                               int channels, Activation activation) {
        return run((in, g, dx, dWeight, dBias, workspace, workers) -> KERNELS.batchNormTraining(in[0], in[1], in[2], g,
                dx, dWeight, dBias, pixels, channels, EPSILON, activation, workspace, workers), channels,
                KERNELS.batchNormWorkspaceBytes(pixels, channels), dy, x, weight, bias);
    }

    /// Runs with 2, 1 and 3 threads and in place, which must agree to the bit, between guards.
    private static Gradients run(Call call, int channels, long workspaceBytes, float[] dy, float[]... inputs) {
        Gradients result = once(2, false, call, channels, workspaceBytes, dy, inputs);
        for (int threads : new int[] {1, 3}) {
            Gradients other = once(threads, threads == 3, call, channels, workspaceBytes, dy, inputs);
            assertArrayEquals(result.x, other.x, threads + " threads");
            assertArrayEquals(result.weight, other.weight, threads + " threads");
            assertArrayEquals(result.bias, other.bias, threads + " threads");
        }
        return result;
    }

    private static Gradients once(int threads, boolean inPlace, Call call, int channels, long workspaceBytes,
                                  float[] dy, float[]... inputs) {
        try (Guarded memory = new Guarded(); Workers workers = new Workers(threads)) {
            long[] addresses = new long[inputs.length];
            MemorySegment[] kept = new MemorySegment[inputs.length];
            for (int i = 0; i < inputs.length; i++) {
                kept[i] = memory.of(inputs[i]);
                addresses[i] = kept[i].address();
            }
            MemorySegment gradient = memory.of(dy);
            MemorySegment dx = inPlace ? gradient : memory.poisoned(4L * dy.length);
            MemorySegment dWeight = memory.poisoned(4L * channels);
            MemorySegment dBias = memory.poisoned(4L * channels);
            MemorySegment workspace = memory.poisoned(workspaceBytes);
            call.run(addresses, gradient.address(), dx.address(), dWeight.address(), dBias.address(),
                    workspace.address(), workers);
            memory.check("the kernel");
            for (int i = 0; i < inputs.length; i++) {
                assertArrayEquals(inputs[i], kept[i].toArray(JAVA_FLOAT), "input " + i);
            }
            if (!inPlace) {
                assertArrayEquals(dy, gradient.toArray(JAVA_FLOAT), "dy");
            }
            return new Gradients(dx.toArray(JAVA_FLOAT), dWeight.toArray(JAVA_FLOAT), dBias.toArray(JAVA_FLOAT));
        }
    }

    /// Compares a few entries of each gradient with central differences of `Σ dy · y`.
    private static void checkDifferences(String what, Gradients gradients, float[] dy, float[][] inputs,
                                         NormalizationTest.Call forward) {
        float[][] all = {gradients.x, gradients.weight, gradients.bias};
        Random random = new Random(30);
        for (int input = 0; input < 3; input++) {
            for (int trial = 0; trial < 4; trial++) {
                int i = random.nextInt(inputs[input].length);
                float old = inputs[input][i];
                float h = what.equals("RELU") ? 0x1p-12f : 0x1p-7f;
                inputs[input][i] = old + h;
                double above = loss(dy, inputs, forward);
                inputs[input][i] = old - h;
                double below = loss(dy, inputs, forward);
                inputs[input][i] = old;
                double difference = (above - below) / (2 * h);
                assertEquals(difference, all[input][i], 3e-3 * Math.max(1, Math.abs(difference)),
                        what + ", input " + input + " number " + i);
            }
        }
    }

    private static double loss(float[] dy, float[][] inputs, NormalizationTest.Call forward) {
        try (Guarded memory = new Guarded(); Workers workers = new Workers(1)) {
            long[] addresses = new long[inputs.length];
            for (int i = 0; i < inputs.length; i++) {
                addresses[i] = memory.of(inputs[i]).address();
            }
            MemorySegment y = memory.poisoned(4L * dy.length);
            forward.run(addresses, y.address(), workers);
            double loss = 0;
            for (int i = 0; i < dy.length; i++) {
                loss += (double) dy[i] * y.getAtIndex(JAVA_FLOAT, i);
            }
            return loss;
        }
    }

    /// The chain rule in float64, with the magnitude of the terms of every sum as the measure of its error.
    private static final class Expected {
        private final float[] x;
        private final float[] weight;
        private final float[] bias;
        private final float[] dy;
        private final Activation activation;
        private final double[] dx;
        private final double[] dxTerms;
        private final double[] dWeight;
        private final double[] dWeightTerms;
        private final double[] dBias;
        private final double[] dBiasTerms;

        Expected(float[] x, float[] weight, float[] bias, float[] dy, int channels, Activation activation) {
            this.x = x;
            this.weight = weight;
            this.bias = bias;
            this.dy = dy;
            this.activation = activation;
            dx = new double[x.length];
            dxTerms = new double[x.length];
            dWeight = new double[channels];
            dWeightTerms = new double[channels];
            dBias = new double[channels];
            dBiasTerms = new double[channels];
        }

        void add(int first, int outer, int inner, int stride) {
            double mean = mean(x, first, outer, inner, stride);
            add(first, outer, inner, stride, mean, variance(x, mean, first, outer, inner, stride), true);
        }

        void add(int first, int outer, int inner, int stride, double mean, double variance, boolean own) {
            double r = 1 / Math.sqrt(variance + EPSILON);
            int count = outer * inner;
            double a = 0;
            double b = 0;
            double terms = 0;
            double[] gradient = new double[count];
            for (int i = 0; i < count; i++) {
                int at = first + i / inner * stride + i % inner;
                int c = at % weight.length;
                double n = (x[at] - mean) * r;
                double z = n * weight[c] + bias[c];
                gradient[i] = dy[at] * switch (activation) {
                    case NONE -> 1;
                    case RELU -> z > 0 ? 1 : 0;
                    case SILU -> (1 + z / (1 + Math.exp(z))) / (1 + Math.exp(-z));
                    default -> throw new IllegalArgumentException(activation.name());
                };
                dWeight[c] += gradient[i] * n;
                dWeightTerms[c] += Math.abs(gradient[i] * n) + Math.abs(dy[at]);
                dBias[c] += gradient[i];
                dBiasTerms[c] += Math.abs(dy[at]);
                a += gradient[i] * weight[c] / count;
                b += gradient[i] * weight[c] * n / count;
                terms += Math.abs(gradient[i] * weight[c]) * (1 + Math.abs(n)) / count;
            }
            for (int i = 0; i < count; i++) {
                int at = first + i / inner * stride + i % inner;
                double n = (x[at] - mean) * r;
                double own1 = gradient[i] * weight[at % weight.length];
                dx[at] = r * (own ? own1 - a - n * b : own1);
                dxTerms[at] = r * (Math.abs(weight[at % weight.length] * dy[at]) + terms * (1 + Math.abs(n)));
            }
        }

        void check(Gradients actual) {
            for (int i = 0; i < dx.length; i++) {
                assertEquals(dx[i], actual.x[i], 2e-6 * dxTerms[i], activation + ", dx of number " + i);
            }
            for (int c = 0; c < dWeight.length; c++) {
                assertEquals(dWeight[c], actual.weight[c], 1e-6 * dWeightTerms[c], activation + ", weight " + c);
                assertEquals(dBias[c], actual.bias[c], 1e-6 * dBiasTerms[c], activation + ", bias " + c);
            }
        }
    }

    private static double mean(float[] x, int first, int outer, int inner, int stride) {
        double sum = 0;
        for (int i = 0; i < outer * inner; i++) {
            sum += x[first + i / inner * stride + i % inner];
        }
        return sum / outer / inner;
    }

    private static double variance(float[] x, double mean, int first, int outer, int inner, int stride) {
        double sum = 0;
        for (int i = 0; i < outer * inner; i++) {
            double d = x[first + i / inner * stride + i % inner] - mean;
            sum += d * d;
        }
        return sum / outer / inner;
    }

    private static float[] numbers(int count, long seed) {
        Random random = new Random(seed);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = 2 * random.nextFloat() - 1;
        }
        return numbers;
    }
}
