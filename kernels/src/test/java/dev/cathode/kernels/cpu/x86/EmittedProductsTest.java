package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.vector.Ahead;
import dev.cathode.kernels.cpu.vector.Ending;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Sums in machine code against chains of `Math.fma`, bit for bit: the order of the terms is promised. Guard pages lie
/// behind all buffers.
class EmittedProductsTest {
    @ParameterizedTest
    @ValueSource(ints = {256, 512})
    void panelsAreChainsOfMultiplyAdds(int bits) {
        try (Arena arena = Arena.ofConfined()) {
            EmittedProducts products = Machine.products(bits, arena);
            Random random = new Random(5);
            for (int vectors = 1; vectors <= (bits == 512 ? 4 : 2); vectors *= 2) {
                for (int k : new int[] {1, 2, 3, 7, 16, 37, 101, 320}) {
                    int taps = 1 + random.nextInt(k > 40 ? 2 : 9);
                    int rows = 12 * (1 + random.nextInt(4));
                    int width = vectors * bits / 32;
                    float[] a = random(random, rows * taps * k, k % 2 == 0);
                    float[] b = random(random, taps * k * width, k % 2 == 0);
                    check(products, vectors, width, rows, taps, k, a, b, null);
                    check(products, vectors, width, rows, taps, k, a, b, random(random, rows * width, false));
                    for (WeightStorage storage : List.of(WeightStorage.BF16, WeightStorage.F16)) {
                        short[] halves = halves(random, b.length);
                        check(products, storage, vectors, width, rows, taps, k, a, halves, null);
                    }
                }
            }
        }
    }

    /// Rows of any number, to rows with gaps, with what is added on the way; nothing beside them is touched. What is
    /// brought ahead may not exist.
    @ParameterizedTest
    @ValueSource(ints = {256, 512})
    void panelsEndInTheOutput(int bits) {
        try (Arena arena = Arena.ofConfined()) {
            EmittedProducts products = Machine.products(bits, arena);
            Random random = new Random(8);
            for (int vectors = 1; vectors <= (bits == 512 ? 4 : 2); vectors *= 2) {
                for (int rows : new int[] {1, 2, 5, 6, 7, 11, 12, 13, 29, 36}) {
                    for (int with = 0; with < 16; with++) {
                        end(products, random, vectors, vectors * bits / 32, rows, with);
                    }
                }
            }
        }
    }

    /// @param with bits: bias, residual, the residual is the output, sums so far
    private static void end(EmittedProducts products, Random random, int vectors, int width, int rows, int with) {
        int k = 1 + random.nextInt(40);
        int padded = Math.ceilDiv(rows, 12) * 12;
        int outputStride = width + random.nextInt(9);
        int residualStride = (with & 4) != 0 ? outputStride : width + random.nextInt(9);
        boolean residual = (with & 2) != 0;
        boolean continued = (with & 8) != 0;
        float[] a = random(random, rows * k, false);
        float[] b = random(random, k * width, false);
        float[] bias = random(random, width, false);
        float[] start = random(random, padded * width, false);
        float[] before = random(random, (rows - 1) * outputStride + width, false);
        float[] added = (with & 4) != 0 ? before : random(random, (rows - 1) * residualStride + width, false);
        try (GuardPages memory = new GuardPages()) {
            long[] table = new long[padded];
            Arrays.fill(table, memory.of(new float[k]).address());
            for (int row = 0; row < rows; row++) {
                table[row] = memory.of(Arrays.copyOfRange(a, row * k, (row + 1) * k)).address();
            }
            MemorySegment output = memory.of(before);
            long other = (with & 4) != 0 ? output.address() : memory.of(added).address();
            products.panel(WeightStorage.F32, vectors, memory.of(table).address(), 0, 1, 0, k, memory.of(b).address(),
                    continued ? 0 : memory.of(new float[width]).address(), memory.of(start).address(), rows,
                    new Ending(output.address(), 4L * outputStride, (with & 1) != 0 ? memory.of(bias).address() : 0,
                            residual ? other : 0, 4L * residualStride),
                    with % 3 == 0 ? Ahead.NONE : new Ahead(random.nextLong(1L << 47), random.nextInt(10_000),
                            1 + random.nextInt(9), random.nextInt(5000), random.nextLong(1L << 47)));
            for (int i = 0; i < before.length; i++) {
                int row = i / outputStride;
                int column = i % outputStride;
                float expected = before[i];
                if (column < width) {
                    float sum = continued ? start[row * width + column] : 0;
                    for (int p = 0; p < k; p++) {
                        sum = Math.fma(a[row * k + p], b[p * width + column], sum);
                    }
                    sum = (with & 1) != 0 ? sum + bias[column] : sum;
                    expected = residual ? sum + added[row * residualStride + column] : sum;
                }
                int[] at = {vectors, rows, with, row, column};
                assertEquals(expected, output.getAtIndex(JAVA_FLOAT, i), () -> Arrays.toString(at));
            }
        }
    }

