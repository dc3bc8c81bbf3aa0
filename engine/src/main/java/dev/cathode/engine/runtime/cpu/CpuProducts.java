package dev.cathode.engine.runtime.cpu;

import dev.cathode.engine.graph.GradientOp;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.ShapeInference;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.cpu.CpuKernel.Addresses;
import dev.cathode.engine.runtime.cpu.CpuWeights.Direction;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.Convolution.InPassing;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Elementwise.Binary;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.FilterGradient;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.Workers;
import dev.cathode.weights.DType;
import java.util.Locale;
import java.util.Optional;

/// Linear layers and convolutions, forward and backward.
///
/// A frozen weight is packed once, when the executable is made. A variable is another one at each run, so it is packed
/// into scratch memory in front of the product, or block by block in passing if its product has few rows. The gradient
/// with respect to the input is the same kernel with the filter flipped and its two kinds of channels exchanged.
final class CpuProducts {
    /// Below so many rows per run, transforming a filter for Winograd costs more than its product saves: the filter is
    /// written up to four times its size and read again, which takes as long as the direct product of about so many
    /// rows.
    private static final int WORTH_TRANSFORMING = 2048;

    /// With fewer channels than this on either side (a network's first and last layers), there is little to gain from
    /// rounding operands, and much to lose.
    private static final int FEW_CHANNELS = 12;

    private final CpuKernels kernels;
    private final Workers workers;
    private final CpuWeights weights;
    private final ConvolutionAlgorithm algorithm;
    private final boolean mixed;

    CpuProducts(CpuKernels kernels, Workers workers, CpuWeights weights, CpuOptions options) {
        this.kernels = kernels;
        this.workers = workers;
        this.weights = weights;
        algorithm = options.convolutions();
        mixed = options.mixed();
    }

    CpuKernel forward(Value y, Epilogue epilogue) {
        Value weight = y.input(1);
        Weights packed = new Weights(weight, choose(y, weight, epilogue), Direction.FORWARD);
        return packed.kernel(0, a -> {
            int next = 2;
            long bias = epilogue.bias() ? a.of(y.input(next++)) : 0;
            long sampleBias = epilogue.sampleBias() ? a.of(y.input(next++)) : 0;
            Value residual = epilogue.residual() ? y.input(next) : null;
            var arguments = new Convolution.Arguments(a.of(y.input(0)), a.stride(y.input(0)), packed.address(a), bias,
                    sampleBias, residual == null ? 0 : a.of(residual), residual == null ? 0 : a.stride(residual),
                    a.of(y), a.stride(y), packed.workspace(a));
            return packed.run(a, arguments);
        });
    }

    CpuKernel inputGradient(Value dx) {
        Value dy = dx.input(0);
        Value weight = dx.input(1);
        Weights packed = new Weights(weight, choose(dx, weight, Epilogue.NONE), Direction.BACKWARD);
        boolean spread = dx.op() instanceof GradientOp.Conv2dInput(Op.Geometry g, int _, int _)
                && (g.strideHeight() > 1 || g.strideWidth() > 1);
        ConvolutionShape shape = packed.convolution.shape();
        long spreadBytes = spread ? align(4L * shape.batch() * shape.height() * shape.width() * shape.inChannels()) : 0;
        return packed.kernel(spreadBytes, a -> {
            long from = a.of(dy);
            long wide = packed.workspace(a) + align(packed.workspaceBytes());
            var arguments = new Convolution.Arguments(spread ? wide : from, spread ? shape.inChannels() : a.stride(dy),
                    packed.address(a), 0, 0, 0, 0, a.of(dx), a.stride(dx), packed.workspace(a));
            Runnable product = packed.run(a, arguments);
            return spread ? spread(dx, dy, shape, from, wide, product) : product;
        });
    }

    private Runnable spread(Value dx, Value dy, ConvolutionShape shape, long from, long to, Runnable product) {
        Op.Geometry g = ((GradientOp.Conv2dInput) dx.op()).geometry();
        return () -> {
            kernels.rearrangementGradient().dilate(from, to, shape.batch(), dy.shape().dim(1), dy.shape().dim(2),
                    g.strideHeight(), g.strideWidth(), shape.inChannels(), shape.height(), shape.width(), workers);
            product.run();
        };
    }

