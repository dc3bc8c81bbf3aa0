package dev.cathode.kernels.cpu;

import java.util.Optional;

/// A convolution or linear layer prepared for one shape.
///
/// Preparing is cheap. Weights are packed once, by any instance with the same [#packing()], and serve all of them.
public interface Convolution {
    /// The geometry this was prepared for.
    ConvolutionShape shape();

    /// The algorithm in use, never [ConvolutionAlgorithm#AUTO] or [ConvolutionAlgorithm#FASTEST].
    ConvolutionAlgorithm algorithm();

    /// Names the layout of the packed weights: instances that answer equal strings for one parameter can share its
    /// packed weights.
    String packing();

    /// Bytes of the packed weights.
    long packedBytes();

    /// Packs weights into `destination` ([#packedBytes()] bytes, aligned to 64), on all workers.
    void pack(WeightView weights, long destination, Workers workers);

    /// Bytes of scratch memory that [#run] needs on a pool of so many threads.
    long workspaceBytes(int threads);

    /// Computes. Strides are elements from one pixel (or row) to the next; at least the number of channels.
    ///
    /// @param arguments the addresses
    /// @param workers the pool
    void run(Arguments arguments, Workers workers);

    /// The same layer with weights that are packed in passing; empty if that would take longer than [#pack].
    default Optional<InPassing> inPassing() {
        return Optional.empty();
    }

    /// A layer whose weights change from call to call: each block of them is packed in the cache, just before it is
    /// multiplied, so that they go through memory once, not three times. The result has the same bytes.
    interface InPassing {
        /// Bytes of scratch memory that [#run] needs on a pool of so many threads.
        long workspaceBytes(int threads);

        /// Computes.
        ///
        /// @param weights where they lie
        /// @param arguments the addresses; that of packed weights does not count
        /// @param workers the pool
        void run(WeightView weights, Arguments arguments, Workers workers);
    }

    /// The addresses of one call.
    ///
    /// @param input `[N, H, W, inChannels]`
    /// @param inputStride elements from pixel to pixel of the input
    /// @param weights packed weights
    /// @param bias `[outChannels]`, or 0 if the epilogue has none
    /// @param sampleBias `[N, outChannels]`, or 0
    /// @param residual `[N, OH, OW, stored channels]`, or 0
    /// @param residualStride elements from pixel to pixel of the residual
    /// @param output `[N, OH, OW, stored channels]`
    /// @param outputStride elements from pixel to pixel of the output
    /// @param workspace scratch memory, aligned to 64
    record Arguments(long input, int inputStride, long weights, long bias, long sampleBias, long residual,
                     int residualStride, long output, int outputStride, long workspace) { }
}