    /// Normal numbers, or everything that a float can be.
    private static float[] random(Random random, int count, boolean odd) {
        float[] special = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MIN_VALUE, -0f, 0f,
            1e-40f, Float.MAX_VALUE, -3e38f};
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = odd && random.nextInt(50) == 0 ? special[random.nextInt(special.length)]
                    : (float) random.nextGaussian() * (odd && random.nextInt(4) == 0 ? 1e-22f : 1);
        }
        return numbers;
    }

    /// Bits of numbers of all kinds: denormal, infinite and NaN too.
    private static short[] halves(Random random, int count) {
        short[] bits = new short[count];
        for (int i = 0; i < count; i++) {
            bits[i] = (short) (random.nextInt(20) == 0 ? random.nextInt() : 0x3000 + random.nextInt(0xc00));
        }
        return bits;
    }

    private static void check(EmittedProducts products, int vectors, int width, int rows, int taps, int k, float[] a,
                              float[] b, float[] start) {
        check(products, WeightStorage.F32, vectors, width, rows, taps, k, a, b, start);
    }

    /// @param weights `float[]` or the bits of 16-bit numbers
    /// @param start what the sums start from, or null for zeros
    private static void check(EmittedProducts products, WeightStorage storage, int vectors, int width, int rows,
                              int taps, int k, float[] a, Object weights, float[] start) {
        float[] b = weights instanceof float[] floats ? floats : new float[((short[]) weights).length];
        for (int i = 0; weights instanceof short[] bits && i < b.length; i++) {
            b[i] = storage == WeightStorage.F16 ? Float.float16ToFloat(bits[i]) : Float.intBitsToFloat(bits[i] << 16);
        }
        try (GuardPages memory = new GuardPages()) {
            int shift = 3; // floats between where a row lies and where it is read
            long[] table = new long[taps * rows];
            for (int tap = 0; tap < taps; tap++) {
                for (int row = 0; row < rows; row++) { // each segment in pages of its own
                    float[] segment = new float[k];
                    System.arraycopy(a, (tap * rows + row) * k, segment, 0, k);
                    table[tap * rows + row] = memory.of(segment).address() - shift * 4;
                }
            }
            MemorySegment c = memory.buffer(4L * rows * width);
            if (start != null) {
                MemorySegment.copy(start, 0, c, JAVA_FLOAT, 0, start.length);
            }
            long zeros = start == null ? memory.of(new float[width]).address() : 0;
            MemorySegment packed = weights instanceof short[] bits ? memory.of(bits) : memory.of(b);
            products.panel(storage, vectors, memory.of(table).address(), rows * 8L, taps, shift * 4, k,
                    packed.address(), zeros, c.address(), rows);
            for (int row = 0; row < rows; row++) {
                for (int column = 0; column < width; column++) {
                    float sum = start == null ? 0 : start[row * width + column];
                    for (int tap = 0; tap < taps; tap++) {
                        for (int p = 0; p < k; p++) {
                            sum = Math.fma(a[(tap * rows + row) * k + p], b[(tap * k + p) * width + column], sum);
                        }
                    }
                    float actual = c.getAtIndex(JAVA_FLOAT, (long) row * width + column);
                    int[] at = {row, column};
                    assertEquals(sum, actual, () -> storage + ", " + vectors + " vectors, " + taps + " taps of " + k
                            + ", " + Arrays.toString(at));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {256, 512})
    void pixelsAreChainsOfMultiplyAdds(int bits) {
        try (Arena arena = Arena.ofConfined()) {
            EmittedProducts products = Machine.products(bits, arena);
            Random random = new Random(6);
            for (int rows = 4; rows <= 6; rows += 2) {
                for (int vectors = 1; vectors <= (bits == 512 ? 4 : 2); vectors *= 2) {
                    for (int k : new int[] {1, 2, 5, 64, 107}) {
                        for (boolean begin : new boolean[] {true, false}) {
                            int width = vectors * bits / 32;
                            float[] a = random(random, k * rows, k % 2 == 0);
                            float[] b = random(random, k * width, k % 2 == 0);
                            checkPixels(products, rows, vectors, k, a, b,
                                    begin ? null : random(random, rows * width, false));
                        }
                    }
                }
            }
        }
    }

    /// @param start what the sums start from, or null for a row of zeros
    private static void checkPixels(EmittedProducts products, int rows, int vectors, int k, float[] a, float[] b,
                                    float[] start) {
        int width = b.length / k;
        int stride = width + 7; // floats from row to row of the sums
        try (GuardPages memory = new GuardPages()) {
            long[] table = new long[k];
            for (int p = 0; p < k; p++) {
                table[p] = memory.of(Arrays.copyOfRange(b, p * width, (p + 1) * width)).address() + 20;
            }
            MemorySegment c = memory.buffer(4L * ((rows - 1) * stride + width));
            for (int i = 0; start != null && i < rows; i++) {
                MemorySegment.copy(start, i * width, c, JAVA_FLOAT, 4L * i * stride, width);
            }
            products.pixels(rows, vectors, memory.of(a).address(), rows * 4L, memory.of(table).address(), -20, k,
                    start == null ? memory.of(new float[width]).address() : c.address(),
                    start == null ? 0 : stride * 4L, c.address(), stride * 4L);
            for (int i = 0; i < rows; i++) {
                for (int column = 0; column < stride && (i < rows - 1 || column < width); column++) {
                    float sum = start == null || column >= width ? 0 : start[i * width + column];
                    for (int p = 0; p < k && column < width; p++) {
                        sum = Math.fma(a[p * rows + i], b[p * width + column], sum);
                    }
                    int[] at = {i, column};
                    assertEquals(sum, c.getAtIndex(JAVA_FLOAT, (long) i * stride + column), () -> rows + " rows, "
                            + vectors + " vectors, " + k + " pixels, " + Arrays.toString(at));
                }
            }
        }
    }

    @Test
    void refusesTilesThatRegistersCannotHold() {
        for (int[] tile : new int[][] {{6, 4, 256}, {7, 4, 512}, {13, 1, 512}}) {
            assertThrows(IllegalArgumentException.class,
                    () -> PanelProductCode.write(new Assembler(), new Tile(tile[0], tile[1], tile[2]),
                            PanelProductCode.Terms.FLOAT32));
        }
    }
}
