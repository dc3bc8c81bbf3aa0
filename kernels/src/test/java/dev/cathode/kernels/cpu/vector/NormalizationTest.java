package dev.cathode.kernels.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Workers;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Against float64.
class NormalizationTest {
    private static final VectorNormalization KERNELS = new VectorNormalization();

    @ParameterizedTest
    @CsvSource({"1,1,4,2", "2,9,12,4", "2,16,8,8", "1,40,6,1", "2,300,40,4", "1,700,70,10", "2,33,128,32",
            "1,5,320,32"})
    void groupNorm(int batch, int pixels, int channels, int groups) {
        int stride = channels + 3;
        float[] x = numbers(batch * pixels * stride, 1);
        for (int i = 0; i < x.length; i++) {
            x[i] = i % stride < channels ? x[i] + i % stride % 5 : Float.NaN; // channels differ, gaps are poison
        }
        float[] weight = numbers(channels, 2);
        float[] bias = numbers(channels, 3);
        for (Activation activation : new Activation[] {Activation.NONE, Activation.SILU}) {
            float[] y = run(2, batch * pixels * channels, (in, out, workers) -> KERNELS.groupNorm(in[0], stride, in[1],
                    in[2], out, batch, pixels, channels, groups, 1e-5f, activation, workers), x, weight, bias);
            int size = channels / groups;
            for (int n = 0; n < batch; n++) {
                for (int g = 0; g < groups; g++) {
                    double mean = 0;
                    double square = 0;
                    for (int pass = 0; pass < 2; pass++) {
                        for (int p = 0; p < pixels; p++) {
                            for (int c = g * size; c < (g + 1) * size; c++) {
                                double v = x[(n * pixels + p) * stride + c];
                                if (pass == 0) {
                                    mean += v / pixels / size;
                                } else {
                                    square += (v - mean) * (v - mean) / pixels / size;
                                }
                            }
                        }
                    }
                    for (int p = 0; p < pixels; p++) {
                        for (int c = g * size; c < (g + 1) * size; c++) {
                            double v = (x[(n * pixels + p) * stride + c] - mean) / Math.sqrt(square + 1e-5f) * weight[c]
                                    + bias[c];
                            double expected = activation == Activation.NONE ? v : v / (1 + Math.exp(-v));
                            assertEquals(expected, y[(n * pixels + p) * channels + c], 2e-6, "pixel " + p + " " + c);
                        }
                    }
                }
            }
        }
    }

    @Test
    void groupNormSurvivesALargeMean() {
        int pixels = 500;
        float[] x = numbers(pixels * 4, 5);
        float[] shifted = x.clone();
        for (int i = 0; i < x.length; i++) {
            shifted[i] = x[i] + 4096;
            x[i] = shifted[i] - 4096; // what is left of it
        }
        float[] ones = {1, 1, 1, 1};
        float[] zeros = new float[4];
        float[] near = groupNorm(x, ones, zeros, pixels);
        float[] far = groupNorm(shifted, ones, zeros, pixels);
        // mean / deviation is 7000: the factor must not feel it, the shift rounds to 7000 · 2^-24
        assertArrayEquals(near, far, 1e-3f);
        double scale = 0;
        double reference = 0;
        for (int i = 0; i < near.length; i++) {
            scale += near[i] * (far[i] - mean(far));
            reference += near[i] * near[i];
        }
        assertEquals(1, scale / reference, 1e-6);
    }

    private static double mean(float[] x) {
        double sum = 0;
        for (float v : x) {
            sum += v;
        }
        return sum / x.length;
    }

    private static float[] groupNorm(float[] x, float[] weight, float[] bias, int pixels) {
        return run(2, x.length, (in, out, workers) -> KERNELS.groupNorm(in[0], 4, in[1], in[2], out, 1, pixels, 4, 1,
                1e-5f, Activation.NONE, workers), x, weight, bias);
    }

