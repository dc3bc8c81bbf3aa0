package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.kernels.cpu.vector.BlockProducts;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Products of blocks in machine code against chains of `Math.fma`, bit for bit, with guard pages behind all memory.
class BlockProductCodeTest {
    @ParameterizedTest
    @ValueSource(ints = {256, 512})
    void areChainsOfMultiplyAdds(int bits) {
        Random random = new Random(31);
        try (Arena arena = Arena.ofConfined()) {
            BlockProducts products = new EmittedAttentions(Machine.attention(bits, arena)).blocks();
            for (int vectors = 1; vectors <= 9; vectors++) {
                for (int depth : new int[] {1, 2, 7, 64}) {
                    boolean transposed = random.nextBoolean();
                    boolean onward = random.nextBoolean(); // from what is in c, else from one row
                    check(products, BlockProducts.ROWS * (1 + random.nextInt(3)), vectors * bits / 32, depth,
                            transposed, onward, random);
                }
            }
        }
    }

    private static void check(BlockProducts products, int rows, int columns, int depth, boolean transposed,
                              boolean onward, Random random) {
        int bStride = columns + 5;
        int cStride = columns + 3;
        int aStride = (transposed ? rows : depth) + 2;
        float[] a = numbers(random, ((transposed ? depth : rows) - 1) * aStride + (transposed ? rows : depth));
        float[] b = numbers(random, (depth - 1) * bStride + columns);
        float[] c = numbers(random, (rows - 1) * cStride + columns);
        float[] start = onward ? c : numbers(random, columns);
        try (GuardPages memory = new GuardPages()) {
            MemorySegment sums = memory.of(c);
            long ai = 4L * (transposed ? 1 : aStride);
            long ap = 4L * (transposed ? aStride : 1);
            products.multiply(memory.of(a).address(), ai, ap, depth, memory.of(b).address(), 4L * bStride,
                    onward ? sums.address() : memory.of(start).address(), onward ? 4L * cStride : 0, sums.address(),
                    4L * cStride, rows, columns);
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < cStride && i * cStride + j < c.length; j++) {
                    float sum = c[i * cStride + j]; // between rows nothing changes
                    if (j < columns) {
                        sum = onward ? sum : start[j];
                        for (int p = 0; p < depth; p++) {
                            sum = Math.fma(a[(int) (i * ai + p * ap) / 4], b[p * bStride + j], sum);
                        }
                    }
                    int[] at = {rows, columns, depth, i, j};
                    assertEquals(sum, sums.getAtIndex(JAVA_FLOAT, (long) i * cStride + j), () -> Arrays.toString(at));
                }
            }
        }
    }

    private static float[] numbers(Random random, int count) {
        float[] special = {Float.NaN, Float.POSITIVE_INFINITY, Float.MIN_VALUE, -0f, 1e-40f, -3e38f};
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = random.nextInt(500) == 0 ? special[random.nextInt(special.length)]
                    : (float) random.nextGaussian();
        }
        return numbers;
    }
}
