package dev.cathode.kernels.cpu;

/// Gradients of the operations of [Normalization], and batch normalisation by the batch's own statistics. All float32;
/// statistics and the sums over pixels are accumulated with enough precision that the results are as good as PyTorch's,
/// in an order that does not depend on the number of threads. `dx` may be the memory of `dy`.
public interface NormalizationGradient {
    /// Of group normalisation followed by the activation. Mean and deviation are computed again from x.
    ///
    /// @param x `[batch, pixels, channels]`, contiguous
    /// @param dy gradient of the activation's result, `[batch, pixels, channels]`
    /// @param dx result, `[batch, pixels, channels]`
    /// @param dWeight result, `[channels]`
    /// @param dBias result, `[channels]`
    /// @param workspace [#groupNormWorkspaceBytes] bytes
    void groupNorm(long x, long weight, long bias, long dy, long dx, long dWeight, long dBias, int batch, int pixels,
                   int channels, int groups, float epsilon, Activation activation, long workspace, Workers workers);

    /// Bytes of scratch memory that [#groupNorm] needs.
    long groupNormWorkspaceBytes(int batch, int pixels, int channels, int groups);

    /// Of layer normalisation of each row.
    ///
    /// @param workspace [#layerNormWorkspaceBytes] bytes
    void layerNorm(long x, long weight, long dy, long dx, long dWeight, long dBias, int rows, int columns,
                   float epsilon, long workspace, Workers workers);

    /// Bytes of scratch memory that [#layerNorm] needs.
    long layerNormWorkspaceBytes(int rows, int columns);

    /// Batch normalisation by the statistics of x itself, then the activation.
    ///
    /// @param mean result, the mean of each channel
    /// @param variance result, the variance of each channel, divided by pixels - 1 (what running statistics collect;
    ///         the normalisation itself divides by pixels)
    void batchNormTraining(long x, long weight, long bias, long y, long mean, long variance, int pixels, int channels,
                           float epsilon, Activation activation, Workers workers);

    /// Of [#batchNormTraining]; statistics are computed again from x.
    ///
    /// @param workspace [#batchNormWorkspaceBytes] bytes
    void batchNormTraining(long x, long weight, long bias, long dy, long dx, long dWeight, long dBias, int pixels,
                           int channels, float epsilon, Activation activation, long workspace, Workers workers);

    /// Of batch normalisation by given statistics, then the activation.
    ///
    /// @param workspace [#batchNormWorkspaceBytes] bytes
    void batchNorm(long x, long mean, long variance, long weight, long bias, long dy, long dx, long dWeight,
                   long dBias, int pixels, int channels, float epsilon, Activation activation, long workspace,
                   Workers workers);

    /// Bytes of scratch memory that the gradients of batch normalisation need.
    long batchNormWorkspaceBytes(int pixels, int channels);

    /// Of softmax, from its result y: `dx = y · (dy - Σ y·dy)` in each row.
    void softmax(long y, long dy, long dx, int rows, int columns, Workers workers);

    /// Of log-softmax, from its result y: `dx = dy - exp(y) · Σ dy` in each row.
    void logSoftmax(long y, long dy, long dx, int rows, int columns, Workers workers);
}
