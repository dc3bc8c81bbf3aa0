package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.compile.KernelNeeds;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.ShapeInference;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.cuda.CudaKernel.Addresses;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.Elementwise.Binary;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cuda.CudaElementwise;
import dev.cathode.kernels.cuda.CudaMachine.PreparedOperation;
import dev.cathode.kernels.cuda.CudaMachine.PreparedProduct;
import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.blas.Matmul;
import dev.cathode.kernels.cuda.blas.Product;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask.Axis;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask.Work;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Linear layers and convolutions, forward.
///
/// A library does the product and as much of the epilogue as it can: cuBLASLt, which linear layers and convolutions of
/// single pixels are for, a bias and, if nothing comes before it, the residual; cuDNN whatever it has an engine for,
/// and a bias at least. Our kernels do the rest.
final class CudaProducts {
    private final CudaPlans plans;
    private final boolean tf32;

    CudaProducts(CudaPlans plans, boolean tf32) {
        this.plans = plans;
        this.tf32 = tf32;
    }

    /// The kernels of a linear layer or a convolution.
    CudaKernel forward(Value y, Epilogue epilogue) {
        Scratch scratch = new Scratch();
        Core core = isPointwise(y) ? product(y, epilogue, scratch) : convolution(y, epilogue, scratch);
        Tail tail = new Tail(y, core.left(), scratch);
        String description = core.name() + tail.names();
        double flops = ShapeInference.convolutionShape(y).flops();
        return new CudaKernel(description, flops, new KernelNeeds(scratch.bytes(), 0, core.overwrites()),
                core.tableBytes(), a -> sequence(core.binder().bind(a, tail.start(a)), tail.bind(a)));
    }

    /// Whether a convolution is a product of pixels and weights.
    static boolean isPointwise(Value y) {
        return switch (y.op()) {
            case Op.Conv2d(Op.Geometry g, Epilogue _) -> isPointwise(g, y.input(1).shape());
            default -> true;
        };
    }

    static boolean isPointwise(Op.Geometry g, Shape weight) {
        return weight.dim(1) == 1 && weight.dim(2) == 1 && g.equals(Op.Geometry.of(1, 0));
    }

    /// What a library does.
    ///
    /// @param left what is left of the epilogue
    /// @param overwrites whether the result may lie where an operand was
    private record Core(String name, Epilogue left, long tableBytes, boolean overwrites, CoreBinder binder) { }

    /// Makes the library's call; `out` is where its result goes.
    @FunctionalInterface
    private interface CoreBinder {
        Runnable bind(Addresses a, long out);
    }

    private Core product(Value y, Epilogue e, Scratch scratch) {
        Value x = y.input(0);
        boolean residual = e.residual() && e.activation() == Activation.NONE && !e.gated() && !e.sampleBias();
        Shape w = y.input(1).shape();
        boolean stacked = y.op() instanceof Op.Linear && w.rank() == 3;
        Product product = stacked ? Product.linears(w.dim(0), x.shape().rows(), w.dim(2), w.dim(1), element(y))
                : Product.linear(x.shape().rows(), x.shape().last(), w.dim(0), element(y),
                        e.bias() ? Product.Epilogue.BIAS : Product.Epilogue.NONE);
        PreparedProduct prepared = plans.product(tf32 ? product.withTf32() : product);
        Aligned input = new Aligned(x, plans, scratch), weight = new Aligned(y.input(1), plans, scratch);
        long workspace = scratch.take(prepared.workspaceBytes());
        Epilogue left = new Epilogue(false, e.sampleBias(), e.activation(), e.gated(), e.residual() && !residual);
        return new Core((stacked ? w.dim(0) + " matmuls" : "matmul") + (e.bias() ? " + bias" : "") + (residual ? " + residual" : ""), left, 0, true,
                (a, out) -> {
            var where = new Matmul.Addresses(input.address(a), weight.address(a), e.bias() ? a.of(y.input(2)) : 0,
                    residual ? a.of(y.inputs().getLast()) : 0, out, a.workspace() + workspace);
            return sequence(input.prepare(a), weight.prepare(a), () -> prepared.run(where));
        });
    }

    private Core convolution(Value y, Epilogue e, Scratch scratch) {
        ConvolutionShape s = ShapeInference.convolutionShape(y);
        Fused fused = fused(task(s, element(y), tf32), e);
        PreparedOperation prepared = fused.prepared();
        Aligned input = new Aligned(y.input(0), plans, scratch), weight = new Aligned(y.input(1), plans, scratch);
        CudaResizing resizing = s.resizedHeight() == s.height() && s.resizedWidth() == s.width() ? null
                : CudaResizing.nearest(plans.kernels(y.dtype()).resample(), y.input(0).shape(), s.resizedHeight(),
                        s.resizedWidth());
        long resized = resizing == null ? 0 : scratch.take((long) s.batch() * s.resizedHeight() * s.resizedWidth()
                * s.inChannels() * y.dtype().bytes());
        long workspace = scratch.take(prepared.workspaceBytes());
        return new Core((resizing == null ? "" : "resize, ") + "convolution" + names(fused.epilogue()), fused.left(),
                resizing == null ? 0 : resizing.tableBytes(), !fused.epilogue().residual(), (a, out) -> {
            Runnable resize = resizing == null ? () -> { }
                    : resizing.bind(a, input.address(a), a.workspace() + resized);
            Map<Long, Long> tensors = new HashMap<>(Map.of(
                    ConvolutionTask.INPUT, resizing == null ? input.address(a) : a.workspace() + resized,
                    ConvolutionTask.WEIGHTS, weight.address(a), ConvolutionTask.OUTPUT, out));
            int next = 2;
            if (e.bias()) {
                tensors.put(ConvolutionTask.BIAS, a.of(y.input(next++)));
            }
            if (fused.epilogue().sampleBias()) {
                tensors.put(ConvolutionTask.SAMPLE_BIAS, a.of(y.input(next)));
            }
            if (fused.epilogue().residual()) {
                tensors.put(ConvolutionTask.RESIDUAL, a.of(y.inputs().getLast()));
            }
            long at = a.workspace() + workspace;
            return sequence(input.prepare(a), weight.prepare(a), resize, () -> prepared.run(tensors, at));
        });
    }

