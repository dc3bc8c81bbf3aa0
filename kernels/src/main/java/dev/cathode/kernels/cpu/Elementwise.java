package dev.cathode.kernels.cpu;

/// Functions of single numbers and pairs of numbers, float32. The output may be an input's memory.
public interface Elementwise {
    /// A function of two numbers.
    enum Binary {
        /// a + b
        ADD,
        /// a - b
        SUBTRACT,
        /// a · b
        MULTIPLY,
        /// a / b
        DIVIDE
    }

    /// `y[i] = activation(x[i])`.
    void activate(Activation activation, long x, long y, long count, Workers workers);

    /// `y[i] = scale · x[i] + shift`.
    void affine(float scale, float shift, long x, long y, long count, Workers workers);

    /// `y[i] = a[i] ∘ b[i]`.
    void binary(Binary operation, long a, long b, long y, long count, Workers workers);

    /// `y[o][m][i] = a[o][m][i] ∘ b[o][i]`: b is broadcast over the middle axis. With `outer` 1, b is one vector for
    /// all rows; with `inner` 1, one number per outer row.
    void broadcast(Binary operation, long a, long b, long y, int outer, int middle, int inner, Workers workers);

    /// GEGLU of each row: `y[r][i] = x[r][i] · gelu(x[r][columns + i])`, x has 2·columns numbers a row.
    void geglu(long x, long y, int rows, int columns, Workers workers);

    /// Numbers of a stored type to float32.
    void widen(WeightStorage from, long x, long y, long count, Workers workers);

    /// float32 to a stored type, rounded to nearest even.
    void narrow(WeightStorage to, long x, long y, long count, Workers workers);

    /// The sum over all of `w[i] · f(x[i], target[i])`, in float64, in an order that does not depend on the threads.
    /// Address `weights` 0 means 1 everywhere.
    double sum(Loss loss, long x, long target, long weights, long count, Workers workers);

    /// A loss per element.
    enum Loss {
        /// (x - target)²
        SQUARED_ERROR,
        /// max(x, 0) - x · target + log(1 + exp(-|x|))
        BINARY_CROSS_ENTROPY_WITH_LOGITS,
        /// x (the target is not read)
        IDENTITY
    }
}
