package dev.cathode.kernels.cpu;

/// The gradient of [Attention] with respect to queries, keys and values, prepared for one shape. The probabilities are
/// computed again, tile by tile; the whole score matrix is never held.
public interface AttentionGradient {
    /// The geometry this was prepared for.
    Attention.Shape shape();

    /// Bytes of scratch memory that [#run] needs on a pool of so many threads.
    long workspaceBytes(int threads);

    /// Computes; the order of the sums does not depend on the number of threads. Results overlap no operand.
    void run(Arguments arguments, Workers workers);

    /// The addresses of one call; row strides as in [Attention.Arguments].
    ///
    /// @param q `[batch, queries, heads·headSize]`
    /// @param qStride row stride of q
    /// @param k `[batch, keys, heads·headSize]`
    /// @param kStride row stride of k
    /// @param v `[batch, keys, heads·headSize]`
    /// @param vStride row stride of v
    /// @param mask `[batch, keys]` added to the scores, or 0 if not masked
    /// @param output the attention's result, `[batch, queries, heads·headSize]`
    /// @param outputStride row stride of the output
    /// @param outputGradient gradient of the loss with respect to the output
    /// @param outputGradientStride row stride of it
    /// @param qGradient result, contiguous, shape of q
    /// @param kGradient result, contiguous, shape of k
    /// @param vGradient result, contiguous, shape of v
    /// @param workspace scratch memory, aligned to 64
    record Arguments(long q, int qStride, long k, int kStride, long v, int vStride, long mask, long output,
                     int outputStride, long outputGradient, int outputGradientStride, long qGradient, long kGradient,
                     long vGradient, long workspace) { }
}
