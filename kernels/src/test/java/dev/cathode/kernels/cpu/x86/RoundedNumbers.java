package dev.cathode.kernels.cpu.x86;

/// bfloat16 in plain Java, as its instructions define it.
final class RoundedNumbers {
    private RoundedNumbers() { }

    /// The bits of a float rounded to nearest even; denormal numbers become zeros if the hardware makes them so.
    static short round(float x, boolean flush) {
        int bits = Float.floatToRawIntBits(x);
        if (Float.isNaN(x)) {
            return (short) (bits >> 16 | 0x40);
        }
        if (flush && Math.abs(x) < Float.MIN_NORMAL) {
            return (short) (bits >> 16 & 0x8000);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    static float widen(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /// The number that takes part in a product.
    static float rounded(float x) {
        return widen(round(x, false));
    }
}
