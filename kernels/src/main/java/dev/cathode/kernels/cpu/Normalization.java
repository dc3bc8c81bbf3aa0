package dev.cathode.kernels.cpu;

/// Normalisations over float32. Statistics are computed in one or two passes with enough precision that the result
/// is as good as PyTorch's. Input and output may be the same memory.
public interface Normalization {
    /// Group normalisation over NHWC, then the activation.
    ///
    /// @param x `[batch, pixels, channels]`, pixel stride `xStride`
    /// @param weight `[channels]`
    /// @param bias `[channels]`
    /// @param y `[batch, pixels, channels]`, contiguous
    void groupNorm(long x, int xStride, long weight, long bias, long y, int batch, int pixels, int channels, int groups,
                   float epsilon, Activation activation, Workers workers);

    /// Layer normalisation of each row of `columns` numbers.
    void layerNorm(long x, long weight, long bias, long y, int rows, int columns, float epsilon, Workers workers);

    /// Batch normalisation by given statistics, then the activation: `(x - mean) / √(variance + ε) · weight + bias`.
    void batchNorm(long x, long mean, long variance, long weight, long bias, long y, int pixels, int channels,
                   float epsilon, Activation activation, Workers workers);

    /// Softmax of each row.
    void softmax(long x, long y, int rows, int columns, Workers workers);

    /// Logarithm of the softmax of each row.
    void logSoftmax(long x, long y, int rows, int columns, Workers workers);
}
