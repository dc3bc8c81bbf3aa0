package dev.cathode.kernels.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Against softmax in float64, on the Vector API and with what is fastest here.
@ParameterizedClass
@MethodSource("kernels")
class AttentionTest {
    static List<CpuKernels> kernels() {
        return List.of(CpuKernels.vector(), CpuKernels.fastest());
    }

    @Parameter
    private CpuKernels kernels;

    /// Lengths and head sizes around every border: of blocks, tiles, vectors and groups of four.
    static List<Attention.Shape> shapes() {
        return List.of(
                shape(1, 1, 1, 1, 1, false, false),
                shape(2, 3, 7, 5, 8, false, false),
                shape(1, 2, 64, 96, 16, false, false),
                shape(1, 1, 65, 97, 40, false, false),
                shape(2, 2, 63, 193, 40, false, true),
                shape(1, 2, 130, 77, 80, false, false),
                shape(2, 1, 77, 77, 64, true, false),
                shape(2, 2, 77, 77, 64, true, true),
                shape(1, 1, 200, 200, 13, true, false),
                shape(1, 2, 33, 40, 160, false, false),
                shape(1, 2, 17, 101, 3, false, true),
                shape(1, 1, 40, 120, 512, false, false));
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
        float[] result = run(inputs, 2);
        check(inputs, result, 2e-6);
        assertArrayEquals(result, run(inputs, 1), "1 and 2 threads");
        assertArrayEquals(result, run(inputs, 3), "2 and 3 threads");
    }

    @Test
    void aSampleDoesNotDependOnItsBatch() {
        Attention.Shape pair = shape(2, 2, 70, 100, 40, false, false);
        Attention.Shape single = shape(1, 2, 70, 100, 40, false, false);
        Inputs both = Inputs.random(pair, new Random(5), 1);
        float[] result = run(both, 2);
        for (int n = 0; n < 2; n++) {
            Inputs one = new Inputs(single, half(both.q, n), half(both.k, n), half(both.v, n), new float[100]);
            assertArrayEquals(half(result, n), run(one, 2), "sample " + n);
        }
    }

    private static float[] half(float[] numbers, int n) {
        return Arrays.copyOfRange(numbers, n * numbers.length / 2, (n + 1) * numbers.length / 2);
    }

    @Test
    void scoresOfTenThousandStayFinite() {
        // powers of two: scores up to ±1e4 are exact before they meet ln 2, so only their own rounding remains
        Attention.Shape shape = new Attention.Shape(1, 1, 70, 210, 4, false, false, 1);
        Random random = new Random(9);
        Inputs inputs = Inputs.random(shape, random, 1);
        for (int i = 0; i < inputs.q.length; i++) {
            inputs.q[i] = (random.nextInt(3) - 1) * 64;
        }
        for (int i = 0; i < inputs.k.length; i++) {
            inputs.k[i] = random.nextInt(79) - 39;
        }
        check(inputs, run(inputs, 2), 2e-3); // 1e4 · 2^-24 · ln 2 twice
        for (int i = 0; i < inputs.k.length; i++) {
            inputs.k[i] = i / 4 == 100 ? 39 : -39; // one key wins everything
            inputs.q[i % inputs.q.length] = 64;
        }
        float[] result = run(inputs, 1);
        for (int i = 0; i < result.length; i++) {
            assertEquals(inputs.v[400 + i % 4], result[i], "the winner's value");
        }
    }

    @Test
    void hiddenRowsWeighAllKeysEqually() {
        Attention.Shape shape = shape(2, 1, 5, 100, 4, false, true);
        for (float mask : new float[] {-Float.MAX_VALUE, Float.NEGATIVE_INFINITY}) {
            Inputs inputs = Inputs.random(shape, new Random(3), 1);
            Arrays.fill(inputs.mask, 0, 100, mask);
            float[] result = run(inputs, 2);
            for (int c = 0; c < 4; c++) {
                double mean = 0;
                for (int k = 0; k < 100; k++) {
                    mean += inputs.v[4 * k + c] / 100.0;
                }
                for (int q = 0; q < 5; q++) {
                    assertEquals(mean, result[4 * q + c], 1e-6, "mask " + mask);
                }
            }
        }
    }

