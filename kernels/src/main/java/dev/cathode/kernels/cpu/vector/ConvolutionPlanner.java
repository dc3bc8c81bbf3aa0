package dev.cathode.kernels.cpu.vector;

import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.WeightStorage;

/// Chooses the algorithm of a convolution.
///
/// F(4×4) multiplies least, but its weights take 36 numbers for each 9 and must come from memory at every call. On an
/// image of 32×32 or more that is soon paid back. On 16×16 (two images) it still gains a sixth of the time over F(2×2),
/// for 236 MB against 105 MB a layer of 1280 channels; on 8×8 it loses. So small images take F(2×2): a U-Net's weights
/// shrink by a third for two hundredths of its time.
final class ConvolutionPlanner {
    /// Output pixels of an image from which F(4×4) is worth its memory.
    private static final int LARGE_IMAGE = 24 * 24;
    /// Input channels from which a transform is worth its time.
    private static final int FEW_CHANNELS = 16;

    private ConvolutionPlanner() { }

    static Convolution prepare(ConvolutionShape shape, Epilogue epilogue, ConvolutionAlgorithm wish,
                               WeightStorage storage) {
        return switch (wish) {
            case DIRECT -> new ImplicitGemm(shape, epilogue, storage);
            case WINOGRAD_2 -> Winograd.fits(shape) ? new Winograd(shape, epilogue, storage, 2)
                    : new ImplicitGemm(shape, epilogue, storage);
            case WINOGRAD_4 -> Winograd.fits(shape) ? new Winograd(shape, epilogue, storage, 4)
                    : new ImplicitGemm(shape, epilogue, storage);
            case AUTO -> prepare(shape, epilogue, chosen(shape), storage);
        };
    }

    private static ConvolutionAlgorithm chosen(ConvolutionShape shape) {
        if (shape.inChannels() < FEW_CHANNELS) {
            return ConvolutionAlgorithm.DIRECT;
        }
        return shape.outHeight() * shape.outWidth() >= LARGE_IMAGE ? ConvolutionAlgorithm.WINOGRAD_4
                : ConvolutionAlgorithm.WINOGRAD_2;
    }
}
