package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static dev.cathode.kernels.cpu.vector.Simd.INTS;
import static dev.cathode.kernels.cpu.vector.Simd.SHORTS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import dev.cathode.kernels.cpu.WeightStorage;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;

/// The two 16-bit types, one vector or one number at a time: exact widening, rounding to nearest even, infinities and
/// NaN kept.
final class HalfFloats {
    static {
        CompilerDirectives.install();
    }

    private HalfFloats() { }

    /// The stored number at `address`.
    static float get(WeightStorage storage, long address) {
        return switch (storage) {
            case F32 -> ALL.get(JAVA_FLOAT_UNALIGNED, address);
            case BF16 -> Float.intBitsToFloat(ALL.get(JAVA_SHORT_UNALIGNED, address) << 16);
            case F16 -> Float.float16ToFloat(ALL.get(JAVA_SHORT_UNALIGNED, address));
        };
    }

    /// bfloat16 is the upper half of a float.
    static FloatVector widenBf16(ShortVector x) {
        return ints(x).lanewise(LSHL, 16).reinterpretAsFloats();
    }

    /// Exponent and mantissa shifted into place are the number times 2^-112, denormals too.
    static FloatVector widenF16(ShortVector x) {
        IntVector h = ints(x);
        IntVector magnitude = h.and(0x7fff).lanewise(LSHL, 13);
        IntVector value = magnitude.reinterpretAsFloats().mul(0x1p112f).reinterpretAsInts();
        value = value.blend(magnitude.or(0x7f800000), h.and(0x7c00).compare(EQ, 0x7c00));
        return value.or(h.and(0x8000).lanewise(LSHL, 16)).reinterpretAsFloats();
    }

    static ShortVector narrowBf16(FloatVector x) {
        IntVector u = x.reinterpretAsInts();
        IntVector upper = u.lanewise(LSHR, 16);
        IntVector rounded = u.add(0x7fff).add(upper.and(1)).lanewise(LSHR, 16);
        return shorts(rounded.blend(upper.or(0x40), u.and(0x7fffffff).compare(GT, 0x7f800000)));
    }

    static ShortVector narrowF16(FloatVector x) {
        IntVector bits = x.reinterpretAsInts();
        IntVector u = bits.and(0x7fffffff);
        IntVector normal = u.add(0xc8000fff).add(u.lanewise(LSHR, 13).and(1)).lanewise(LSHR, 13);
        // below 2^-14 the addition of 1/2 lines the bits up with half precision's denormals, and rounds
        IntVector small = u.reinterpretAsFloats().add(0.5f).reinterpretAsInts().sub(0x3f000000);
        IntVector large = IntVector.broadcast(INTS, 0x7c00).blend(0x7e00, u.compare(GT, 0x7f800000));
        IntVector half = normal.blend(small, u.compare(LT, 0x38800000)).blend(large, u.compare(GE, 0x47800000));
        return shorts(half.or(bits.lanewise(LSHR, 16).and(0x8000)));
    }

    private static IntVector ints(ShortVector x) {
        return (IntVector) x.convertShape(ZERO_EXTEND_S2I, INTS, 0);
    }

    private static ShortVector shorts(IntVector x) {
        return (ShortVector) x.convertShape(I2S, SHORTS, 0);
    }
}
