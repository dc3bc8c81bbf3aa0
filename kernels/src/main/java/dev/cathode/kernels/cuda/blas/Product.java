package dev.cathode.kernels.cuda.blas;

import dev.cathode.kernels.cuda.Element;

/// A product of matrices, or of as many as `batch` says: `out = epilogue(op(a) · op(b) + residual)`, with op(a) `[m,
/// k]`, op(b) `[k, n]`, out and residual `[m, n]`, all row-major. Sums are float32 whatever the elements.
///
/// @param a where its rows are; transposed, it is stored as `[k, m]`
/// @param b where its rows are; transposed, it is stored as `[n, k]`, as PyTorch's linears store their weights
/// @param out where its rows are, and the residual's; not transposed
/// @param element of both factors
/// @param outElement of the result, the residual and the bias: the factors', or float32
/// @param epilogue what happens to the sums before they are stored
/// @param tf32 whether float32 factors may be rounded to TF32 (10 bits of mantissa), eight times as fast
public record Product(int batch, long m, long n, long k, Operand a, Operand b, Operand out, Element element,
                      Element outElement, Epilogue epilogue, boolean tf32) {
    /// Where a matrix is stored.
    ///
    /// @param stride numbers from one stored row to the next
    /// @param batchStride numbers from one matrix of a batch to the next; 0: the same one for all
    public record Operand(boolean transposed, long stride, long batchStride) { }

    /// What happens to the sums.
    public enum Epilogue {
        /// Nothing.
        NONE(1),
        /// `+ bias[n]`
        BIAS(4),
        /// GELU by its tanh approximation, as cuBLASLt has it; our networks want the exact one, which is a kernel's.
        TANH_GELU(32),
        /// GELU, by tanh, of sum and bias.
        BIAS_TANH_GELU(36),
        /// Nothing to the sums; the sums of op(a) over k, `[m]`, are stored where the bias would be: a bias's gradient,
        /// when op(a) is the gradient of a linear's output, transposed.
        BIAS_GRADIENT(512);

        private final int code;

        Epilogue(int code) {
            this.code = code;
        }

        /// `cublasLtEpilogue_t`
        int code() {
            return code;
        }

        /// Whether a vector goes in or out.
        boolean hasBias() {
            return this != NONE && this != TANH_GELU;
        }

        /// Whether the residual may be added too: an activation would be of the sum with it.
        boolean allowsResidual() {
            return this == NONE || this == BIAS || this == BIAS_GRADIENT;
        }
    }

    /// Checks that it is one.
    public Product {
        if (batch < 1 || m < 1 || n < 1 || k < 1) {
            throw new IllegalArgumentException("a product of " + batch + " × [" + m + ", " + k + "] · [" + k + ", " + n
                    + "]");
        }
        if (out.transposed || a.stride < (a.transposed ? m : k) || b.stride < (b.transposed ? k : n)
                || out.stride < n) {
            throw new IllegalArgumentException("rows overlap, or the result is transposed: " + a + ", " + b + ", "
                    + out);
        }
        if (outElement != element && outElement != Element.FLOAT32) {
            throw new IllegalArgumentException("factors of " + element + " cannot give " + outElement);
        }
        if (batch > 1 && out.batchStride == 0) {
            throw new IllegalArgumentException("all results of a batch would be stored in one place");
        }
    }

    /// Numbers from the first to the last of the first factors, all of the batch, with what lies between them.
    public long aNumbers() {
        return numbers(a, m, k);
    }

    /// Numbers from the first to the last of the second factors.
    public long bNumbers() {
        return numbers(b, k, n);
    }

    /// Numbers from the first to the last of the results.
    public long outNumbers() {
        return numbers(out, m, n);
    }

    /// Numbers of the epilogue's vector; 0 if it has none.
    public long biasNumbers() {
        return !epilogue.hasBias() ? 0 : epilogue == Epilogue.BIAS_GRADIENT ? m : n;
    }

    private long numbers(Operand operand, long rows, long columns) {
        long across = operand.transposed ? columns : rows;
        long along = operand.transposed ? rows : columns;
        return (batch - 1) * operand.batchStride + (across - 1) * operand.stride + along;
    }

    /// A linear layer, `[rows, inputs]` · weights `[outputs, inputs]`ᵀ: `[rows, outputs]`.
    public static Product linear(long rows, long inputs, long outputs, Element element, Epilogue epilogue) {
        return new Product(1, rows, outputs, inputs, new Operand(false, inputs, 0), new Operand(true, inputs, 0),
                new Operand(false, outputs, 0), element, element, epilogue, false);
    }

    /// As many linear layers of the same input as there are weights, `[rows, inputs]` · each of `[layers, outputs,
    /// inputs]`ᵀ: `[layers, rows, outputs]`.
    public static Product linears(int layers, long rows, long inputs, long outputs, Element element) {
        return new Product(layers, rows, outputs, inputs, new Operand(false, inputs, 0),
                new Operand(true, inputs, outputs * inputs), new Operand(false, outputs, rows * outputs), element, element,
                Epilogue.NONE, false);
    }

    /// The gradient of a linear layer's input: that of its output `[rows, outputs]` · weights `[outputs, inputs]`.
    public static Product inputGradient(long rows, long inputs, long outputs, Element element) {
        return new Product(1, rows, inputs, outputs, new Operand(false, outputs, 0), new Operand(false, inputs, 0),
                new Operand(false, inputs, 0), element, element, Epilogue.NONE, false);
    }

    /// The gradient of a linear layer's weights `[outputs, inputs]`: that of its output `[rows, outputs]`, transposed,
    /// · its input `[rows, inputs]`; of its bias too, if wanted.
    public static Product weightGradient(long rows, long inputs, long outputs, Element element, boolean bias) {
        return new Product(1, outputs, inputs, rows, new Operand(true, outputs, 0), new Operand(false, inputs, 0),
                new Operand(false, inputs, 0), element, element, bias ? Epilogue.BIAS_GRADIENT : Epilogue.NONE, false);
    }

    /// This with another type of results, for example float32 gradients of bfloat16 factors.
    public Product into(Element type) {
        return new Product(batch, m, n, k, a, b, out, element, type, epilogue, tf32);
    }

    /// This with float32 factors rounded to TF32.
    public Product withTf32() {
        return new Product(batch, m, n, k, a, b, out, element, outElement, epilogue, true);
    }
}
