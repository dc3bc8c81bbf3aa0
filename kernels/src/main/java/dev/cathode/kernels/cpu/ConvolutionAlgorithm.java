package dev.cathode.kernels.cpu;

/// How a convolution is computed.
public enum ConvolutionAlgorithm {
    /// The planner's choice for the shape, by time and memory.
    AUTO,
    /// The planner's choice for the shape, by time alone.
    FASTEST,
    /// Implicit GEMM: rounds like a plain sum of products.
    DIRECT,
    /// Winograd F(2×2, 3×3): 2.25 times fewer multiplications.
    WINOGRAD_2,
    /// Winograd F(4×4, 3×3): 4 times fewer multiplications, rounds about ten times more coarsely, and its
    /// transformed weights take 4 times the memory.
    WINOGRAD_4
}
