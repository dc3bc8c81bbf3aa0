package dev.cathode.kernels.cpu.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.WeightStorage;
import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HalfFloatsTest {
    private static final int COUNT = 1 << 16;

    @Test
    void widensEveryNumber() {
        try (Guarded memory = new Guarded()) {
            MemorySegment half = memory.poisoned(COUNT * 2L);
            MemorySegment wide = memory.poisoned(COUNT * 4L);
            for (int i = 0; i < COUNT; i++) {
                half.setAtIndex(JAVA_SHORT, i, (short) i);
            }
            for (WeightStorage storage : new WeightStorage[] {WeightStorage.F16, WeightStorage.BF16}) {
                Conversions.vector().widen(storage, half.address(), wide.address(), COUNT);
                for (int i = 0; i < COUNT; i++) {
                    float expected = storage == WeightStorage.F16 ? Float.float16ToFloat((short) i)
                            : Float.intBitsToFloat(i << 16);
                    assertEquals(expected, wide.getAtIndex(JAVA_FLOAT, i), storage + " " + Integer.toHexString(i));
                    assertEquals(expected, HalfFloats.get(storage, half.address() + i * 2L));
                }
            }
            memory.check("widen");
        }
    }

    @Test
    void roundsToNearestEven() {
        try (Guarded memory = new Guarded()) {
            MemorySegment wide = memory.poisoned(COUNT * 4L);
            MemorySegment half = memory.poisoned(COUNT * 2L);
            Random random = new Random(3);
            for (int i = 0; i < COUNT; i++) {
                // half of them anywhere, half in the range of half precision, some of those exact ties
                int bits = random.nextInt();
                float x = i % 2 == 0 ? Float.intBitsToFloat(bits)
                        : Math.scalb(1 + (bits >>> (bits & 15) << (bits & 15) & 0x7fffff) * 0x1p-23f, i % 44 - 27);
                wide.setAtIndex(JAVA_FLOAT, i, i < 4 ? new float[] {0f, -0f, Float.NaN, Float.NEGATIVE_INFINITY}[i] : x);
            }
            Conversions.vector().narrow(WeightStorage.F16, wide.address(), half.address(), COUNT);
            for (int i = 0; i < COUNT; i++) {
                float x = wide.getAtIndex(JAVA_FLOAT, i);
                assertEquals(Float.float16ToFloat(Float.floatToFloat16(x)),
                        Float.float16ToFloat(half.getAtIndex(JAVA_SHORT, i)), "half of " + x);
            }
            Conversions.vector().narrow(WeightStorage.BF16, wide.address(), half.address(), COUNT);
            for (int i = 0; i < COUNT; i++) {
                float x = wide.getAtIndex(JAVA_FLOAT, i);
                checkBf16(x, Float.intBitsToFloat(half.getAtIndex(JAVA_SHORT, i) << 16));
            }
            memory.check("narrow");
        }
    }

    /// The result is at least as near as both neighbours, and even where it is as near as one of them.
    private static void checkBf16(float x, float y) {
        if (Float.isNaN(x) || Float.isInfinite(x) || Float.isInfinite(y)) {
            assertEquals(Float.isInfinite(y) && !Float.isNaN(x) ? Math.copySign(Float.POSITIVE_INFINITY, x) : x, y);
            assertTrue(!Float.isInfinite(y) || Math.abs(x) >= Float.intBitsToFloat(0x7f7f8000), "bfloat16 of " + x);
            return;
        }
        int bits = Float.floatToRawIntBits(y);
        BigDecimal error = new BigDecimal(x).subtract(new BigDecimal(y)).abs();
        for (int neighbour : new int[] {bits - 0x10000, bits + 0x10000}) {
            float other = Float.intBitsToFloat(neighbour);
            if (Float.isFinite(other)) {
                int nearer = error.compareTo(new BigDecimal(x).subtract(new BigDecimal(other)).abs());
                assertTrue(nearer < 0 || nearer == 0 && (bits >> 16 & 1) == 0, "bfloat16 of " + x + " is " + y);
            }
        }
    }
}
