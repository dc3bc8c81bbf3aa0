package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Attention in machine code against float64, at both vector widths, with guard pages behind all memory: the last row
/// of every operand ends where memory ends.
class EmittedAttentionTest {
    private static final int GAP = 3;

    @ParameterizedTest
    @ValueSource(ints = {256, 512})
    void agreesWithFloat64(int bits) {
        Random random = new Random(21);
        int[] sizes = {1, 2, 3, 5, 8, 13, 16, 17, 31, 40, 64, 67, 80, 130, 160};
        int[] counts = {1, 2, 5, 7, 16, 31, 33, 64, 77, 96, 97, 129, 140, 193};
        try (Arena arena = Arena.ofShared()) {
            AttentionFunctions functions = Machine.attention(bits, arena);
            for (int i = 0; i < 40; i++) {
                int size = sizes[random.nextInt(sizes.length)];
                boolean causal = random.nextInt(4) == 0;
                int keys = counts[random.nextInt(counts.length)];
                var shape = new Attention.Shape(1 + random.nextInt(2), 1 + random.nextInt(3),
                        causal ? keys : counts[random.nextInt(counts.length)], keys, size, causal,
                        random.nextInt(4) == 0, (float) (1 / Math.sqrt(size)));
                Inputs inputs = Inputs.random(shape, random);
                float[] result = inputs.run(s -> new EmittedAttention(s, functions, false), 2);
                inputs.check(result, 2e-6);
                assertArrayEquals(result, inputs.run(s -> new EmittedAttention(s, functions, false), 1), "1 and 2 threads");
            }
        }
    }

    /// Against float64 with the operands rounded: what is left are the weights, of which bfloat16 keeps 8 bits.
    @Test
    void mixedPrecisionRoundsOperandsAndWeights() {
        Random random = new Random(23);
        int[] sizes = {1, 2, 3, 8, 15, 16, 17, 31, 33, 40, 64, 67, 80, 130, 160, 300};
        int[] counts = {1, 2, 5, 16, 31, 64, 77, 96, 97, 129, 193, 514};
        try (Arena arena = Arena.ofShared()) {
            AttentionFunctions functions = Machine.attention(512, arena);
            assumeTrue(functions.pairs(), "no products of bfloat16 numbers");
            for (int i = 0; i < 40; i++) {
                int size = sizes[random.nextInt(sizes.length)];
                boolean causal = random.nextInt(4) == 0;
                int keys = counts[random.nextInt(counts.length)];
                var shape = new Attention.Shape(1 + random.nextInt(2), 1 + random.nextInt(3),
                        causal ? keys : counts[random.nextInt(counts.length - 1)], keys, size, causal,
                        random.nextInt(4) == 0, (float) (1 / Math.sqrt(size)));
                Inputs inputs = Inputs.random(shape, random);
                float[] result = inputs.run(s -> new EmittedAttention(s, functions, true), 2);
                inputs.rounded().check(result, 0x1p-9 + 1e-5); // of weights that add up to 1, and values up to 1
                assertArrayEquals(result, inputs.run(s -> new EmittedAttention(s, functions, true), 1),
                        "1 and 2 threads");
            }
        }
    }

    @Test
    void withoutTheInstructionMixedPrecisionIsFloat32() {
        try (Arena arena = Arena.ofShared()) {
            AttentionFunctions functions = Machine.attention(256, arena);
            var shape = new Attention.Shape(1, 2, 9, 20, 24, false, false, 0.2f);
            Inputs inputs = Inputs.random(shape, new Random(24));
            assertArrayEquals(inputs.run(s -> new EmittedAttentions(functions).prepare(s), 1),
                    inputs.run(s -> new EmittedAttentions(functions).prepareMixed(s), 1));
        }
    }

    /// What is not a number, infinite or tiny goes where it would go in float64, and nowhere else.
    @ParameterizedTest
    @CsvSource({"256, false", "512, false", "512, true"})
    void oddNumbersGoWhereTheyBelong(int bits, boolean mixed) {
        try (Arena arena = Arena.ofShared()) {
            AttentionFunctions functions = Machine.attention(bits, arena);
            assumeTrue(functions.pairs() || !mixed, "no products of bfloat16 numbers");
            var shape = new Attention.Shape(1, 2, 70, 101, 20, false, false, 0.25f);
            Random random = new Random(22);
            Inputs inputs = Inputs.random(shape, random);
            inputs.q[40 * 5 + 7] = Float.NaN; // one query of one head
            inputs.q[40 * 6 + 25] = Float.POSITIVE_INFINITY; // infinite scores of both signs: no answer
            inputs.v[40 * 99 + 3] = Float.POSITIVE_INFINITY; // a channel of the first head
            inputs.v[40 * 98 + 30] = Float.NaN; // a channel of the second
            inputs.v[40 * 97 + 31] = Float.NEGATIVE_INFINITY;
            inputs.q[40 * 9 + 2] = 1e-42f;
            inputs.k[40 * 7 + 2] = -1e-42f;
            inputs.v[40 * 7 + 5] = Float.MIN_VALUE;
            inputs.check(inputs.run(s -> new EmittedAttention(s, functions, mixed), 2), mixed ? 2e-2 : 2e-6);
            Arrays.fill(inputs.v, 1e-40f);
            Arrays.fill(inputs.q, 1);
            for (float x : inputs.run(s -> new EmittedAttention(s, functions, mixed), 1)) {
                assertEquals(mixed ? 0 : 1e-40, x, 1e-44, "denormal values"); // products of bfloat16 know none
            }
        }
    }