    CpuKernel weightGradient(Value dw) {
        Value x = dw.input(0);
        Value dy = dw.input(1);
        boolean rounded = isRounded(x) && isRounded(dy);
        ConvolutionShape shape = ShapeInference.convolutionShape(dw);
        FilterGradient gradient = rounded ? kernels.mixedFilterGradient(shape) : kernels.filterGradient(shape);
        return new CpuKernel("filter gradient" + (rounded ? " bfloat16" : ""), gradient.shape().flops(), rounded,
                gradient.workspaceBytes(workers.threads()), 0, a -> {
            var arguments = new FilterGradient.Arguments(a.of(x), a.stride(x), a.of(dy), a.stride(dy), a.of(dw),
                    a.workspace());
            return () -> gradient.run(arguments, workers);
        });
    }

    /// Whether all numbers of a value are bfloat16 numbers, so that rounding them again is no error.
    private static boolean isRounded(Value value) {
        return switch (value.op()) {
            case Op.Reshape _ -> isRounded(value.input(0));
            case Op.Cast(DType _) -> value.input(0).dtype() == DType.BF16;
            default -> false;
        };
    }

    /// How to compute a product.
    ///
    /// @param numbers what is multiplied or, with "f16" and "bf16", what the weights are in memory; for people
    /// @param mixed whether bfloat16 numbers are multiplied
    private record Choice(Convolution convolution, String numbers, boolean mixed) {
        static Choice stored(Convolution convolution, WeightStorage storage) {
            return new Choice(convolution, storage.name().toLowerCase(Locale.ROOT), false);
        }

        /// In mixed precision.
        static Choice mixed(Convolution convolution) {
            return convolution.algorithm() == ConvolutionAlgorithm.DIRECT ? new Choice(convolution, "bfloat16", true)
                    : stored(convolution, WeightStorage.F16);
        }
    }

    private Choice choose(Value y, Value weight, Epilogue epilogue) {
        ConvolutionShape shape = ShapeInference.convolutionShape(y);
        boolean direct = weights.isVariable(weight) && algorithm == ConvolutionAlgorithm.AUTO
                && shape.rows() < WORTH_TRANSFORMING;
        ConvolutionAlgorithm wanted = direct ? ConvolutionAlgorithm.DIRECT : algorithm;
        if (weight.dtype() == DType.BF16) {
            // Direct products of rounded numbers are exact; Winograd's would be rounded to 16 bits a second time.
            Choice rounded = Choice.mixed(kernels.mixedConvolution(shape, epilogue, wanted));
            return rounded.convolution.algorithm() == ConvolutionAlgorithm.DIRECT ? rounded
                    : stored(shape, epilogue, wanted, WeightStorage.F32);
        }
        if (mixed) {
            boolean few = Math.min(shape.inChannels(), shape.outChannels()) < FEW_CHANNELS;
            return few || isStream(y.input(0)) ? stored(shape, epilogue, wanted, WeightStorage.F16)
                    : Choice.mixed(kernels.mixedConvolution(shape, epilogue, wanted));
        }
        WeightStorage storage = weights.storage(weight);
        Choice choice = stored(shape, epilogue, wanted, storage);
        // Weights as stored are exact, transformed ones would be rounded to 16 bits a second time.
        return choice.convolution.algorithm() != ConvolutionAlgorithm.DIRECT && storage != WeightStorage.F32
                && !weights.mayRound() ? stored(shape, epilogue, wanted, WeightStorage.F32) : choice;
    }

    private Choice stored(ConvolutionShape shape, Epilogue epilogue, ConvolutionAlgorithm wanted,
            WeightStorage storage) {
        return Choice.stored(kernels.convolution(shape, epilogue, wanted, storage), storage);
    }

