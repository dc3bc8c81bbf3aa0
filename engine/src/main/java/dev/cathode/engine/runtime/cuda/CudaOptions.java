package dev.cathode.engine.runtime.cuda;

import dev.cathode.kernels.cuda.Element;
import dev.cathode.weights.DType;

/// How a GPU shall compute.
///
/// @param dtype of activations and of what products read: [DType#F32], [DType#BF16] or [DType#F16]; sums are float32
///         with all of them
/// @param tf32 whether float32 products may round their operands to TF32, 10 bits of mantissa
public record CudaOptions(DType dtype, boolean tf32) {
    /// Checks the type.
    public CudaOptions {
        if (dtype != DType.F32 && dtype != DType.BF16 && dtype != DType.F16) {
            throw new IllegalArgumentException("a GPU computes in float32, bfloat16 or float16, not " + dtype);
        }
    }

    /// bfloat16.
    public static CudaOptions defaults() {
        return new CudaOptions(DType.BF16, false);
    }

    /// These options with another type.
    public CudaOptions withDtype(DType type) {
        return new CudaOptions(type, tf32);
    }

    /// These options with TF32.
    public CudaOptions withTf32() {
        return new CudaOptions(dtype, true);
    }

    /// How numbers of a type are stored; 32-bit integers are moved as if they were float32.
    static Element element(DType type) {
        return switch (type) {
            case F32, I32 -> Element.FLOAT32;
            case BF16 -> Element.BFLOAT16;
            case F16 -> Element.FLOAT16;
            default -> throw new IllegalArgumentException("a GPU has no numbers of type " + type);
        };
    }
}
