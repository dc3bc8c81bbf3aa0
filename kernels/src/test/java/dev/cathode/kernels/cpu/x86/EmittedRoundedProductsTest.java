package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.kernels.cpu.vector.Ahead;
import dev.cathode.kernels.cpu.vector.Ending;
import dev.cathode.kernels.cpu.vector.RoundedProducts;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Products of bfloat16 numbers in machine code against float64. Guard pages lie behind all buffers.
class EmittedRoundedProductsTest {
    private static final float[] SPECIAL = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY,
        Float.MIN_VALUE, -Float.MIN_VALUE, -0f, 0f, 1e-40f, Float.MIN_NORMAL, Math.nextDown(Float.MIN_NORMAL),
        Float.MAX_VALUE, -3.3961e38f, Float.intBitsToFloat(0x7f800001), 1.00390625f, 1.01171875f,
        Math.nextUp(1.00390625f)};
    private static Arena arena;
    private static RoundedProducts products;

    @BeforeAll
    static void install() {
        arena = Arena.ofShared();
        products = Machine.processor().bf16() ? Machine.products(512, arena).rounded()
                : abort("no bfloat16 in this processor");
    }

    @AfterAll
    static void close() {
        arena.close();
    }

    /// To the bit, as the manual has it: nearest even, denormal numbers to zeros, NaN quiet.
    @Test
    void rowsAreRoundedAsTheManualSays() {
        Random random = new Random(1);
        for (int k : new int[] {1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65, 97, 320}) {
            int rows = 1 + random.nextInt(5);
            int padded = Math.ceilDiv(k, 32) * 32;
            int fromStep = k + random.nextInt(3); // numbers
            int toStep = padded + 32;
            try (GuardPages memory = new GuardPages()) {
                float[] x = new float[(rows - 1) * fromStep + k];
                for (int i = 0; i < x.length; i++) {
                    x[i] = random.nextInt(3) == 0 ? SPECIAL[random.nextInt(SPECIAL.length)]
                            : Float.intBitsToFloat(random.nextInt());
                }
                MemorySegment to = memory.buffer(2L * ((rows - 1) * toStep + padded));
                to.fill((byte) 0x55);
                products.round(memory.of(x).address(), 4L * fromStep, rows, k, to.address(), 2L * toStep);
                short[] actual = to.toArray(JAVA_SHORT);
                short[] expected = new short[actual.length];
                for (int i = 0; i < expected.length; i++) {
                    int column = i % toStep;
                    expected[i] = column >= padded ? 0x5555 : column >= k ? 0
                            : RoundedNumbers.round(x[i / toStep * fromStep + column], true);
                }
                assertArrayEquals(expected, actual, "rows of " + k);
            }
        }
    }

    @Test
    void panelsAreSumsOfProducts() {
        Random random = new Random(2);
        for (int vectors = 1; vectors <= 4; vectors *= 2) {
            for (int pairs : new int[] {1, 2, 3, 7, 16, 37, 101, 320}) {
                int taps = 1 + random.nextInt(pairs > 40 ? 2 : 9);
                int rows = 12 * (1 + random.nextInt(4));
                check(random, vectors, rows, taps, pairs, false, pairs % 2 == 0);
                check(random, vectors, rows, taps, pairs, true, pairs % 2 == 0);
            }
        }
    }

    private static short[] random(Random random, int count, boolean odd) {
        short[] numbers = new short[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = RoundedNumbers.round(odd && random.nextInt(200) == 0 ? SPECIAL[random.nextInt(SPECIAL.length)]
                    : (float) random.nextGaussian() * (odd && random.nextInt(4) == 0 ? 1e-22f : 1), false);
        }
        return numbers;
    }

    private static void check(Random random, int vectors, int rows, int taps, int pairs, boolean continued,
                              boolean odd) {
        int width = 16 * vectors;
        int depth = 2 * taps * pairs;
        short[][] a = new short[taps * rows][]; // each segment in pages of its own
        long[] table = new long[taps * rows];
        short[] b = random(random, depth * width, odd);
        float[] start = new float[rows * width];
        try (GuardPages memory = new GuardPages()) {
            for (int i = 0; i < a.length; i++) {
                a[i] = random(random, 2 * pairs, odd);
                table[i] = memory.of(a[i]).address();
            }
            MemorySegment c = memory.buffer(4L * rows * width);
            for (int i = 0; continued && i < start.length; i++) {
                start[i] = (float) random.nextGaussian();
                c.setAtIndex(JAVA_FLOAT, i, start[i]);
            }
            long zeros = continued ? 0 : memory.of(new float[width]).address();
            products.panel(vectors, memory.of(table).address(), rows * 8L, taps, pairs, memory.of(b).address(), zeros,
                    c.address(), rows, 0);
            for (int row = 0; row < rows; row++) {
                for (int column = 0; column < width; column++) {
                    double sum = start[row * width + column];
                    double magnitude = Math.abs(sum);
                    double flushed = 0;
                    for (int tap = 0; tap < taps; tap++) {
                        for (int p = 0; p < 2 * pairs; p++) {
                            float x = RoundedNumbers.widen(a[tap * rows + row][p]);
                            float y = RoundedNumbers.widen(b[((tap * pairs + p / 2) * width + column) * 2 + p % 2]);
                            sum += (double) x * y;
                            magnitude += Math.abs((double) x * y);
                            // operands, products and sums may be flushed
                            flushed += Float.MIN_NORMAL * (1 + Math.abs((double) x) + Math.abs((double) y));
                        }
                    }
                    float actual = c.getAtIndex(JAVA_FLOAT, (long) row * width + column);
                    String at = vectors + " vectors, " + taps + " taps of " + pairs + " pairs, " + row + ", " + column;
                    close(sum, magnitude, flushed, depth, actual, at);
                }
            }
        }
    }

    /// Within the error of so many additions in whatever order, each rounded once, and of numbers flushed to zero.
    private static void close(double sum, double magnitude, double flushed, int depth, float actual, String at) {
        if (magnitude < Float.MAX_VALUE) {
            assertEquals(sum, actual, Math.ulp(1f) / 2 * (depth + 1) * magnitude + flushed, at);
        } else if (Double.isNaN(sum) || Double.isInfinite(sum)) {
            // a denormal number counts as zero, and zero times infinity is NaN
            assertTrue(Double.isNaN(sum) ? Float.isNaN(actual) : Float.isNaN(actual) || actual == (float) sum,
                    at + ": " + sum + ", not " + actual);
        }
    }

    @Test
    void everyRunAddsInTheSameOrder() {
        Random random = new Random(3);
        short[] a = random(random, 2 * 51, false);
        short[] b = random(random, 2 * 51 * 64, false);
        try (GuardPages memory = new GuardPages()) {
            long[] table = new long[24];
            Arrays.fill(table, memory.of(a).address());
            MemorySegment c = memory.buffer(4L * 24 * 64);
            products.panel(4, memory.of(table).address(), 0, 1, 51, memory.of(b).address(),
                    memory.of(new float[64]).address(), c.address(), 24, 0);
            float[] sums = c.toArray(JAVA_FLOAT);
            for (int i = 64; i < sums.length; i++) {
                assertEquals(sums[i % 64], sums[i]);
            }
        }
    }

    /// The sums of the same panel without an ending, and what is added to them.
    @Test
    void panelsEndInTheOutput() {
        Random random = new Random(4);
        for (int vectors = 1; vectors <= 4; vectors *= 2) {
            for (int rows : new int[] {1, 6, 8, 12, 23}) {
                int width = 16 * vectors;
                int padded = Math.ceilDiv(rows, 12) * 12;
                try (GuardPages memory = new GuardPages()) {
                    long[] table = new long[padded];
                    Arrays.setAll(table, i -> memory.of(random(random, 2 * 19, false)).address());
                    long rowTable = memory.of(table).address();
                    long b = memory.of(random(random, 2 * 19 * width, false)).address();
                    long zeros = memory.of(new float[width]).address();
                    MemorySegment bias = memory.buffer(4L * width);
                    MemorySegment residual = memory.buffer(4L * rows * width);
                    for (int i = 0; i < rows * width; i++) {
                        bias.setAtIndex(JAVA_FLOAT, i % width, (float) random.nextGaussian());
                        residual.setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
                    }
                    MemorySegment sums = memory.buffer(4L * padded * width);
                    products.panel(vectors, rowTable, 0, 1, 19, b, zeros, sums.address(), padded, 0);
                    MemorySegment output = memory.buffer(4L * rows * width);
                    products.panel(vectors, rowTable, 0, 1, 19, b, zeros, 0, rows, 0, new Ending(output.address(),
                            4L * width, bias.address(), residual.address(), 4L * width),
                            new Ahead(residual.address(), 40, 2, 40, b));
                    for (int i = 0; i < rows * width; i++) {
                        assertEquals(sums.getAtIndex(JAVA_FLOAT, i) + bias.getAtIndex(JAVA_FLOAT, i % width)
                                + residual.getAtIndex(JAVA_FLOAT, i), output.getAtIndex(JAVA_FLOAT, i));
                    }
                }
            }
        }
    }

    @Test
    void theMeasuringLoopCountsWhatItDoes() {
        assumeTrue(products.bytes() == 2);
        assertEquals(3 * 24 * 64.0, products.spin(3));
    }
}
