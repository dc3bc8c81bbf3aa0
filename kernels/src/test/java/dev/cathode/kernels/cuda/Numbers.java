package dev.cathode.kernels.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Random;

/// Numbers for tests.
final class Numbers {
    private Numbers() { }

    /// The upper half of a float, rounded to nearest even.
    static short toBfloat16(float x) {
        int bits = Float.floatToRawIntBits(x);
        return Float.isNaN(x) ? 0x7fff : (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
    }

    /// What a type makes of a number.
    static float round(Element element, float x) {
        return switch (element) {
            case FLOAT32 -> x;
            case BFLOAT16 -> Float.intBitsToFloat(toBfloat16(x) << 16);
            case FLOAT16 -> Float.float16ToFloat(Float.floatToFloat16(x));
        };
    }

    /// A number of a type in memory.
    static float get(Element element, MemorySegment memory, long index) {
        return switch (element) {
            case FLOAT32 -> memory.get(JAVA_FLOAT_UNALIGNED, 4 * index);
            case BFLOAT16 -> Float.intBitsToFloat(memory.get(JAVA_SHORT_UNALIGNED, 2 * index) << 16);
            case FLOAT16 -> Float.float16ToFloat(memory.get(JAVA_SHORT_UNALIGNED, 2 * index));
        };
    }

    /// Puts a number, rounded, in memory.
    static void set(Element element, MemorySegment memory, long index, float number) {
        switch (element) {
            case FLOAT32 -> memory.set(JAVA_FLOAT_UNALIGNED, 4 * index, number);
            case BFLOAT16 -> memory.set(JAVA_SHORT_UNALIGNED, 2 * index, toBfloat16(number));
            case FLOAT16 -> memory.set(JAVA_SHORT_UNALIGNED, 2 * index, Float.floatToFloat16(number));
        }
    }

    /// The largest relative error of rounding to a type: half the distance of two numbers.
    static double epsilon(Element element) {
        return switch (element) {
            case FLOAT32 -> 0x1p-24;
            case BFLOAT16 -> 0x1p-8;
            case FLOAT16 -> 0x1p-11;
        };
    }

    /// Normal numbers, representable in the type.
    static float[] normal(Element element, int count, long seed) {
        return normal(element, count, seed, 0, 1);
    }

    static float[] normal(Element element, int count, long seed, double mean, double deviation) {
        var random = new Random(seed);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = round(element, (float) (mean + deviation * random.nextGaussian()));
        }
        return numbers;
    }
}
