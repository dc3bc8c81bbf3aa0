package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Optimization;
import dev.cathode.kernels.cpu.Optimization.Adam;
import dev.cathode.kernels.cpu.Workers;
import dev.cathode.kernels.cpu.vector.Updates;
import dev.cathode.kernels.cpu.vector.VectorKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.function.BiFunction;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Optimizers in machine code against those on the Vector API, byte by byte, and against float64.
class EmittedUpdatesTest {
    private static final int BITS = CpuKernels.vector().lanes() * Float.SIZE;
    private static final int[] COUNTS = {0, 1, 7, 8, 16, 17, 31, 127, 1009, (1 << 14) + 5, 40_009};

    @BeforeEach
    void machineCodeHasVectorsOfThisWidth() {
        assumeTrue(BITS >= 256, "no machine code for vectors of " + BITS + " bits");
    }

    /// Numbers of all sizes and signs; some that are not numbers like others.
    private static float[] numbers(Random random, int count, boolean strange) {
        float[] special = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0, -0f, Float.MIN_VALUE, -1e-39f,
            Float.MAX_VALUE, -Float.MAX_VALUE};
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = strange && random.nextInt(6) == 0 ? special[random.nextInt(special.length)]
                    : (float) (random.nextGaussian() * Math.pow(2, random.nextInt(-30, 4)));
        }
        return numbers;
    }

    private static float[] absolute(float[] numbers) {
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = Math.abs(numbers[i]);
        }
        return numbers;
    }

    /// What a step leaves in its operands, with one NaN for all, and what it answers.
    private static long[][] run(BiFunction<Optimization, long[], Double> step, Optimization kernels,
                                float[]... operands) {
        try (GuardPages memory = new GuardPages()) {
            MemorySegment[] segments = Arrays.stream(operands).map(memory::of).toArray(MemorySegment[]::new);
            double answer = step.apply(kernels, Arrays.stream(segments).mapToLong(MemorySegment::address).toArray());
            long[][] result = new long[operands.length + 1][];
            for (int i = 0; i < operands.length; i++) {
                float[] left = segments[i].toArray(JAVA_FLOAT);
                result[i] = new long[left.length];
                Arrays.setAll(result[i], k -> Float.floatToIntBits(left[k]));
            }
            result[operands.length] = new long[] {Double.doubleToLongBits(answer)};
            return result;
        }
    }

    private static void compare(String what, BiFunction<Optimization, long[], Double> step, float[]... operands) {
        try (Arena arena = Arena.ofShared()) {
            EmittedProducts products = Machine.products(BITS, arena);
            Optimization emitted = new VectorKernels(products, shape -> null, "", "").optimization();
            assertArrayEquals(run(step, CpuKernels.vector().optimization(), operands), run(step, emitted, operands),
                    what);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void stepsHaveTheSameBytes(int threads) {
        Random random = new Random(threads);
        try (Workers workers = new Workers(threads)) {
            for (int count : COUNTS) {
                for (boolean strange : new boolean[] {false, true}) {
                    float[] p = numbers(random, count, strange);
                    float[] g = numbers(random, count, strange);
                    float[] m = numbers(random, count, strange);
                    float[] v = absolute(numbers(random, count, strange));
                    for (boolean decoupled : new boolean[] {false, true}) {
                        Adam adam = new Adam(0.01, 0.9, 0.999, 1e-8, 0.1, decoupled, 3, 0.7f);
                        compare("adam " + count, (kernels, at) -> {
                            kernels.adam(adam, at[0], at[1], at[2], at[3], count, workers);
                            return 0.0;
                        }, p, g, m, v);
                    }
                    compare("average " + count, (kernels, at) -> {
                        kernels.average(0.99, at[0], at[1], count, workers);
                        return 0.0;
                    }, p, g);
                    compare("accumulate " + count, (kernels, at) -> {
                        kernels.accumulate(0.3f, at[1], at[0], count, workers);
                        return 0.0;
                    }, p, g);
                    compare("squares " + count, (kernels, at) -> kernels.sumOfSquares(at[0], count, workers), g);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {256, 512})
    void loopsAreRight(int bits) {
        int lanes = bits / Float.SIZE;
        Random random = new Random(3);
        float[] f = {0.999f, 0.01f, 0.5f, 0.1f, 0.99f, 0.01f, -0.02f, 1e-4f};
        for (int vectors : new int[] {0, 1, 3, 4, 5, 9}) {
            int count = vectors * lanes;
            float[] p = numbers(random, count, false);
            float[] g = numbers(random, count, false);
            float[] m = numbers(random, count, false);
            float[] v = absolute(numbers(random, count, false));
            try (Arena arena = Arena.ofConfined(); GuardPages memory = new GuardPages()) {
                Updates updates = Machine.products(bits, arena).updates();
                MemorySegment parameter = memory.of(p);
                MemorySegment gradient = memory.of(g);
                MemorySegment first = memory.of(m);
                MemorySegment second = memory.of(v);
                updates.adam(memory.of(f).address(), parameter.address(), gradient.address(), first.address(),
                        second.address(), count);
                MemorySegment average = memory.of(m);
                updates.average(0.25f, average.address(), gradient.address(), count);
                MemorySegment sum = memory.of(m);
                updates.accumulate(0.75f, sum.address(), gradient.address(), count);
                for (int i = 0; i < count; i++) {
                    double slope = (double) p[i] * f[1] + (double) g[i] * f[2];
                    double newFirst = m[i] + (slope - m[i]) * f[3];
                    double newSecond = slope * slope * f[5] + (double) v[i] * f[4];
                    double step = newFirst / (Math.sqrt(newSecond) + f[7]) * f[6];
                    double size = Math.abs(slope) + Math.abs(m[i]);
                    assertEquals(newFirst, first.getAtIndex(JAVA_FLOAT, i), 1e-6 * size);
                    assertEquals(newSecond, second.getAtIndex(JAVA_FLOAT, i), 1e-6 * newSecond + 1e-44);
                    assertEquals((double) p[i] * f[0] + step, parameter.getAtIndex(JAVA_FLOAT, i),
                            1e-6 * (Math.abs(p[i]) + Math.abs(size / (Math.sqrt(newSecond) + f[7]) * f[6])));
                    assertEquals(m[i] + ((double) g[i] - m[i]) / 4, average.getAtIndex(JAVA_FLOAT, i),
                            1e-6 * (Math.abs(g[i]) + Math.abs(m[i])));
                    assertEquals(m[i] + (double) g[i] * 3 / 4, sum.getAtIndex(JAVA_FLOAT, i),
                            1e-6 * (Math.abs(g[i]) + Math.abs(m[i])));
                }
                MemorySegment sums = memory.buffer(8L * lanes);
                updates.squares(gradient.address(), count, sums.address());
                double expected = 0;
                for (float number : g) {
                    expected += (double) number * number;
                }
                assertEquals(expected, Arrays.stream(sums.toArray(JAVA_DOUBLE)).sum(), 1e-14 * expected);
            }
        }
    }

    @Test
    void nothingChangesIfTheFactorOfTheGradientIsNotFinite() {
        float[] numbers = numbers(new Random(4), 40, false);
        try (Arena arena = Arena.ofConfined(); GuardPages memory = new GuardPages(); Workers workers = new Workers(1)) {
            Optimization emitted = new VectorKernels(Machine.products(BITS, arena), shape -> null, "", "")
                    .optimization();
            MemorySegment all = memory.of(numbers);
            long at = all.address();
            for (float scale : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                emitted.adam(new Adam(0.01, 0.9, 0.999, 1e-8, 0.1, true, 1, scale), at, at, at, at, 40, workers);
            }
            assertArrayEquals(numbers, all.toArray(JAVA_FLOAT));
        }
    }
}
