package dev.cathode.kernels.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.AttentionGradient;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Against the derivative of softmax in float64, and against differences of the attention itself.
class AttentionGradientTest {
    /// Lengths and head sizes around every border: of blocks, tiles, vectors and parts.
    static List<Attention.Shape> shapes() {
        return List.of(
                shape(1, 1, 1, 1, 1, false, false),
                shape(2, 3, 7, 5, 8, false, false),
                shape(1, 2, 64, 64, 16, false, false),
                shape(1, 1, 65, 97, 40, false, false),
                shape(2, 4, 63, 193, 40, false, true),
                shape(1, 8, 130, 77, 80, false, false),
                shape(2, 1, 77, 77, 64, true, false),
                shape(2, 2, 77, 77, 64, true, true),
                shape(1, 1, 331, 331, 13, true, false),
                shape(1, 2, 33, 40, 160, false, false),
                shape(1, 8, 16, 16, 160, false, false),
                shape(1, 2, 17, 101, 3, false, true),
                shape(1, 1, 5, 131, 100, true, false),
                shape(1, 1, 140, 120, 300, false, false));
    }

    private static Attention.Shape shape(int batch, int heads, int queries, int keys, int size, boolean causal,
                                         boolean masked) {
        return new Attention.Shape(batch, heads, queries, keys, size, causal, masked, (float) (1 / Math.sqrt(size)));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void agreesWithFloat64(Attention.Shape shape) {
        Random random = new Random(shape.hashCode());
        Inputs inputs = Inputs.random(shape, random, 1);
        for (int i = 0; shape.masked() && i < inputs.mask.length; i++) {
            inputs.mask[i] = random.nextInt(3) == 0 ? (i % 2 == 0 ? -10000f : -Float.MAX_VALUE) : 0;
        }
        Gradients result = run(inputs, 2);
        check(inputs, result, 3e-6);
        assertSame(result, run(inputs, 1), "1 and 2 threads");
        assertSame(result, run(inputs, 3), "2 and 3 threads");
    }

    @Test
    void agreesWithDifferencesOfTheAttention() {
        Attention.Shape shape = shape(2, 2, 37, 83, 20, false, true);
        Inputs inputs = Inputs.random(shape, new Random(12), 1);
        Arrays.fill(inputs.mask, 3, 30, -10000f);
        Gradients gradients = run(inputs, 2);
        double step = 0x1p-5;
        for (int n = 0; n < 3; n++) {
            float[] numbers = List.of(inputs.q, inputs.k, inputs.v).get(n);
            float[] gradient = List.of(gradients.q, gradients.k, gradients.v).get(n);
            for (int i = 0; i < numbers.length; i += 1 + numbers.length / 17) {
                float old = numbers[i];
                double[] losses = new double[4];
                for (int j = 0; j < 4; j++) {
                    numbers[i] = (float) (old + step * new int[] {-2, -1, 1, 2}[j]);
                    float[] output = attention(inputs);
                    for (int o = 0; o < output.length; o++) {
                        losses[j] += (double) output[o] * inputs.dy[o];
                    }
                }
                numbers[i] = old;
                double expected = (losses[0] - 8 * losses[1] + 8 * losses[2] - losses[3]) / (12 * step);
                assertEquals(expected, gradient[i], 2e-5, "input " + n + " number " + i);
            }
        }
    }

    @Test
    void aSampleDoesNotDependOnItsBatch() {
        Attention.Shape pair = shape(2, 8, 70, 100, 20, false, false);
        Attention.Shape single = shape(1, 8, 70, 100, 20, false, false);
        Inputs both = Inputs.random(pair, new Random(5), 1);
        Gradients result = run(both, 2);
        for (int n = 0; n < 2; n++) {
            Inputs one = new Inputs(single, half(both.q, n), half(both.k, n), half(both.v, n), half(both.dy, n),
                    new float[100]);
            assertSame(new Gradients(half(result.q, n), half(result.k, n), half(result.v, n)), run(one, 2),
                    "sample " + n);
        }
    }

    private static float[] half(float[] numbers, int n) {
        return Arrays.copyOfRange(numbers, n * numbers.length / 2, (n + 1) * numbers.length / 2);
    }

    @Test
    void scoresOfTenThousandStayFinite() {
        // one key wins everything: nothing changes if scores do, and its value gets all
        Attention.Shape shape = new Attention.Shape(1, 1, 70, 210, 4, false, false, 1);
        Inputs inputs = Inputs.random(shape, new Random(9), 1);
        for (int i = 0; i < inputs.k.length; i++) {
            inputs.k[i] = i / 4 == 100 ? 39 : -39;
            inputs.q[i % inputs.q.length] = 64;
        }
        Gradients result = run(inputs, 1);
        for (int i = 0; i < result.q.length; i++) {
            assertEquals(0, result.q[i], 1e-4, "query " + i);
        }
        for (int i = 0; i < result.k.length; i++) {
            assertEquals(0, result.k[i], 1e-4, "key " + i);
            double sum = 0;
            for (int row = 0; row < 70 && i / 4 == 100; row++) {
                sum += inputs.dy[4 * row + i % 4];
            }
            assertEquals(sum, result.v[i], 1e-5, "value " + i);
        }
    }

    @Test
    void hiddenRowsWeighAllKeysEqually() {
        Attention.Shape shape = shape(2, 1, 5, 100, 4, false, true);
        for (float mask : new float[] {-Float.MAX_VALUE, Float.NEGATIVE_INFINITY}) {
            Inputs inputs = Inputs.random(shape, new Random(3), 1);
            Arrays.fill(inputs.mask, 0, 100, mask);
            Gradients result = run(inputs, 2);
            for (int c = 0; c < 4; c++) {
                double mean = 0;
                for (int row = 0; row < 5; row++) {
                    mean += inputs.dy[4 * row + c] / 100.0;
                }
                for (int key = 0; key < 100; key++) {
                    assertEquals(mean, result.v[4 * key + c], 1e-6, "mask " + mask);
                }
            }
            for (float x : result.q) {
                assertTrue(Float.isFinite(x), "mask " + mask);
            }
            for (float x : result.k) {
                assertTrue(Float.isFinite(x), "mask " + mask);
            }
        }
    }

    @Test
    void hiddenKeysGetNothing() {
        Attention.Shape shape = shape(1, 1, 9, 200, 4, false, true);
        Inputs inputs = Inputs.random(shape, new Random(4), 1);
        Arrays.fill(inputs.mask, 0, 150, Float.NEGATIVE_INFINITY);
        Arrays.fill(inputs.v, 0, 600, 1e30f);
        Gradients result = run(inputs, 2);
        for (int i = 0; i < 600; i++) {
            assertEquals(0, result.k[i], "key " + i);
            assertEquals(0, result.v[i], "value " + i);
        }
        for (float x : result.q) {
            assertTrue(Math.abs(x) <= 10, "a hidden value came through: " + x);
        }
    }

    private record Inputs(Attention.Shape shape, float[] q, float[] k, float[] v, float[] dy, float[] mask) {
        static Inputs random(Attention.Shape s, Random random, float range) {
            int width = s.heads() * s.headSize();
            Inputs inputs = new Inputs(s, new float[s.batch() * s.queries() * width],
                    new float[s.batch() * s.keys() * width], new float[s.batch() * s.keys() * width],
                    new float[s.batch() * s.queries() * width], new float[s.batch() * s.keys()]);
            for (float[] numbers : List.of(inputs.q, inputs.k, inputs.v, inputs.dy)) {
                for (int i = 0; i < numbers.length; i++) {
                    numbers[i] = range * (2 * random.nextFloat() - 1);
                }
            }
            return inputs;
        }

        int width() {
            return shape.heads() * shape.headSize();
        }
    }

    private record Gradients(float[] q, float[] k, float[] v) { }

    private static void assertSame(Gradients expected, Gradients actual, String what) {
        assertArrayEquals(expected.q, actual.q, "queries: " + what);
        assertArrayEquals(expected.k, actual.k, "keys: " + what);
        assertArrayEquals(expected.v, actual.v, "values: " + what);
    }

    /// Runs with rows further apart than they are wide, and NaN between.
    private static Gradients run(Inputs inputs, int threads) {
        Attention.Shape s = inputs.shape;
        int width = inputs.width();
        float[] output = attention(inputs);
        AttentionGradient gradient = CpuKernels.vector().attentionGradient(s);
        assertEquals(s, gradient.shape());
        try (Guarded memory = new Guarded(); Workers workers = new Workers(threads)) {
            MemorySegment dq = memory.poisoned(4L * inputs.q.length);
            MemorySegment dk = memory.poisoned(4L * inputs.k.length);
            MemorySegment dv = memory.poisoned(4L * inputs.v.length);
            gradient.run(new AttentionGradient.Arguments(
                    spread(memory, inputs.q, width, 3).address(), width + 3,
                    spread(memory, inputs.k, width, 1).address(), width + 1,
                    spread(memory, inputs.v, width, 2).address(), width + 2,
                    s.masked() ? memory.of(inputs.mask).address() : 0,
                    spread(memory, output, width, 5).address(), width + 5,
                    spread(memory, inputs.dy, width, 4).address(), width + 4,
                    dq.address(), dk.address(), dv.address(),
                    memory.poisoned(gradient.workspaceBytes(threads)).address()), workers);
            memory.check("attention gradient");
            return new Gradients(dq.toArray(JAVA_FLOAT), dk.toArray(JAVA_FLOAT), dv.toArray(JAVA_FLOAT));
        }
    }

    private static float[] attention(Inputs inputs) {
        Attention.Shape s = inputs.shape;
        int width = inputs.width();
        Attention attention = CpuKernels.vector().attention(s);
        try (Guarded memory = new Guarded(); Workers workers = new Workers(1)) {
            MemorySegment output = memory.poisoned(4L * inputs.q.length);
            attention.run(new Attention.Arguments(memory.of(inputs.q).address(), width, memory.of(inputs.k).address(),
                    width, memory.of(inputs.v).address(), width,
                    s.masked() ? memory.of(inputs.mask).address() : 0, output.address(), width,
                    memory.poisoned(attention.workspaceBytes(1)).address()), workers);
            return output.toArray(JAVA_FLOAT);
        }
    }

    private static MemorySegment spread(Guarded memory, float[] numbers, int width, int gap) {
        MemorySegment buffer = memory.poisoned(4L * numbers.length / width * (width + gap));
        for (int i = 0; i < numbers.length; i++) {
            buffer.setAtIndex(JAVA_FLOAT, (long) i / width * (width + gap) + i % width, numbers[i]);
        }
        return buffer;
    }

    /// The derivative of softmax, row by row.
    private static void check(Inputs inputs, Gradients result, double tolerance) {
        Attention.Shape s = inputs.shape;
        int width = inputs.width();
        double[] dq = new double[inputs.q.length];
        double[] dk = new double[inputs.k.length];
        double[] dv = new double[inputs.v.length];
        for (int row = 0; row < s.batch() * s.queries(); row++) {
            int n = row / s.queries();
            int visible = s.causal() ? Math.min(s.keys(), row % s.queries() + 1) : s.keys();
            for (int h = 0; h < s.heads(); h++) {
                int query = row * width + h * s.headSize();
                int keys = n * s.keys() * width + h * s.headSize();
                double[] p = new double[visible];
                double[] dp = new double[visible];
                double max = Double.NEGATIVE_INFINITY;
                for (int key = 0; key < visible; key++) {
                    p[key] = inputs.mask[n * s.keys() + key];
                    for (int c = 0; c < s.headSize(); c++) {
                        p[key] += (double) inputs.q[query + c] * inputs.k[keys + key * width + c] * s.scale();
                        dp[key] += (double) inputs.dy[query + c] * inputs.v[keys + key * width + c];
                    }
                    max = Math.max(max, p[key]);
                }
                double sum = 0;
                double mean = 0;
                for (int key = 0; key < visible; key++) {
                    p[key] = Math.exp(p[key] - max);
                    sum += p[key];
                    mean += p[key] * dp[key];
                }
                for (int key = 0; key < visible; key++) {
                    double ds = p[key] / sum * (dp[key] - mean / sum) * s.scale();
                    for (int c = 0; c < s.headSize(); c++) {
                        dq[query + c] += ds * inputs.k[keys + key * width + c];
                        dk[keys + key * width + c] += ds * inputs.q[query + c];
                        dv[keys + key * width + c] += p[key] / sum * inputs.dy[query + c];
                    }
                }
            }
        }
        compare("queries", dq, result.q, tolerance);
        compare("keys", dk, result.k, tolerance);
        compare("values", dv, result.v, tolerance);
    }

    /// @param tolerance in units of the largest number
    private static void compare(String what, double[] expected, float[] actual, double tolerance) {
        double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
        for (int i = 0; i < actual.length; i++) {
            assertEquals(expected[i], actual[i], tolerance * Math.max(largest, 1e-3), what + " " + i);
        }
    }
}