    @Test
    void aHiddenBlockOfKeysContributesNothing() {
        Attention.Shape shape = shape(1, 1, 9, 200, 4, false, true);
        Inputs inputs = Inputs.random(shape, new Random(4), 1);
        Arrays.fill(inputs.mask, 0, 150, Float.NEGATIVE_INFINITY);
        Arrays.fill(inputs.v, 0, 600, 1e30f);
        for (float x : run(inputs, 2)) {
            assertTrue(Math.abs(x) <= 1, "a hidden value came through: " + x);
        }
    }

    private record Inputs(Attention.Shape shape, float[] q, float[] k, float[] v, float[] mask) {
        static Inputs random(Attention.Shape s, Random random, float range) {
            int width = s.heads() * s.headSize();
            Inputs inputs = new Inputs(s, new float[s.batch() * s.queries() * width],
                    new float[s.batch() * s.keys() * width], new float[s.batch() * s.keys() * width],
                    new float[s.batch() * s.keys()]);
            for (float[] numbers : List.of(inputs.q, inputs.k, inputs.v)) {
                for (int i = 0; i < numbers.length; i++) {
                    numbers[i] = range * (2 * random.nextFloat() - 1);
                }
            }
            return inputs;
        }
    }

    /// Runs with rows further apart than they are wide, and NaN between.
    private float[] run(Inputs inputs, int threads) {
        Attention.Shape s = inputs.shape;
        int width = s.heads() * s.headSize();
        Attention attention = kernels.attention(s);
        assertEquals(s, attention.shape());
        try (Guarded memory = new Guarded(); Workers workers = new Workers(threads)) {
            MemorySegment output = memory.poisoned(4L * s.batch() * s.queries() * (width + 5));
            attention.run(new Attention.Arguments(
                    spread(memory, inputs.q, width, 3).address(), width + 3,
                    spread(memory, inputs.k, width, 1).address(), width + 1,
                    spread(memory, inputs.v, width, 2).address(), width + 2,
                    s.masked() ? memory.of(inputs.mask).address() : 0, output.address(), width + 5,
                    memory.poisoned(attention.workspaceBytes(threads)).address()), workers);
            memory.check("attention");
            float[] result = new float[s.batch() * s.queries() * width];
            for (int row = 0; row < s.batch() * s.queries(); row++) {
                for (int c = 0; c < width + 5; c++) {
                    float x = output.getAtIndex(JAVA_FLOAT, row * (width + 5L) + c);
                    if (c < width) {
                        result[row * width + c] = x;
                    } else {
                        assertTrue(Guarded.isUntouched(x), "wrote between rows");
                    }
                }
            }
            return result;
        }
    }

    private static MemorySegment spread(Guarded memory, float[] numbers, int width, int gap) {
        MemorySegment buffer = memory.poisoned(4L * numbers.length / width * (width + gap));
        for (int i = 0; i < numbers.length; i++) {
            buffer.setAtIndex(JAVA_FLOAT, (long) i / width * (width + gap) + i % width, numbers[i]);
        }
        return buffer;
    }

    private static void check(Inputs inputs, float[] result, double tolerance) {
        Attention.Shape s = inputs.shape;
        int width = s.heads() * s.headSize();
        double[] weights = new double[s.keys()];
        for (int row = 0; row < s.batch() * s.queries(); row++) {
            int n = row / s.queries();
            for (int h = 0; h < s.heads(); h++) {
                double max = Double.NEGATIVE_INFINITY;
                int visible = s.causal() ? Math.min(s.keys(), row % s.queries() + 1) : s.keys();
                for (int key = 0; key < visible; key++) {
                    double score = 0;
                    for (int c = 0; c < s.headSize(); c++) {
                        score += (double) inputs.q[row * width + h * s.headSize() + c]
                                * inputs.k[(n * s.keys() + key) * width + h * s.headSize() + c];
                    }
                    weights[key] = score * s.scale() + inputs.mask[n * s.keys() + key];
                    max = Math.max(max, weights[key]);
                }
                double sum = 0;
                for (int key = 0; key < visible; key++) {
                    weights[key] = Math.exp(weights[key] - max);
                    sum += weights[key];
                }
                for (int c = 0; c < s.headSize(); c++) {
                    double expected = 0;
                    for (int key = 0; key < visible; key++) {
                        expected += weights[key] / sum * inputs.v[(n * s.keys() + key) * width + h * s.headSize() + c];
                    }
                    assertEquals(expected, result[row * width + h * s.headSize() + c], tolerance,
                            "row " + row + " head " + h + " channel " + c);
                }
            }
        }
    }
}
