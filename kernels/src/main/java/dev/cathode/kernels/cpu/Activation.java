package dev.cathode.kernels.cpu;

/// An elementwise function that a kernel can apply to its result.
public enum Activation {
    /// x
    NONE,
    /// max(x, 0)
    RELU,
    /// x · sigmoid(x)
    SILU,
    /// x · Φ(x), with the exact error function
    GELU,
    /// GELU's approximation by tanh
    GELU_TANH,
    /// x · sigmoid(1.702 x), as in OpenAI's CLIP
    QUICK_GELU,
    /// 1 / (1 + exp(-x))
    SIGMOID,
    /// tanh(x)
    TANH,
    /// log(1 + exp(x))
    SOFTPLUS,
    /// exp(x)
    EXP
}
