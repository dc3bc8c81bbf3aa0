package dev.cathode.kernels.cuda;

/// How the numbers of a tensor are stored on the GPU; arithmetic is float32 with all of them.
public enum Element {
    /// IEEE float32
    FLOAT32("float", 4),
    /// The upper half of a float32, rounded to nearest even
    BFLOAT16("bf16", 2),
    /// IEEE float16, rounded to nearest even
    FLOAT16("half", 2);

    private final String type;
    private final int bytes;

    Element(String type, int bytes) {
        this.type = type;
        this.bytes = bytes;
    }

    /// The type's name in the `.cu` files.
    public String type() {
        return type;
    }

    /// Bytes of one number.
    public int bytes() {
        return bytes;
    }
}