    /// Operands and results as arrays without gaps.
    private record Inputs(Attention.Shape shape, float[] q, float[] k, float[] v, float[] mask) {
        static Inputs random(Attention.Shape s, Random random) {
            int width = s.heads() * s.headSize();
            Inputs inputs = new Inputs(s, random(random, s.batch() * s.queries() * width),
                    random(random, s.batch() * s.keys() * width), random(random, s.batch() * s.keys() * width),
                    new float[s.batch() * s.keys()]);
            for (int i = 0; s.masked() && i < inputs.mask.length; i++) {
                inputs.mask[i] = random.nextInt(3) == 0 ? (i % 2 == 0 ? -10000f : -Float.MAX_VALUE) : 0;
            }
            return inputs;
        }

        /// Queries, with the factor that they bear, keys and values rounded to bfloat16.
        Inputs rounded() {
            float factor = (float) (shape.scale() / Math.log(2));
            float[] scaled = new float[q.length];
            for (int i = 0; i < q.length; i++) {
                scaled[i] = factor * q[i];
            }
            var powers = new Attention.Shape(shape.batch(), shape.heads(), shape.queries(), shape.keys(),
                    shape.headSize(), shape.causal(), shape.masked(), (float) Math.log(2));
            return new Inputs(powers, rounded(scaled), rounded(k), rounded(v), mask);
        }

        private static float[] rounded(float[] numbers) {
            float[] result = new float[numbers.length];
            for (int i = 0; i < numbers.length; i++) {
                int bits = Float.floatToRawIntBits(numbers[i]);
                result[i] = Float.intBitsToFloat(bits + 0x7fff + (bits >>> 16 & 1) & 0xffff0000);
            }
            return result;
        }

        private static float[] random(Random random, int count) {
            float[] numbers = new float[count];
            for (int i = 0; i < count; i++) {
                numbers[i] = 2 * random.nextFloat() - 1;
            }
            return numbers;
        }

        private int width() {
            return shape.heads() * shape.headSize();
        }

        float[] run(Function<Attention.Shape, Attention> way, int threads) {
            Attention attention = way.apply(shape);
            try (GuardPages memory = new GuardPages(); Workers workers = new Workers(threads)) {
                int rows = shape.batch() * shape.queries();
                MemorySegment output = spread(memory, new float[rows * width()], 2 * GAP);
                attention.run(new Attention.Arguments(spread(memory, q, GAP).address(), width() + GAP,
                        spread(memory, k, 0).address(), width(), spread(memory, v, GAP).address(), width() + GAP,
                        shape.masked() ? memory.of(mask).address() : 0, output.address(), width() + 2 * GAP,
                        memory.aligned(attention.workspaceBytes(threads)).address()), workers);
                float[] result = new float[rows * width()];
                for (int row = 0; row < rows; row++) {
                    long at = (long) row * (width() + 2 * GAP);
                    MemorySegment.copy(output, JAVA_FLOAT, 4 * at, result, row * width(), width());
                    for (int i = width(); row < rows - 1 && i < width() + 2 * GAP; i++) {
                        assertTrue(Float.isNaN(output.getAtIndex(JAVA_FLOAT, at + i)), "wrote between rows");
                    }
                }
                return result;
            }
        }

        /// Rows further apart than they are wide, NaN between them, nothing behind the last one.
        private MemorySegment spread(GuardPages memory, float[] numbers, int gap) {
            int rows = numbers.length / width();
            float[] spread = new float[rows * (width() + gap) - gap];
            Arrays.fill(spread, Float.NaN);
            for (int row = 0; row < rows; row++) {
                System.arraycopy(numbers, row * width(), spread, row * (width() + gap), width());
            }
            return memory.of(spread);
        }

        void check(float[] result, double tolerance) {
            int size = shape.headSize();
            double[] weights = new double[shape.keys()];
            for (int row = 0; row < shape.batch() * shape.queries(); row++) {
                int n = row / shape.queries();
                for (int at = row * width(), channel = 0; channel < width(); at += size, channel += size) {
                    weigh(row, n, at, channel, weights);
                    for (int c = 0; c < size; c++) {
                        double expected = 0;
                        for (int key = 0; key < shape.keys(); key++) {
                            expected += weights[key] == 0 ? 0
                                    : weights[key] * v[(n * shape.keys() + key) * width() + channel + c];
                        }
                        assertEquals(expected, result[at + c], tolerance,
                                shape + " row " + row + " channel " + (channel + c));
                    }
                }
            }
        }

        /// The softmax of one query's scores; keys that it does not see weigh nothing.
        private void weigh(int row, int n, int at, int channel, double[] weights) {
            int visible = shape.causal() ? Math.min(shape.keys(), row % shape.queries() + 1) : shape.keys();
            Arrays.fill(weights, 0);
            double max = Double.NEGATIVE_INFINITY;
            for (int key = 0; key < visible; key++) {
                double score = 0;
                for (int c = 0; c < shape.headSize(); c++) {
                    score += (double) q[at + c] * k[(n * shape.keys() + key) * width() + channel + c];
                }
                weights[key] = score * shape.scale() + mask[n * shape.keys() + key];
                max = Math.max(max, weights[key]);
            }
            double sum = 0;
            for (int key = 0; key < visible; key++) {
                weights[key] = Math.exp(weights[key] - max);
                sum += weights[key];
            }
            for (int key = 0; key < visible; key++) {
                weights[key] /= sum;
            }
        }
    }
}
