package dev.cathode.kernels.cpu;

/// Gradients of the operations of [Elementwise], and the sum that answers a broadcast. All float32; `dx` may be the
/// memory of `dy`. Sums are taken in an order that does not depend on the number of threads, with float64 or
/// compensated partial sums where many numbers meet.
public interface ElementwiseGradient {
    /// `dx[i] = dy[i] · activation'(x[i])`.
    void activate(Activation activation, long x, long dy, long dx, long count, Workers workers);

    /// Of GEGLU: x and dx have 2·columns numbers a row, dy has columns. Results overlap no operand.
    void geglu(long x, long dy, long dx, int rows, int columns, Workers workers);

    /// `y[o][i] = Σ_m x[o][m][i]`.
    void sumMiddle(long x, long y, int outer, int middle, int inner, Workers workers);

    /// `dx[i] = factor · weights[i / perWeight] · 2 (x[i] - target[i])`; address `weights` 0 means 1 everywhere.
    void squaredError(long x, long target, long weights, long perWeight, float factor, long dx, long count,
                      Workers workers);

    /// `dx[i] = factor · mask[i] · (sigmoid(x[i]) - target[i])`; address `mask` 0 means 1 everywhere.
    void binaryCrossEntropy(long x, long target, long mask, float factor, long dx, long count, Workers workers);

    /// `y[i] = value`.
    void fill(float value, long y, long count, Workers workers);
}
