package dev.cathode.kernels.cpu.vector;

import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.WeightStorage;

/// Chooses the algorithm of a convolution.
final class ConvolutionPlanner {
    private ConvolutionPlanner() { }

    static Convolution prepare(ConvolutionShape shape, Epilogue epilogue, ConvolutionAlgorithm wish,
                               WeightStorage storage) {
        return switch (wish) {
            case DIRECT -> new ImplicitGemm(shape, epilogue, storage);
            case WINOGRAD_2 -> Winograd.fits(shape) ? new Winograd(shape, epilogue, storage, 2)
                    : new ImplicitGemm(shape, epilogue, storage);
            case WINOGRAD_4 -> Winograd.fits(shape) ? new Winograd(shape, epilogue, storage, 4)
                    : new ImplicitGemm(shape, epilogue, storage);
            case AUTO -> prepare(shape, epilogue, ConvolutionAlgorithm.WINOGRAD_4, storage);
        };
    }
}
