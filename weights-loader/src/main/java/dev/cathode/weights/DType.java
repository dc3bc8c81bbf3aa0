package dev.cathode.weights;

/// The type of a tensor's elements.
public enum DType {
    /// IEEE double precision.
    F64(8),
    /// IEEE single precision.
    F32(4),
    /// IEEE half precision.
    F16(2),
    /// bfloat16: the upper half of a float32.
    BF16(2),
    /// Signed 64-bit integer.
    I64(8),
    /// Signed 32-bit integer.
    I32(4),
    /// Signed 16-bit integer.
    I16(2),
    /// Signed 8-bit integer.
    I8(1),
    /// Unsigned 8-bit integer.
    U8(1),
    /// One byte, 0 or 1.
    BOOL(1);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /// Bytes of one element.
    public int bytes() {
        return bytes;
    }

    /// Whether this is a floating-point type.
    public boolean isFloat() {
        return switch (this) {
            case F64, F32, F16, BF16 -> true;
            case I64, I32, I16, I8, U8, BOOL -> false;
        };
    }
}
