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
}
