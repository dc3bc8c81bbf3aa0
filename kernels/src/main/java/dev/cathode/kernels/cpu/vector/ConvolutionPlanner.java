package dev.cathode.kernels.cpu.vector;

import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.WeightStorage;

/// Chooses the algorithm of a convolution by a small model of its time: products at the rate of the micro-kernel,
/// plus packed weights and transformed planes at the rate of the memory they come from.
///
/// The rates are those of two cores of one server processor; only their ratios matter. Against measurements of Stable
/// Diffusion's shapes (3×3 at 64² to 8², batch 2, and the decoder's) the model puts the algorithms in the right order:
/// large filters on few pixels (1280 channels at 8×8) are multiplied faster than they are read, and few output channels
/// gain nothing from a transform.
///
/// Memory counts too: F(4×4) keeps 36 numbers for each 9 weights. On an image of 32×32 or more that is soon paid back.
/// On 16×16 (two images) it gains a sixth of the time over F(2×2), for 236 MB against 105 MB a layer of 1280 channels.
/// So small images take F(2×2): a U-Net's weights shrink by a third for two hundredths of its time.
final class ConvolutionPlanner {
    private static final double FLOPS = 420e9;
    /// How much faster products of bfloat16 numbers are than those of floats.
    private static final double DOT_SPEED = 2;
    private static final double CACHE_BYTES = 90e9;
    private static final double MEMORY_BYTES = 30e9;
    private static final double TRANSFORM_BYTES = 40e9;
    /// Packed weights larger than this come from memory.
    private static final double CACHE = 16e6;

    /// Output pixels of an image from which F(4×4) is worth its memory.
    private static final int LARGE_IMAGE = 24 * 24;

    private ConvolutionPlanner() { }

    /// Prepares by the wished algorithm, or by the fastest; `products` are its inner loops.
    static Convolution prepare(ConvolutionShape shape, Epilogue epilogue, ConvolutionAlgorithm wish,
                               WeightStorage storage, Products products) {
        var direct = new ImplicitGemm(shape, epilogue, storage, products);
        // eight bits of a transformed filter are too few for F(4×4)
        return choose(wish, direct, seconds(direct.productFlops(), direct.packedBytes(), 0),
                storage == WeightStorage.BF16 ? 2 : 4, epilogue, storage, products);
    }

    /// The same in mixed precision: direct in bfloat16, or Winograd in float32 with transformed filters in half
    /// precision.
    static Convolution prepareMixed(ConvolutionShape shape, Epilogue epilogue, ConvolutionAlgorithm wish,
                                    Products products) {
        var direct = new RoundedGemm(shape, epilogue, products);
        boolean dot = products.rounded().bytes() == WeightStorage.BF16.bytes();
        return choose(wish, direct, seconds(direct.productFlops() / (dot ? DOT_SPEED : 1), direct.packedBytes(), 0), 4,
                epilogue, WeightStorage.F16, products);
    }

    /// @param largest side of Winograd's patches that may be considered
    private static Convolution choose(ConvolutionAlgorithm wish, Convolution direct, double directSeconds, int largest,
                                      Epilogue epilogue, WeightStorage storage, Products products) {
        ConvolutionShape shape = direct.shape();
        if (!Winograd.fits(shape)) {
            return direct;
        }
        return switch (wish) {
            case DIRECT -> direct;
            case WINOGRAD_2 -> new Winograd(shape, epilogue, storage, 2, products);
            case WINOGRAD_4 -> new Winograd(shape, epilogue, storage, 4, products);
            case AUTO, FASTEST -> {
                boolean large = wish == ConvolutionAlgorithm.FASTEST
                        || shape.outHeight() * shape.outWidth() >= LARGE_IMAGE;
                double best = directSeconds;
                Convolution fastest = direct;
                for (int side = 2; side <= (large ? largest : 2); side += 2) {
                    var winograd = new Winograd(shape, epilogue, storage, side, products);
                    double seconds = seconds(winograd.productFlops(), winograd.packedBytes(),
                            winograd.transformedBytes());
                    if (seconds < 0.9 * best) { // what is close goes to what rounds less and packs smaller
                        best = seconds;
                        fastest = winograd;
                    }
                }
                yield fastest;
            }
        };
    }

    private static double seconds(double flops, double weights, double transformed) {
        return flops / FLOPS + weights / (weights > CACHE ? MEMORY_BYTES : CACHE_BYTES)
                + transformed / TRANSFORM_BYTES;
    }
}
