package dev.cathode.kernels.cpu;

/// The geometry of a convolution over NHWC images, or of a linear layer over rows.
///
/// The input is first resized to `resizedHeight × resizedWidth` by nearest neighbour (as `torch.nn.functional
/// .interpolate` does: source = floor(target · in / out)) if that differs from its own size; nothing is
/// materialised for it. Then padding with zeros, then the convolution.
///
/// @param batch images
/// @param height rows of the input as it lies in memory
/// @param width columns of the input as it lies in memory
/// @param inChannels channels of the input
/// @param outChannels channels of the result of the matrix product (twice those stored if the epilogue is gated)
/// @param kernelHeight filter rows
/// @param kernelWidth filter columns
/// @param strideHeight vertical step
/// @param strideWidth horizontal step
/// @param padTop zero rows above
/// @param padLeft zero columns to the left
/// @param padBottom zero rows below
/// @param padRight zero columns to the right
/// @param resizedHeight rows after the nearest-neighbour resize
/// @param resizedWidth columns after the nearest-neighbour resize
public record ConvolutionShape(int batch, int height, int width, int inChannels, int outChannels,
                               int kernelHeight, int kernelWidth, int strideHeight, int strideWidth,
                               int padTop, int padLeft, int padBottom, int padRight,
                               int resizedHeight, int resizedWidth) {
    /// A linear layer: `rows` rows of `inFeatures` to `outFeatures`.
    public static ConvolutionShape linear(int rows, int inFeatures, int outFeatures) {
        return new ConvolutionShape(1, 1, rows, inFeatures, outFeatures, 1, 1, 1, 1, 0, 0, 0, 0, 1, rows);
    }

    /// Whether output pixel i sees input pixel i and no other, as in a linear layer.
    public boolean pointwise() {
        return kernelHeight == 1 && kernelWidth == 1 && padTop == 0 && padLeft == 0 && padBottom == 0 && padRight == 0
                && resizedHeight == height && resizedWidth == width && outHeight() == height && outWidth() == width;
    }

    /// Rows of the output.
    public int outHeight() {
        return (resizedHeight + padTop + padBottom - kernelHeight) / strideHeight + 1;
    }

    /// Columns of the output.
    public int outWidth() {
        return (resizedWidth + padLeft + padRight - kernelWidth) / strideWidth + 1;
    }

    /// Rows of the matrix product: output pixels of all images.
    public int rows() {
        return batch * outHeight() * outWidth();
    }

    /// Floating-point operations of the direct algorithm, a multiply and an add counted as two.
    public double flops() {
        return 2.0 * rows() * outChannels * kernelHeight * kernelWidth * inChannels;
    }
}
