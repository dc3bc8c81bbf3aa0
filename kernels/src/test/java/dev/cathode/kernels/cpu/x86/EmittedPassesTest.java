package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Twins.numbers;
import static dev.cathode.kernels.cpu.x86.Twins.plain;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Elementwise;
import dev.cathode.kernels.cpu.vector.Passes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class EmittedPassesTest {
    private static final int UNTOUCHED = 0x7fc0beef;
    private static final int LANES = CpuKernels.vector().lanes();
    private static final int BITS = Twins.BITS;
    /// Rows, and vectors of a row.
    private static final int[][] SIZES = {{1, 1}, {2, 3}, {5, 4}, {7, 9}, {3, 20}, {31, 5}};

    /// Of rows: whole vectors and others, of both widths.
    private static final int[] COUNTS = {0, 1, 2, 7, 8, 13, 16, 17, 31, 64, 67, 128, 131, 320};

    @ParameterizedTest
    @ValueSource(ints = {256, 512})
    void transposes(int bits) {
        Random random = new Random(5);
        int lanes = bits / 32;
        try (Arena arena = Arena.ofConfined()) {
            Passes passes = Machine.products(bits, arena).passes();
            for (int[] squares : new int[][] {{1, 1}, {1, 5}, {4, 1}, {3, 7}, {0, 2}, {2, 0}}) {
                int rows = squares[0] * lanes;
                int columns = squares[1] * lanes;
                int xStride = columns + random.nextInt(9);
                int yStride = rows + random.nextInt(9);
                try (GuardPages memory = new GuardPages()) {
                    MemorySegment x = memory.buffer(4L * (Math.max(0, rows - 1) * xStride + columns));
                    MemorySegment y = memory.buffer(4L * (Math.max(0, columns - 1) * yStride + rows));
                    for (long i = 0; i < x.byteSize() / 4; i++) { // any bits: NaN, infinities, denormals
                        x.setAtIndex(JAVA_INT, i, random.nextInt());
                    }
                    for (long i = 0; i < y.byteSize() / 4; i++) {
                        y.setAtIndex(JAVA_INT, i, UNTOUCHED);
                    }
                    passes.transpose(x.address(), 4L * xStride, rows, columns, y.address(), 4L * yStride,
                            memory.buffer(4L * lanes * lanes).address());
                    for (int c = 0; c < columns; c++) {
                        for (int i = 0; i < yStride && (c < columns - 1 || i < rows); i++) {
                            int expected = i < rows ? x.getAtIndex(JAVA_INT, (long) i * xStride + c) : UNTOUCHED;
                            assertEquals(expected, y.getAtIndex(JAVA_INT, (long) c * yStride + i));
                        }
                    }
                }
            }
        }
    }

    /// The machine code for the Vector API's own width against the Vector API.
    private static void compare(String what, BiConsumer<Passes, long[]> pass, float[]... operands) {
        Twins.compare(what, EmittedProducts::passes, Passes.vector(), pass, operands);
    }

    @BeforeEach
    void machineCodeHasVectorsOfThisWidth() {
        assumeTrue(BITS >= 256, "no machine code for vectors of " + BITS + " bits");
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void activates(Activation activation) {
        Random random = new Random(7);
        for (int vectors : new int[] {0, 1, 2, 3, 4, 5, 11, 64}) {
            compare(activation + " of " + vectors, (passes, at) -> passes.activate(activation, at[0], vectors * LANES),
                    numbers(random, vectors * LANES));
        }
        for (int[] size : SIZES) {
            int rows = size[0];
            int count = size[1] * LANES;
            int stride = count + random.nextInt(5);
            compare(activation + " of rows", (passes, at) -> passes.scale(activation, at[0], 4L * stride, at[1], at[2],
                    at[3], 4L * (stride + 3), rows, count), numbers(random, rows * stride), plain(random, count),
                    plain(random, count), new float[rows * (stride + 3)]);
        }
    }

    @Test
    void activationsAreRight() {
        Random random = new Random(8);
        float[] x = plain(random, 64 * LANES);
        for (int i = 0; i < x.length; i++) {
            x[i] *= i % 7;
        }
        try (Arena arena = Arena.ofConfined(); GuardPages memory = new GuardPages()) {
            Passes passes = Machine.products(BITS, arena).passes();
            MemorySegment silu = memory.of(x);
            MemorySegment gelu = memory.of(x);
            passes.activate(Activation.SILU, silu.address(), x.length);
            passes.activate(Activation.GELU_TANH, gelu.address(), x.length);
            for (int i = 0; i < x.length; i++) {
                double v = x[i];
                double expected = v / (1 + Math.exp(-v));
                assertEquals(expected, silu.getAtIndex(JAVA_FLOAT, i), 4e-7 * Math.abs(expected));
                expected = v / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v)));
                assertEquals(expected, gelu.getAtIndex(JAVA_FLOAT, i), 1e-6 * Math.max(Math.abs(expected), 0.05));
            }
        }
    }

    @Test
    void gates() {
        Random random = new Random(9);
        for (int rows : new int[] {1, 5}) {
            for (int count : COUNTS) {
                int stride = count + random.nextInt(5);
                compare("gate", (passes, at) -> passes.gate(at[0], at[1], at[2], 4L * stride, rows, count),
                        numbers(random, rows * count), numbers(random, rows * count), new float[rows * stride]);
                compare("gate in place", (passes, at) -> passes.gate(at[0], at[1], at[0], 4L * count, rows, count),
                        numbers(random, rows * count), numbers(random, rows * count));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Elementwise.Binary.class)
    void combines(Elementwise.Binary operation) {
        Random random = new Random(9);
        for (int count : COUNTS) {
            compare(operation + " of " + count, (passes, at) -> passes.combine(operation, at[0], at[1], at[2], count),
                    numbers(random, count), numbers(random, count), new float[count]);
            compare(operation + " in place", (passes, at) -> passes.combine(operation, at[0], at[1], at[1], count),
                    numbers(random, count), numbers(random, count));
        }
    }

    @Test
    void sumsMoments() {
        Random random = new Random(10);
        for (int[] size : SIZES) {
            int count = size[1] * LANES;
            int stride = count + random.nextInt(5);
            float[] x = size[1] == 3 ? numbers(random, size[0] * stride) : plain(random, size[0] * stride);
            compare("moments", (passes, at) -> passes.moments(at[0], 4L * stride, size[0], at[1], at[2], count), x,
                    new float[count], new float[count]);
        }
    }

    @Test
    void adds() {
        Random random = new Random(11);
        for (int[] size : SIZES) {
            for (int with = 0; with < 4; with++) {
                int count = size[1] * LANES;
                long bias = with & 1;
                long residual = with >> 1;
                compare("addition " + with, (passes, at) -> passes.add(at[0], 4L * count + 4, at[1] * bias,
                        at[2] * residual, 4L * count + 8, at[3], 4L * count + 12, size[0], count),
                        numbers(random, size[0] * (count + 1)), numbers(random, count),
                        numbers(random, size[0] * (count + 2)), new float[size[0] * (count + 3)]);
            }
        }
    }

    @Test
    void listsAddresses() {
        try (Arena arena = Arena.ofConfined(); GuardPages memory = new GuardPages()) {
            for (Passes passes : new Passes[] {Machine.products(BITS, arena).passes(), Passes.vector()}) {
                for (int count : new int[] {0, 1, 2, 7, 192}) {
                    MemorySegment table = memory.buffer(8L * count);
                    passes.addresses(table.address(), 1L << 40, -20, count);
                    for (int i = 0; i < count; i++) {
                        assertEquals((1L << 40) - 20 * i, table.getAtIndex(JAVA_LONG, i));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 6})
    void transformsForWinograd(int size) {
        Random random = new Random(12);
        for (int n : new int[] {LANES, LANES + 1, 2 * LANES, 5 * LANES - 1, 128}) {
            float[] from = n == 2 * LANES ? numbers(random, size * size * n) : plain(random, size * size * n);
            long run = 4L * n;
            compare("input of " + n, (passes, at) -> {
                try (GuardPages memory = new GuardPages()) {
                    long[] table = new long[size * size];
                    Arrays.setAll(table, i -> at[0] + i * run - 20);
                    passes.winogradInput(size, memory.of(table).address(), size * 8L, 8, 20, at[1], size * run, run, n);
                }
            }, from, new float[size * size * n]);
            compare("output of " + n, (passes, at) -> passes.winogradOutput(size, size, at[0], run, size * run, at[1],
                    size * run, run, n), from, new float[(size - 2) * size * n]);
            compare("weights of " + n, (passes, at) -> passes.winogradWeights(size, at[0], 2 * run, at[1], run, n),
                    Arrays.copyOf(from, 5 * n), new float[size * n]);
        }
    }

    @Test
    void normalizesRows() {
        Random random = new Random(13);
        for (int rows : new int[] {1, 2, 5}) {
            for (int count : COUNTS) {
                float[] x = count == 17 ? numbers(random, rows * count) : plain(random, rows * count);
                compare("sums of rows", (passes, at) -> passes.rowSums(at[0], rows, count, at[1]), x,
                        new float[2 * rows]);
                compare("squares of rows", (passes, at) -> passes.rowSquares(at[0], rows, count, at[1], at[2]), x,
                        plain(random, rows), new float[2 * rows]);
                compare("rows", (passes, at) -> passes.normalizeRows(at[0], rows, count, at[1], at[2], at[3], at[4],
                        at[5]), x, plain(random, rows), plain(random, rows), plain(random, count),
                        plain(random, count), new float[rows * count]);
            }
        }
    }

    @Test
    void takesExponentialsOfRows() {
        Random random = new Random(14);
        for (int rows : new int[] {1, 2, 5}) {
            for (int count : COUNTS) {
                for (int strange = 0; strange < 2; strange++) {
                    float[] x = strange == 1 ? numbers(random, rows * count) : plain(random, rows * count);
                    compare("exponentials of " + count, (passes, at) -> passes.exponentials(at[0], rows, count, at[1],
                            at[2]), x, new float[rows * count], new float[4 * rows]);
                    compare("their sums", (passes, at) -> passes.exponentials(at[0], rows, count, 0, at[1]), x,
                            new float[4 * rows]);
                    compare("scaled", (passes, at) -> passes.scaleRows(at[0], rows, count, at[1]), x,
                            plain(random, rows));
                    compare("subtracted", (passes, at) -> passes.subtractRows(at[0], rows, count, at[1], at[2]), x,
                            plain(random, 2 * rows), new float[rows * count]);
                }
            }
        }
    }
}
