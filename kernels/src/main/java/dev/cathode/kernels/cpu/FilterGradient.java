package dev.cathode.kernels.cpu;

/// The gradient of a convolution or linear layer with respect to its weights, prepared for one shape:
/// `dw[o][kh][kw][i] = Σ dy[n][y][x][o] · input[n][y·s + kh - p][x·s + kw - p][i]`, zeros outside the image. (The
/// gradient with respect to the input is itself a convolution: of `dy` with the flipped filter.)
public interface FilterGradient {
    /// The geometry of the convolution; without a resize before it.
    ConvolutionShape shape();

    /// Bytes of scratch memory that [#run] needs on a pool of so many threads.
    long workspaceBytes(int threads);

    /// Computes; the order of the sums does not depend on the number of threads.
    void run(Arguments arguments, Workers workers);

    /// The addresses of one call. Strides are elements from one pixel (or row) to the next.
    ///
    /// @param input `[N, H, W, inChannels]`
    /// @param inputStride elements from pixel to pixel of the input
    /// @param outputGradient `[N, OH, OW, outChannels]`
    /// @param outputGradientStride elements from pixel to pixel of it
    /// @param filterGradient the result, `[outChannels, kernelHeight, kernelWidth, inChannels]`, contiguous
    /// @param workspace scratch memory, aligned to 64
    record Arguments(long input, int inputStride, long outputGradient, int outputGradientStride, long filterGradient,
                     long workspace) { }
}
