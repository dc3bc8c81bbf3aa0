package dev.cathode.kernels.cuda;

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
