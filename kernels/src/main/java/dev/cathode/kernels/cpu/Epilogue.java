package dev.cathode.kernels.cpu;

/// What a convolution or linear layer does to its result before it stores it.
///
/// `out = activation(acc + bias[o] + sampleBias[n][o]) + residual`, or, if `gated`,
/// `out[o] = (acc[o] + bias[o]) · gelu(acc[O/2 + o] + bias[O/2 + o])` for the first half of the output channels
/// (GEGLU; exact GELU), plus the residual.
///
/// @param bias a vector over output channels is added
/// @param sampleBias a vector over output channels of its own for each image of the batch is added
/// @param activation applied to the sum
/// @param gated the two halves of the output channels are combined by GEGLU; `activation` must be NONE then
/// @param residual a tensor of the output's shape is added last; it may be the output's own memory
public record Epilogue(boolean bias, boolean sampleBias, Activation activation, boolean gated, boolean residual) {
    /// Nothing but the product.
    public static final Epilogue NONE = new Epilogue(false, false, Activation.NONE, false, false);
    /// The product and a bias.
    public static final Epilogue BIAS = new Epilogue(true, false, Activation.NONE, false, false);
}
