package dev.cathode.kernels.cpu;

/// Scaled dot-product attention prepared for one shape: `softmax(q kᵀ · scale + mask) v`, without ever holding the
/// whole score matrix.
public interface Attention {
    /// The geometry this was prepared for.
    Shape shape();

    /// Bytes of scratch memory that [#run] needs on a pool of so many threads.
    long workspaceBytes(int threads);

    /// Computes; the result may not overlap an input.
    void run(Arguments arguments, Workers workers);

    /// The geometry.
    ///
    /// @param batch samples
    /// @param heads heads; head h uses channels h·headSize to (h+1)·headSize - 1 of every row
    /// @param queries rows of q and of the output
    /// @param keys rows of k and v
    /// @param headSize channels of one head
    /// @param causal query i sees keys 0 to i only
    /// @param masked keys are masked per sample by an additive vector
    /// @param scale factor on the scores, usually 1/√headSize
    record Shape(int batch, int heads, int queries, int keys, int headSize, boolean causal, boolean masked,
                 float scale) {
        /// Floating-point operations, a multiply and an add counted as two.
        public double flops() {
            return 4.0 * batch * heads * queries * keys * headSize;
        }
    }

    /// The addresses of one call. Row strides are elements from one position to the next, at least heads · headSize;
    /// samples follow each other without a gap (queries or keys · stride elements).
    ///
    /// @param q `[batch, queries, heads·headSize]`
    /// @param qStride row stride of q
    /// @param k `[batch, keys, heads·headSize]`
    /// @param kStride row stride of k
    /// @param v `[batch, keys, heads·headSize]`
    /// @param vStride row stride of v
    /// @param mask `[batch, keys]` added to the scores (0 or a large negative number), or 0 if not masked
    /// @param output `[batch, queries, heads·headSize]`
    /// @param outputStride row stride of the output
    /// @param workspace scratch memory, aligned to 64
    record Arguments(long q, int qStride, long k, int kStride, long v, int vStride, long mask, long output,
                     int outputStride, long workspace) { }
}