    /// A convolution with a part of an epilogue, and the rest.
    private record Fused(PreparedOperation prepared, ConvolutionTask.Epilogue epilogue, Epilogue left) { }

    /// As much of the epilogue as the machine does together with the convolution: all, all but the residual, or the
    /// bias.
    private Fused fused(ConvolutionTask task, Epilogue e) {
        boolean silu = e.activation() == Activation.SILU;
        List<ConvolutionTask.Epilogue> wanted = new ArrayList<>();
        if (!e.gated() && (silu || e.activation() == Activation.NONE)) {
            wanted.add(new ConvolutionTask.Epilogue(e.bias(), e.sampleBias(), silu, e.residual()));
            wanted.add(new ConvolutionTask.Epilogue(e.bias(), e.sampleBias(), silu, false));
        }
        wanted.add(e.bias() ? ConvolutionTask.Epilogue.BIAS : ConvolutionTask.Epilogue.NONE);
        for (ConvolutionTask.Epilogue part : wanted) {
            Optional<PreparedOperation> prepared = plans.convolution(task.with(part));
            if (prepared.isPresent()) {
                return new Fused(prepared.get(), part, new Epilogue(false, e.sampleBias() && !part.sampleBias(),
                        part.silu() ? Activation.NONE : e.activation(), e.gated(), e.residual() && !part.residual()));
            }
        }
        throw new IllegalStateException("the machine cannot do " + task);
    }

    /// A forward convolution of images that have been resized.
    static ConvolutionTask task(ConvolutionShape s, Element element, boolean tf32) {
        return new ConvolutionTask(Work.FORWARD, s.batch(), s.inChannels(), s.resizedHeight(), s.resizedWidth(),
                s.outChannels(), new Axis(s.kernelHeight(), s.strideHeight(), s.padTop(), s.padBottom()),
                new Axis(s.kernelWidth(), s.strideWidth(), s.padLeft(), s.padRight()), element,
                ConvolutionTask.Epilogue.NONE, tf32);
    }

    private static String names(ConvolutionTask.Epilogue e) {
        return (e.bias() ? " + bias" : "") + (e.sampleBias() ? " + sample bias" : "") + (e.silu() ? " + silu" : "")
                + (e.residual() ? " + residual" : "");
    }

    /// What our kernels do after the library's product. An activation works where the numbers are; a residual, which
    /// may lie where the result will be, is added on the way from scratch memory to there.
    private final class Tail {
        private final Value y;
        private final Epilogue left;
        private final CudaElementwise elementwise;
        private final boolean staged;
        private final long product;
        private final long gated;

        Tail(Value y, Epilogue left, Scratch scratch) {
            this.y = y;
            this.left = left;
            elementwise = plans.kernels(y.dtype()).elementwise();
            staged = left.gated() || left.residual();
            product = staged ? scratch.take(left.gated() ? 2 * y.bytes() : y.bytes()) : 0;
            gated = left.gated() && left.residual() ? scratch.take(y.bytes()) : 0;
        }

        String names() {
            return (left.sampleBias() ? ", sample bias" : "")
                    + (left.activation() == Activation.NONE ? "" : ", " + CudaLowering.lower(left.activation()))
                    + (left.gated() ? ", geglu" : "") + (left.residual() ? ", residual" : "");
        }

        /// Where the product goes.
        long start(Addresses a) {
            return staged ? a.workspace() + product : a.of(y);
        }

        Runnable bind(Addresses a) {
            List<Runnable> steps = new ArrayList<>();
            long out = a.of(y), count = y.shape().count();
            long at = start(a);
            if (left.sampleBias()) {
                // It stands before the residual, if there is one.
                Value bias = y.input(y.inputs().size() - (hasResidual() ? 2 : 1));
                long bytes = a.of(bias), sums = at;
                int samples = y.shape().dim(0), channels = (left.gated() ? 2 : 1) * y.shape().last();
                int pixels = y.shape().rows() / samples;
                steps.add(() -> elementwise.broadcast(Binary.ADD, sums, bytes, sums, samples, pixels, channels));
            }
            if (left.activation() != Activation.NONE) {
                long sums = at;
                steps.add(() -> elementwise.activate(left.activation(), sums, sums, count));
            }
            if (left.gated()) {
                long from = at, to = left.residual() ? a.workspace() + gated : out;
                steps.add(() -> elementwise.geglu(from, to, y.shape().rows(), y.shape().last()));
                at = to;
            }
            if (left.residual()) {
                long from = at, residual = a.of(y.inputs().getLast());
                steps.add(() -> elementwise.binary(Binary.ADD, from, residual, out, count));
            }
            return sequence(steps.toArray(Runnable[]::new));
        }

        private boolean hasResidual() {
            return switch (y.op()) {
                case Op.Linear(Epilogue e) -> e.residual();
                case Op.Conv2d(Op.Geometry _, Epilogue e) -> e.residual();
                default -> false;
            };
        }
    }

    private static Element element(Value y) {
        return CudaOptions.element(y.dtype());
    }

    /// One after the other.
    static Runnable sequence(Runnable... steps) {
        return () -> {
            for (Runnable step : steps) {
                step.run();
            }
        };
    }
}
