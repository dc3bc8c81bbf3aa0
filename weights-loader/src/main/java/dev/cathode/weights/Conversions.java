package dev.cathode.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Numbers of one floating-point type as another: to the nearest, ties to even; too large becomes infinity, float16
/// subnormals are kept, NaN stays NaN. Memory is little-endian and need not be aligned.
public final class Conversions {
    private static final int CHUNK = 1 << 14;
    private static final short BF16_NAN = 0x7FC0;

    private static final ValueLayout.OfDouble F64 =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Conversions() {
    }

    /// bfloat16 bits as a float; exact.
    public static float bfloat16ToFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /// The nearest bfloat16's bits.
    public static short floatToBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        // Half a unit of the last place less one, and one more where the kept part is odd; NaN could round to infinity.
        short rounded = (short) ((bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16);
        return value != value ? BF16_NAN : rounded;
    }

    /// Reads numbers of any type as floats; whole numbers and doubles are rounded to the nearest.
    ///
    /// @param data little-endian, as in [FileTensor#data()]
    /// @param from the type of the numbers there
    /// @param first index of the first number to read, in elements
    /// @param to receives `count` floats from index `at` on
    public static void toFloats(MemorySegment data, DType from, long first, float[] to, int at, int count) {
        switch (from) {
            case F32 -> MemorySegment.copy(data, F32, first * Float.BYTES, to, at, count);
            case F16, BF16 -> widen(data, from, first, to, at, count);
            case F64 -> {
                for (int i = 0; i < count; i++) {
                    to[at + i] = (float) data.get(F64, (first + i) * Double.BYTES);
                }
            }
            case I64, I32, I16, I8, U8, BOOL -> {
                for (int i = 0; i < count; i++) {
                    to[at + i] = (float) whole(data, from, first + i);
                }
            }
        }
    }

    /// All numbers of a tensor as floats.
    ///
    /// @throws ArithmeticException if it has 2^31 elements or more
    public static float[] toFloats(FileTensor tensor) {
        float[] values = new float[Math.toIntExact(tensor.count())];
        toFloats(tensor.data(), tensor.dtype(), 0, values, 0, values.length);
        return values;
    }

    /// All numbers of a tensor of whole numbers.
    ///
    /// @throws CheckpointException if the type has fractions
    /// @throws ArithmeticException if it has 2^31 elements or more
    public static long[] toLongs(FileTensor tensor) {
        if (tensor.dtype().isFloat()) {
            throw new CheckpointException("tensor '" + tensor.name() + "' is " + tensor.dtype()
                    + ", expected whole numbers");
        }
        long[] values = new long[Math.toIntExact(tensor.count())];
        for (int i = 0; i < values.length; i++) {
            values[i] = whole(tensor.data(), tensor.dtype(), i);
        }
        return values;
    }

    /// Writes floats as numbers of a floating-point type.
    ///
    /// @param first index of the first number to write, in elements
    /// @throws IllegalArgumentException if `to` is no floating-point type
    public static void fromFloats(float[] from, int at, int count, MemorySegment data, DType to, long first) {
        switch (to) {
            case F32 -> MemorySegment.copy(from, at, data, F32, first * Float.BYTES, count);
            case F16, BF16 -> {
                // Through arrays: the loops then run in vectors.
                short[] bits = new short[Math.min(count, CHUNK)];
                for (int done = 0; done < count; done += CHUNK) {
                    int part = Math.min(CHUNK, count - done);
                    for (int i = 0; i < part; i++) {
                        float value = from[at + done + i];
                        bits[i] = to == DType.F16 ? Float.floatToFloat16(value) : floatToBfloat16(value);
                    }
                    MemorySegment.copy(bits, 0, data, SHORT, (first + done) * Short.BYTES, part);
                }
            }
            case F64 -> {
                for (int i = 0; i < count; i++) {
                    data.set(F64, (first + i) * Double.BYTES, from[at + i]);
                }
            }
            case I64, I32, I16, I8, U8, BOOL -> throw new IllegalArgumentException("floats cannot become " + to);
        }
    }

    private static void widen(MemorySegment data, DType from, long first, float[] to, int at, int count) {
        short[] bits = new short[Math.min(count, CHUNK)];
        for (int done = 0; done < count; done += CHUNK) {
            int part = Math.min(CHUNK, count - done);
            MemorySegment.copy(data, SHORT, (first + done) * Short.BYTES, bits, 0, part);
            for (int i = 0; i < part; i++) {
                to[at + done + i] = from == DType.F16 ? Float.float16ToFloat(bits[i]) : bfloat16ToFloat(bits[i]);
            }
        }
    }

    private static long whole(MemorySegment data, DType from, long index) {
        return switch (from) {
            case I64 -> data.get(I64, index * Long.BYTES);
            case I32 -> data.get(I32, index * Integer.BYTES);
            case I16 -> data.get(SHORT, index * Short.BYTES);
            case I8 -> data.get(ValueLayout.JAVA_BYTE, index);
            case U8, BOOL -> data.get(ValueLayout.JAVA_BYTE, index) & 0xFF;
            case F64, F32, F16, BF16 -> throw new IllegalArgumentException(from + " holds no whole numbers");
        };
    }
}
