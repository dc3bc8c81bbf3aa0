package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.vector.ScorePasses;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The passes of attention's gradient in machine code against those on the Vector API, byte by byte, and against
/// float64.
class EmittedScorePassesTest {
    private static final int KEYS = 64;
    private static final int LANES = CpuKernels.vector().lanes();
    private static final int[] QUERIES = {1, 2, 7, 64};

    private static float[] numbers(Random random, int count, double scale, boolean strange) {
        float[] special = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0, -0f, Float.MIN_VALUE, -1e-39f,
            Float.MAX_VALUE, -Float.MAX_VALUE, -125, -124.99f, -125.01f};
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = strange && random.nextInt(6) == 0 ? special[random.nextInt(special.length)]
                    : (float) (random.nextGaussian() * scale);
        }
        return numbers;
    }

    /// Numbers of a block whose last row ends with its last column.
    private static int block(int queries, int columns) {
        return (queries - 1) * KEYS + columns;
    }

    private static int[][] run(ScorePasses passes, BiConsumer<ScorePasses, long[]> pass, float[]... operands) {
        try (GuardPages memory = new GuardPages()) {
            MemorySegment[] segments = Arrays.stream(operands).map(memory::of).toArray(MemorySegment[]::new);
            pass.accept(passes, Arrays.stream(segments).mapToLong(MemorySegment::address).toArray());
            int[][] result = new int[operands.length][];
            for (int i = 0; i < operands.length; i++) {
                float[] left = segments[i].toArray(JAVA_FLOAT);
                result[i] = new int[left.length];
                Arrays.setAll(result[i], k -> Float.floatToIntBits(left[k])); // with one NaN for all
            }
            return result;
        }
    }

    private static void compare(BiConsumer<ScorePasses, long[]> pass, float[]... operands) {
        try (Arena arena = Arena.ofConfined()) {
            ScorePasses emitted = new EmittedAttentions(Machine.attention(LANES * Float.SIZE, arena)).scores();
            assertArrayEquals(run(ScorePasses.vector(), pass, operands), run(emitted, pass, operands));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void passesHaveTheSameBytes(boolean strange) {
        assumeTrue(LANES >= 8, "no machine code for vectors this narrow");
        Random random = new Random(3);
        for (int queries : QUERIES) {
            for (int columns = LANES; columns <= KEYS; columns += LANES) {
                int count = columns;
                float[] x = numbers(random, block(queries, columns), 10, strange);
                float[] lanes = numbers(random, queries * LANES, 20, strange);
                compare((passes, at) -> passes.shift(at[0], queries, count, 0.37f, at[1], at[2]), x,
                        numbers(random, columns, 2, strange), lanes);
                compare((passes, at) -> passes.exponentiate(at[0], queries, count, at[1], at[2]),
                        numbers(random, block(queries, columns), 60, strange), numbers(random, queries, 20, strange),
                        lanes);
                compare((passes, at) -> passes.differentiate(at[0], at[1], queries, count, at[2], at[3], 0.2f), x,
                        numbers(random, block(queries, columns), 1, strange), numbers(random, queries, 1, strange),
                        numbers(random, queries, 1, strange));
            }
        }
    }

    @Test
    void exponentialsAreRight() {
        assumeTrue(LANES >= 8, "no machine code for vectors this narrow");
        Random random = new Random(4);
        float[] x = numbers(random, block(64, KEYS), 40, false);
        float[] maxima = numbers(random, 64, 20, false);
        for (int i = 0; i < x.length; i++) { // no score is above the maximum
            x[i] = maxima[i / KEYS] - Math.abs(x[i]);
        }
        try (Arena arena = Arena.ofConfined(); GuardPages memory = new GuardPages()) {
            ScorePasses emitted = new EmittedAttentions(Machine.attention(LANES * Float.SIZE, arena)).scores();
            MemorySegment y = memory.of(x);
            MemorySegment lanes = memory.of(new float[64 * LANES]);
            emitted.exponentiate(y.address(), 64, KEYS, memory.of(maxima).address(), lanes.address());
            for (int i = 0; i < 64; i++) {
                double sum = 0;
                double total = 0;
                for (int j = 0; j < KEYS; j++) {
                    float d = x[i * KEYS + j] - maxima[i];
                    double expected = d < -125 ? 0 : Math.pow(2, d);
                    assertEquals(expected, y.getAtIndex(JAVA_FLOAT, i * KEYS + j), 3e-7 * expected);
                    sum += expected;
                }
                for (int lane = 0; lane < LANES; lane++) {
                    total += lanes.getAtIndex(JAVA_FLOAT, i * LANES + lane);
                }
                assertEquals(sum, total, 1e-6 * sum);
            }
        }
    }
}
