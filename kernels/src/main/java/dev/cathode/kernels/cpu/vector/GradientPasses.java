package dev.cathode.kernels.cpu.vector;

import dev.cathode.kernels.cpu.Activation;

/// What [Passes] are for networks, for their gradients: the inner loops beside products, on the thread that calls.
/// Lengths need not be those of whole vectors.
///
/// All implementations compute a number by the same operations in the same order, so they give the same bytes; where
/// that is NaN, some NaN.
public interface GradientPasses {
    /// Those on the Vector API.
    static GradientPasses vector() {
        return new VectorGradientPasses();
    }

    /// `dx = dy · activation'(x)`. The derivative of ReLU at 0 is 0.
    ///
    /// @param dx may be x or dy
    void chain(Activation activation, long x, long dy, long dx, int count);

    /// Gradients of `x · gelu(gate)`.
    ///
    /// @param dx `dy · gelu(gate)`; may be x
    /// @param dGate `dy · x · gelu'(gate)`; may be the gate
    void gate(long x, long gate, long dy, long dx, long dGate, int count);

    /// Sums over pixels, with `g = dy · activation'(z)`, `z = (x - center) · scale + shift`: adds that of g to
    /// `sums[0][c]`, that of `g · (x - center)` to `sums[1][c]`.
    ///
    /// @param x `[rows][channels]`, likewise dy
    /// @param factors center, scale and shift of each channel: `[5][channels]`
    /// @param sums `[2][channels]`
    void channelSums(Activation activation, long x, long dy, int rows, int channels, long factors, long sums);

    /// `dx = g · scale + (x - center) · slope + constant`, g as above.
    ///
    /// @param factors center, scale, shift, slope and constant of each channel: `[5][channels]`
    /// @param dx may be x or dy
    void channelGradient(Activation activation, long x, long dy, int rows, int channels, long factors, long dx);

    /// The sum of a row's differences from its center, and that of their squares, added like [Passes#rowSums]. Rows lie
    /// one behind the other, here and below.
    ///
    /// @param factors the center, the first of five floats of each row
    /// @param totals in float64, `[rows][2]`, here and below
    void rowMoments(long x, int rows, int count, long factors, long totals);

    /// The sum of `dy · weight`, and that of `dy · weight · (x - center)`. Adds dy to `sums[0][c]`, and
    /// `dy · ((x - center) · inverse + shift)` to `sums[1][c]`.
    ///
    /// @param factors center, inverse, shift and two others: `[rows][5]`
    /// @param sums `[2][count]`
    void rowSums(long x, long dy, int rows, int count, long weight, long factors, long sums, long totals);

    /// `dx = dy · weight · inverse + (x - center) · slope + constant`.
    ///
    /// @param factors center, inverse, shift, slope and constant: `[rows][5]`
    /// @param dx may be x or dy
    void rowGradient(long x, long dy, int rows, int count, long weight, long factors, long dx);

    /// The sum of `y · (dy - shift)`, and the shift: dy where y is largest, 0 where no y is above 0.
    void softmaxSums(long y, long dy, int rows, int count, long totals);

    /// `dx[i][c] = y[i][c] · (dy[i][c] - factors[i][0] - factors[i][1])`.
    ///
    /// @param dx may be y or dy, here and below
    void softmax(long y, long dy, int rows, int count, long factors, long dx);

    /// `dx[i][c] = dy[i][c] + exp(y[i][c]) · factors[i]`.
    void logSoftmax(long y, long dy, int rows, int count, long factors, long dx);
}
