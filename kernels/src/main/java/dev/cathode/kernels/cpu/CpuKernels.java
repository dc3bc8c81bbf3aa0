package dev.cathode.kernels.cpu;

import dev.cathode.kernels.cpu.vector.VectorKernels;
import dev.cathode.kernels.cpu.x86.X86Kernels;

/// The door to the CPU kernels: one implementation per way of writing them.
public interface CpuKernels {
    /// The fastest kernels for this machine: products and attention in machine code where the processor has AVX-512 or
    /// AVX2 and the system lets us run code, else all on the Vector API. The system property `cathode.cpu` (`vector`,
    /// `avx2`, `avx512`) overrides.
    static CpuKernels fastest() {
        return X86Kernels.open();
    }

    /// The kernels on the Vector API.
    static CpuKernels vector() {
        return new VectorKernels();
    }

    /// Which kernels these are, for people: "Vector API, 512 bit".
    String description();

    /// Why these and not others, for people: "-Dcathode.cpu=vector".
    String reason();

    /// Floats in one vector register.
    int lanes();

    /// Floating-point operations per second that this machine reaches with nothing but fused multiply-adds in
    /// registers, measured now (a fraction of a second) on the pool.
    double peakRate(Workers workers);

    /// The same with products of bfloat16 numbers, where the processor has an instruction for them; where it has none,
    /// [#peakRate].
    double mixedPeakRate(Workers workers);

    /// How [#mixedConvolution] multiplies here, for people: "bfloat16 dot products in machine code".
    String mixedDescription();

    /// Prepares a convolution or linear layer.
    ///
    /// @param algorithm a wish; [ConvolutionAlgorithm#AUTO] lets the planner choose, and a Winograd wish that does not
    ///         fit the shape (3×3, stride 1, at least [#lanes()] input channels) becomes the direct algorithm
    Convolution convolution(ConvolutionShape shape, Epilogue epilogue, ConvolutionAlgorithm algorithm,
                            WeightStorage storage);

    /// Prepares a convolution or linear layer in mixed precision: numbers of 16 bits where they can be, sums in
    /// float32.
    ///
    /// The direct algorithm rounds both operands to bfloat16, to nearest even (numbers below 2^-126 may become
    /// zeros). Winograd's multiplies in float32 and keeps transformed weights as half precision. Relative to the root
    /// mean square of a result both are off by about 2e-3. Input, biases, residual and output are float32.
    ///
    /// @param algorithm a wish, as for [#convolution]
    Convolution mixedConvolution(ConvolutionShape shape, Epilogue epilogue, ConvolutionAlgorithm algorithm);

    /// Prepares the gradient with respect to the weights of a convolution or linear layer.
    ///
    /// @throws IllegalArgumentException if the shape resizes its input
    FilterGradient filterGradient(ConvolutionShape shape);

    /// Prepares the same in mixed precision: what is multiplied is rounded to bfloat16, to nearest even (numbers below
    /// 2^-126 may become zeros), where the processor has an instruction for such products and lines have an even number
    /// of pixels; sums in float32. Elsewhere, the same as [#filterGradient].
    ///
    /// @throws IllegalArgumentException if the shape resizes its input
    FilterGradient mixedFilterGradient(ConvolutionShape shape);

    /// Prepares an attention.
    Attention attention(Attention.Shape shape);

    /// Prepares an attention in mixed precision: queries, keys, values and the softmax's weights rounded to bfloat16,
    /// to nearest even (numbers below 2^-126 may become zeros), where the processor has an instruction for their
    /// products; scores, sums and the softmax in float32. Where it has none, the same as [#attention]. What goes in and
    /// comes out is float32.
    Attention mixedAttention(Attention.Shape shape);

    /// Prepares the gradient of an attention.
    AttentionGradient attentionGradient(Attention.Shape shape);

    /// Group, layer and batch normalisation, softmax.
    Normalization normalization();

    /// Gradients of normalisations, and batch normalisation by the batch's own statistics.
    NormalizationGradient normalizationGradient();

    /// Activations, sums and products, conversions, losses.
    Elementwise elementwise();

    /// Copies, permutations, pooling, resizing, embedding.
    Rearrangement rearrangement();

    /// Gradients of activations and losses, sums.
    ElementwiseGradient elementwiseGradient();

    /// Gradients of pooling, resizing, embedding.
    RearrangementGradient rearrangementGradient();

    /// Optimizer steps, moving averages, gradient norms.
    Optimization optimization();
}