    @ParameterizedTest
    @CsvSource({"1,1", "3,5", "40,16", "7,33", "5,320", "300,77"})
    void layerNorm(int rows, int columns) {
        float[] x = numbers(rows * columns, 7);
        float[] weight = numbers(columns, 8);
        float[] bias = numbers(columns, 9);
        float[] y = run(2, x.length, (in, out, workers) ->
                KERNELS.layerNorm(in[0], in[1], in[2], out, rows, columns, 1e-5f, workers), x, weight, bias);
        for (int r = 0; r < rows; r++) {
            double mean = 0;
            double square = 0;
            for (int c = 0; c < columns; c++) {
                mean += (double) x[r * columns + c] / columns;
            }
            for (int c = 0; c < columns; c++) {
                square += Math.pow(x[r * columns + c] - mean, 2) / columns;
            }
            for (int c = 0; c < columns; c++) {
                double expected = (x[r * columns + c] - mean) / Math.sqrt(square + 1e-5f) * weight[c] + bias[c];
                assertEquals(expected, y[r * columns + c], 2e-6, "row " + r + " column " + c);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1,3", "100,5", "9,64", "700,70"})
    void batchNorm(int pixels, int channels) {
        float[] x = numbers(pixels * channels, 11);
        float[] mean = numbers(channels, 12);
        float[] variance = numbers(channels, 13);
        for (int c = 0; c < channels; c++) {
            variance[c] = 0.5f + Math.abs(variance[c]);
        }
        float[] weight = numbers(channels, 14);
        float[] bias = numbers(channels, 15);
        float[] y = run(2, x.length, (in, out, workers) -> KERNELS.batchNorm(in[0], in[1], in[2], in[3], in[4], out,
                pixels, channels, 1e-3f, Activation.RELU, workers), x, mean, variance, weight, bias);
        for (int i = 0; i < x.length; i++) {
            int c = i % channels;
            double expected = (x[i] - mean[c]) / Math.sqrt(variance[c] + (double) 1e-3f) * weight[c] + bias[c];
            assertEquals(Math.max(0, expected), y[i], 1e-6, "number " + i);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 15, 16, 17, 77, 1000})
    void softmaxAndItsLogarithm(int columns) {
        int rows = 11;
        float[] x = numbers(rows * columns, columns);
        for (int i = 0; i < x.length; i++) {
            x[i] *= i / columns % 3 == 0 ? 1 : 1000; // spread rows; row 1 starts with a hidden number
        }
        if (columns > 1) {
            x[columns] = Float.NEGATIVE_INFINITY;
        }
        float[] y = run(2, x.length, (in, out, workers) -> KERNELS.softmax(in[0], out, rows, columns, workers), x);
        float[] log = run(2, x.length, (in, out, workers) -> KERNELS.logSoftmax(in[0], out, rows, columns, workers), x);
        for (int r = 0; r < rows; r++) {
            double max = Double.NEGATIVE_INFINITY;
            double sum = 0;
            for (int c = 0; c < columns; c++) {
                max = Math.max(max, x[r * columns + c]);
            }
            for (int c = 0; c < columns; c++) {
                sum += Math.exp(x[r * columns + c] - max);
            }
            for (int c = 0; c < columns; c++) {
                double difference = x[r * columns + c] - max;
                if (difference == Double.NEGATIVE_INFINITY) {
                    assertEquals(0f, y[r * columns + c]);
                    assertEquals(Float.NEGATIVE_INFINITY, log[r * columns + c]);
                } else {
                    double expected = Math.exp(difference) / sum;
                    // x - max rounds to 2^-24 of itself, which the exponential turns into a relative error
                    assertEquals(expected, y[r * columns + c],
                            expected * (1e-6 - 6e-8 * difference) + 1e-44, "softmax");
                    double logarithm = difference - Math.log(sum);
                    assertEquals(logarithm, log[r * columns + c], 5e-7 * Math.max(1, -logarithm), "logarithm");
                }
            }
        }
    }

    @Test
    void aRowOfNothingOrNaNIsNaN() {
        float[] x = {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, 1};
        float[] y = run(2, 4, (in, out, workers) -> KERNELS.softmax(in[0], out, 2, 2, workers), x);
        for (float v : y) {
            assertTrue(Float.isNaN(v), "as in PyTorch");
        }
    }

    private static float[] numbers(int count, long seed) {
        Random random = new Random(seed);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = 2 * random.nextFloat() - 1;
        }
        return numbers;
    }

    /// A kernel under test: addresses of the inputs, and of the output.
    interface Call {
        void run(long[] inputs, long output, Workers workers);
    }

    /// Runs with 1, `threads` and 3 threads, which must agree to the bit, between guards.
    static float[] run(int threads, int count, Call call, float[]... inputs) {
        float[] result = once(threads, count, call, inputs);
        assertArrayEquals(result, once(1, count, call, inputs), "one thread");
        assertArrayEquals(result, once(3, count, call, inputs), "three threads");
        return result;
    }

    private static float[] once(int threads, int count, Call call, float[]... inputs) {
        try (Guarded memory = new Guarded(); Workers workers = new Workers(threads)) {
            long[] addresses = new long[inputs.length];
            for (int i = 0; i < inputs.length; i++) {
                addresses[i] = memory.of(inputs[i]).address();
            }
            var output = memory.poisoned(4L * count);
            call.run(addresses, output.address(), workers);
            memory.check("the kernel");
            return output.toArray(JAVA_FLOAT);
        }
    }
}