    /// Whether a value is what residual blocks add to, and not the normalised or activated copy that works inside of
    /// one. A product that reads it (a shortcut, a change of size) hands its errors on to everything that follows, so
    /// in mixed precision its operand stays float32, and its weights are of half precision. These are few layers: in
    /// Stable Diffusion's U-Net an eighth of the work, and half of the error if they were rounded.
    private static boolean isStream(Value x) {
        return switch (x.op()) {
            case Op.Reshape _, Op.Permute _, Op.ResizeNearest _ -> isStream(x.input(0));
            case Op.Input _, Op.Concat _ -> true;
            case Op.Pairwise(Binary operation) -> operation == Binary.ADD;
            case Op.Linear(Epilogue epilogue) -> isSum(epilogue);
            case Op.Conv2d(Op.Geometry _, Epilogue epilogue) -> isSum(epilogue);
            default -> false;
        };
    }

    private static boolean isSum(Epilogue epilogue) {
        return !epilogue.gated() && epilogue.activation() == Activation.NONE;
    }

    /// The packed weights of one product. Scratch memory: the packed variable, the variable rounded if it must be
    /// before it is packed, then the kernel's own, then whatever else.
    private final class Weights {
        private final Value weight;
        private final Convolution convolution;
        private final String numbers;
        private final boolean mixed;
        private final Direction direction;
        private final boolean variable;
        /// How to multiply without packing all of a variable before, if that is faster.
        private final Optional<InPassing> inPassing;

        Weights(Value weight, Choice choice, Direction direction) {
            this.weight = weight;
            convolution = choice.convolution;
            numbers = choice.numbers;
            mixed = choice.mixed;
            this.direction = direction;
            variable = weights.isVariable(weight);
            inPassing = variable && roundedBytes() == 0 ? convolution.inPassing() : Optional.empty();
        }

        CpuKernel kernel(long more, CpuKernel.Binder binder) {
            String fresh = inPassing.isPresent() ? " packed in passing" : " packed anew";
            String description = convolution.algorithm().name().toLowerCase(Locale.ROOT) + ' '
                    + numbers + (variable ? fresh : "");
            long scratch = packedScratch() + align(workspaceBytes()) + more;
            return new CpuKernel(description, convolution.shape().flops(), mixed, scratch,
                    variable ? 0 : weights.missingBytes(weight, convolution, direction), binder);
        }

        private long packedScratch() {
            return variable && inPassing.isEmpty() ? align(convolution.packedBytes()) + align(roundedBytes()) : 0;
        }

        long workspaceBytes() {
            return inPassing.map(p -> p.workspaceBytes(workers.threads()))
                    .orElseGet(() -> convolution.workspaceBytes(workers.threads()));
        }

        private long roundedBytes() {
            return CpuWeights.isRounded(weight, convolution) ? weight.bytes() : 0;
        }

        long address(Addresses a) {
            return variable ? a.workspace() : weights.packed(weight, convolution, direction);
        }

        long workspace(Addresses a) {
            return a.workspace() + packedScratch();
        }

        Runnable run(Addresses a, Convolution.Arguments arguments) {
            if (!variable) {
                return () -> convolution.run(arguments, workers);
            }
            long packed = a.workspace();
            long numbers = weights.variableAddress(weight);
            if (inPassing.isPresent()) {
                InPassing product = inPassing.get();
                return () -> product.run(CpuWeights.view(weight, numbers, WeightStorage.F32, direction), arguments,
                        workers);
            }
            if (roundedBytes() == 0) {
                return () -> {
                    convolution.pack(CpuWeights.view(weight, numbers, WeightStorage.F32, direction), packed, workers);
                    convolution.run(arguments, workers);
                };
            }
            long rounded = packed + align(convolution.packedBytes());
            return () -> {
                kernels.elementwise().narrow(WeightStorage.BF16, numbers, rounded, weight.shape().count(), workers);
                convolution.pack(CpuWeights.view(weight, rounded, WeightStorage.BF16, direction), packed, workers);
                convolution.run(arguments, workers);
            };
        }
    }

    private static long align(long bytes) {
        return (bytes + 63) / 64 * 64;
    }
}
