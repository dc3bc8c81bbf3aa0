package dev.cathode.kernels.cpu;

/// A convolution filter `[outChannels, kernelHeight, kernelWidth, inChannels]` wherever it lies: the strides, in
/// elements, let a kernel pack it from a checkpoint's own layout without a copy between.
///
/// @param address where element (0, 0, 0, 0) lies
/// @param storage the type of the elements
/// @param outStride elements from one output channel to the next
/// @param rowStride elements from one filter row to the next
/// @param columnStride elements from one filter column to the next
/// @param inStride elements from one input channel to the next
public record WeightView(long address, WeightStorage storage, long outStride, long rowStride, long columnStride,
                         long inStride) {
    /// PyTorch's layout of a convolution filter, `[O, I, KH, KW]`, or of a linear weight, `[O, I]` (kernel 1×1).
    public static WeightView torch(long address, WeightStorage storage, int inChannels, int kernelHeight,
                                   int kernelWidth) {
        long taps = (long) kernelHeight * kernelWidth;
        return new WeightView(address, storage, inChannels * taps, kernelWidth, 1, taps);
    }
}
