package dev.cathode.kernels.cpu.x86;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.Workers;
import dev.cathode.kernels.cpu.vector.Conversions;
import dev.cathode.kernels.cpu.vector.Products;
import dev.cathode.kernels.cpu.vector.RoundedProducts;
import dev.cathode.kernels.cpu.vector.VectorKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Conversions in machine code against those on the Vector API, bit by bit, and against the bounds of rounding.
class EmittedConversionsTest {
    private static final WeightStorage[] HALVES = {WeightStorage.F16, WeightStorage.BF16};

    /// The bits of a stored number, with one NaN for all.
    private static int bits(WeightStorage storage, short number) {
        boolean nan = storage == WeightStorage.F16 ? (number & 0x7fff) > 0x7c00 : (number & 0x7fff) > 0x7f80;
        return nan ? -1 : number & 0xffff;
    }

    /// Any bits, among them NaN, infinities and denormals; numbers that half precision has; ties.
    private static float any(Random random) {
        int bits = random.nextInt();
        return switch (random.nextInt(4)) {
            case 0 -> Float.intBitsToFloat(bits);
            case 1 -> Math.scalb(1 + (bits >>> (bits & 15) << (bits & 15) & 0x7fffff) * 0x1p-23f, bits % 44 - 5);
            case 2 -> Float.intBitsToFloat(bits & 0xffff8000);
            default -> Float.intBitsToFloat(bits & 0x807fffff | 0x7f800000 * (bits >> 8 & 1));
        };
    }

    @ParameterizedTest
    @ValueSource(ints = {256, 512})
    void widensEveryNumber(int vectorBits) {
        int count = 1 << 16;
        try (Arena arena = Arena.ofConfined(); GuardPages memory = new GuardPages()) {
            Conversions emitted = Machine.products(vectorBits, arena).passes().conversions();
            MemorySegment half = memory.buffer(2L * count);
            for (int i = 0; i < count; i++) {
                half.setAtIndex(JAVA_SHORT, i, (short) i);
            }
            MemorySegment wide = memory.buffer(4L * count);
            for (WeightStorage storage : HALVES) {
                emitted.widen(storage, half.address(), wide.address(), count);
                for (int i = 0; i < count; i++) {
                    float expected = storage == WeightStorage.F16 ? Float.float16ToFloat((short) i)
                            : Float.intBitsToFloat(i << 16);
                    assertEquals(Float.floatToIntBits(expected), Float.floatToIntBits(wide.getAtIndex(JAVA_FLOAT, i)));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {256, 512})
    void narrowsAsTheVectorApiDoes(int vectorBits) {
        Random random = new Random(vectorBits);
        try (Arena arena = Arena.ofConfined()) {
            Conversions emitted = Machine.products(vectorBits, arena).passes().conversions();
            for (int vectors : new int[] {0, 1, 2, 3, 4, 5, 9, 4001}) {
                int count = 16 * vectors; // whole vectors of any width
                for (WeightStorage storage : HALVES) {
                    try (GuardPages memory = new GuardPages()) {
                        MemorySegment wide = memory.buffer(4L * count);
                        for (int i = 0; i < count; i++) {
                            wide.setAtIndex(JAVA_FLOAT, i, any(random));
                        }
                        MemorySegment half = memory.buffer(2L * count);
                        MemorySegment expected = memory.buffer(2L * count);
                        emitted.narrow(storage, wide.address(), half.address(), count);
                        Conversions.vector().narrow(storage, wide.address(), expected.address(), count);
                        for (int i = 0; i < count; i++) {
                            float x = wide.getAtIndex(JAVA_FLOAT, i);
                            assertEquals(bits(storage, expected.getAtIndex(JAVA_SHORT, i)),
                                    bits(storage, half.getAtIndex(JAVA_SHORT, i)), storage + " of " + x);
                        }
                        emitted.narrow(storage, wide.address(), wide.address(), count);
                        assertArrayEquals(half.toArray(JAVA_SHORT), wide.asSlice(0, 2L * count).toArray(JAVA_SHORT));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void roundsTensorsOfAnySize(int threads) {
        int width = CpuKernels.vector().lanes() * Float.SIZE;
        assumeTrue(width >= 256, "no machine code for vectors of " + width + " bits");
        Random random = new Random(threads);
        try (Arena arena = Arena.ofShared(); Workers workers = new Workers(threads)) {
            var kernels = new VectorKernels(Machine.products(width, arena), shape -> null, "", "").elementwise();
            for (int count : new int[] {1, 2, 15, 17, 127, 1009, (1 << 14) + 7, 40_009}) {
                try (GuardPages memory = new GuardPages()) {
                    MemorySegment x = memory.buffer(4L * count);
                    for (int i = 0; i < count; i++) {
                        x.setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
                    }
                    MemorySegment half = memory.buffer(2L * count);
                    MemorySegment y = memory.buffer(4L * count);
                    for (WeightStorage storage : HALVES) {
                        kernels.narrow(storage, x.address(), half.address(), count, workers);
                        kernels.widen(storage, half.address(), y.address(), count, workers);
                        double bound = storage == WeightStorage.F16 ? 0x1p-11 : 0x1p-8;
                        for (int i = 0; i < count; i++) {
                            double v = x.getAtIndex(JAVA_FLOAT, i);
                            assertEquals(v, y.getAtIndex(JAVA_FLOAT, i), bound * Math.abs(v) + 0x1p-25);
                        }
                    }
                }
            }
        }
    }

    @Test
    void makesPairs() {
        assumeTrue(CpuKernels.vector().lanes() == 16, "no machine code for pairs in vectors this narrow");
        Random random = new Random(6);
        try (Arena arena = Arena.ofConfined()) {
            Products products = Machine.products(512, arena);
            RoundedProducts emitted = products.rounded();
            RoundedProducts vector = Machine.products(512, false, arena).rounded();
            for (int[] size : new int[][] {{1, 16}, {2, 16}, {3, 48}, {7, 64}, {64, 64}}) {
                int rows = size[0];
                int columns = size[1];
                try (GuardPages memory = new GuardPages()) {
                    MemorySegment x = memory.buffer(4L * rows * columns);
                    for (int i = 0; i < rows * columns; i++) { // below 2^-126, numbers may count as zeros
                        x.setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
                    }
                    x.setAtIndex(JAVA_FLOAT, 3, Float.NEGATIVE_INFINITY);
                    long bytes = (rows + 1) / 2 * 4L * columns;
                    MemorySegment pairs = memory.buffer(bytes);
                    MemorySegment expected = memory.buffer(bytes);
                    emitted.pair(x.address(), 4L * columns, rows, columns, pairs.address(), 4L * columns);
                    vector.pair(x.address(), 4L * columns, rows, columns, expected.address(), 4L * columns);
                    assertArrayEquals(expected.toArray(JAVA_INT), pairs.toArray(JAVA_INT));
                    assertTrue(rows % 2 == 0 || pairs.getAtIndex(JAVA_INT, bytes / 4 - 1) >>> 16 == 0);
                }
            }
        }
    }
}
