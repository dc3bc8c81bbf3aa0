package dev.cathode.kernels.cpu;

/// How a kernel keeps its packed weights in memory; all arithmetic is float32.
public enum WeightStorage {
    /// 32-bit floats.
    F32(4),
    /// bfloat16, widened inside the kernel.
    BF16(2),
    /// IEEE half precision, widened inside the kernel.
    F16(2);

    private final int bytes;

    WeightStorage(int bytes) {
        this.bytes = bytes;
    }

    /// Bytes of one number.
    public int bytes() {
        return bytes;
    }
}
