package dev.cathode.engine.runtime.cpu;

import dev.cathode.engine.graph.Broadcast;
import dev.cathode.engine.graph.GradientOp;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Parts;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.StoredNumbers;
import dev.cathode.engine.runtime.cpu.CpuKernel.Addresses;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Elementwise;
import dev.cathode.kernels.cpu.Elementwise.Binary;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.Normalization;
import dev.cathode.kernels.cpu.Rearrangement;
import dev.cathode.kernels.cpu.Rearrangement.Filter;
import dev.cathode.kernels.cpu.Rearrangement.Window;
import dev.cathode.kernels.cpu.Workers;
import dev.cathode.weights.DType;
import java.util.List;
import java.util.Locale;

/// Turns each operation into a call of a CPU kernel: one `switch`, in the order of [Op].
final class CpuLowering {
    private final CpuKernels kernels;
    private final Normalization norms;
    private final Elementwise elementwise;
    private final Rearrangement moves;
    private final CpuProducts products;
    private final CpuLosses losses;
    private final CpuGradients gradients;
    private final CpuUpdates updates;
    private final Workers workers;
    private final CpuWeights weights;
    private final boolean mixed;

    CpuLowering(CpuKernels kernels, Workers workers, CpuWeights weights, CpuOptions options) {
        this.kernels = kernels;
        norms = kernels.normalization();
        elementwise = kernels.elementwise();
        moves = kernels.rearrangement();
        products = new CpuProducts(kernels, workers, weights, options);
        losses = new CpuLosses(kernels, workers);
        gradients = new CpuGradients(kernels, workers, products, losses);
        updates = new CpuUpdates(kernels, workers, weights);
        this.workers = workers;
        this.weights = weights;
        mixed = options.mixed();
    }

    /// The kernel that computes a value from its inputs.
    CpuKernel lower(Value y) {
        return switch (y.op()) {
            case Op.Input _, Op.Parameter _, Op.Reshape _ ->
                    throw new IllegalArgumentException(y.op() + " needs no kernel");
            case Op.Fill(float number, Shape _) -> CpuKernel.simple("fill", a -> {
                long out = a.of(y), count = y.shape().count();
                return () -> kernels.elementwiseGradient().fill(number, out, count, workers);
            });
            case Op.Linear _ when y.input(1).shape().rank() > 2 ->
                    throw new IllegalArgumentException("the CPU does products one by one: " + y.inputs());
            case Op.Linear(Epilogue epilogue) -> products.forward(y, epilogue);
            case Op.Conv2d(Op.Geometry _, Epilogue epilogue) -> products.forward(y, epilogue);
            case Op.Attention op -> attention(y, op);
            case Op.GroupNorm op -> groupNorm(y, op);
            case Op.LayerNorm(float epsilon) -> CpuKernel.simple("layer norm", a -> {
                long x = a.of(y.input(0)), w = a.of(y.input(1)), b = a.of(y.input(2)), out = a.of(y);
                int rows = y.shape().rows(), columns = y.shape().last();
                return () -> norms.layerNorm(x, w, b, out, rows, columns, epsilon, workers);
            });
            case Op.BatchNorm(float epsilon, Activation activation) -> CpuKernel.simple("batch norm", a -> {
                long x = a.of(y.input(0)), mean = a.of(y.input(1)), variance = a.of(y.input(2));
                long w = a.of(y.input(3)), b = a.of(y.input(4)), out = a.of(y);
                int rows = y.shape().rows(), columns = y.shape().last();
                return () -> norms.batchNorm(x, mean, variance, w, b, out, rows, columns, epsilon, activation, workers);
            });
            case Op.BatchNormTraining op -> batchNormTraining(y, op);
            case Op.Softmax _ -> CpuKernel.simple("softmax", a -> {
                long x = a.of(y.input(0)), out = a.of(y);
                int rows = y.shape().rows(), columns = y.shape().last();
                return () -> norms.softmax(x, out, rows, columns, workers);
            });
            case Op.LogSoftmax _ -> CpuKernel.simple("log-softmax", a -> {
                long x = a.of(y.input(0)), out = a.of(y);
                int rows = y.shape().rows(), columns = y.shape().last();
                return () -> norms.logSoftmax(x, out, rows, columns, workers);
            });
            case Op.Activate(Activation activation) -> CpuKernel.simple(lower(activation), a -> {
                long x = a.of(y.input(0)), out = a.of(y), count = y.shape().count();
                return () -> elementwise.activate(activation, x, out, count, workers);
            });
            case Op.GatedGelu _ -> CpuKernel.simple("geglu", a -> {
                long x = a.of(y.input(0)), out = a.of(y);
                int rows = y.shape().rows(), columns = y.shape().last();
                return () -> elementwise.geglu(x, out, rows, columns, workers);
            });
            case Op.Pairwise(Binary operation) -> pairwise(y, operation);
            case Op.Sum(Shape shape) -> CpuKernel.simple("sum", a -> {
                Broadcast repeat = Broadcast.of(y.input(0).shape(), shape);
                long x = a.of(y.input(0)), out = a.of(y);
                return () -> kernels.elementwiseGradient().sumMiddle(x, out, repeat.outer(), repeat.middle(),
                        repeat.inner(), workers);
            });
            case Op.Affine(float scale, float shift) -> CpuKernel.simple("affine", a -> {
                long x = a.of(y.input(0)), out = a.of(y), count = y.shape().count();
                return () -> elementwise.affine(scale, shift, x, out, count, workers);
            });
            case Op.Cast(DType to) -> CpuCasts.lower(y, to, elementwise, workers);
            case Op.Permute(List<Integer> axes) -> CpuKernel.simple("permute", a -> {
                long x = a.of(y.input(0)), out = a.of(y);
                int[] shape = y.input(0).shape().toArray();
                int[] order = axes.stream().mapToInt(Integer::intValue).toArray();
                return () -> moves.permute(x, shape, order, out, workers);
            });
            case Op.Concat(int axis) -> concat(y, axis);
            case Op.Slice(int axis, int start, int end) -> CpuKernel.simple("copy", a -> {
                Shape from = y.input(0).shape();
                int inner = from.product(axis + 1, from.rank());
                long x = a.of(y.input(0)) + (long) start * inner * Float.BYTES, out = a.of(y);
                long columns = (long) (end - start) * inner, xStride = (long) from.dim(axis) * inner;
                int rows = from.product(0, axis);
                return () -> moves.copy(x, xStride, out, columns, rows, columns, workers);
            });
            case Op.Embedding _ -> CpuKernel.simple("embedding", a -> {
                StoredNumbers table = weights.table(y.input(0));
                Shape shape = y.input(0).shape();
                long ids = a.of(y.input(1)), out = a.of(y);
                int rows = y.input(1).shape().intCount();
                return () -> moves.embedding(table.data().address(), table.storage(), shape.dim(0), shape.dim(1), ids,
                        out, rows, workers);
            });
            case Op.GatherRows _ -> CpuKernel.simple("gather", a -> {
                Shape x = y.input(0).shape();
                long from = a.of(y.input(0)), positions = a.of(y.input(1)), out = a.of(y);
                return () -> moves.gatherRows(from, positions, out, x.dim(0), x.dim(1), x.dim(2), workers);
            });
            case Op.Sinusoid op -> CpuKernel.simple("sinusoid", a -> {
                long t = a.of(y.input(0)), out = a.of(y);
                int rows = y.shape().dim(0);
                return () -> moves.sinusoid(t, out, rows, op.columns(), op.cosineFirst(), op.freqShift(),
                        op.maxPeriod());
            });
            case Op.ResizeNearest(int height, int width) -> CpuKernel.simple("resize", a -> {
                Shape x = y.input(0).shape();
                long from = a.of(y.input(0)), out = a.of(y);
                return () -> moves.resizeNearest(from, out, x.dim(0), x.dim(1), x.dim(2), height, width, x.dim(3),
                        workers);
            });
            case Op.Resize(Filter filter, boolean antialias, int height, int width) -> CpuKernel.simple("resize", a -> {
                Shape x = y.input(0).shape();
                long from = a.of(y.input(0)), out = a.of(y);
                return () -> moves.resize(filter, antialias, from, out, x.dim(0), x.dim(1), x.dim(2), x.dim(3), height,
                        width, workers);
            });
            case Op.MaxPool(Window window) -> CpuKernel.simple("max pool", a -> {
                Shape x = y.input(0).shape();
                long from = a.of(y.input(0)), out = a.of(y);
                return () -> moves.maxPool(from, out, x.dim(0), x.dim(1), x.dim(2), x.dim(3), window, workers);
            });
            case Op.AveragePool(Window window, boolean countPadding) -> CpuKernel.simple("average pool", a -> {
                Shape x = y.input(0).shape();
                long from = a.of(y.input(0)), out = a.of(y);
                return () -> moves.averagePool(from, out, x.dim(0), x.dim(1), x.dim(2), x.dim(3), window, countPadding,
                        workers);
            });
            case Op.AdaptiveAveragePool(int height, int width) -> CpuKernel.simple("average pool", a -> {
                Shape x = y.input(0).shape();
                long from = a.of(y.input(0)), out = a.of(y);
                return () -> moves.adaptiveAveragePool(from, out, x.dim(0), x.dim(1), x.dim(2), x.dim(3), height, width,
                        workers);
            });
            case Op.MeanSquaredError(boolean weighted) -> losses.meanSquaredError(y, weighted);
            case Op.BinaryCrossEntropy(boolean masked) -> losses.binaryCrossEntropy(y, masked);
            case Op.CrossEntropy op -> losses.crossEntropy(y, op);
            case Op.Norm _ -> updates.norm(y);
            case Op.ClipFactor(float maximum) -> updates.clipFactor(y, maximum);
            case GradientOp op -> gradients.lower(y, op);
            case UpdateOp op -> updates.lower(y, op);
        };
    }

    private CpuKernel attention(Value y, Op.Attention op) {
        Value q = y.input(0), k = y.input(1), v = y.input(2);
        Attention.Shape shape = new Attention.Shape(q.shape().dim(0), op.heads(), q.shape().dim(1), k.shape().dim(1),
                q.shape().last() / op.heads(), op.causal(), op.masked(), op.scale());
        Attention attention = mixed ? kernels.mixedAttention(shape) : kernels.attention(shape);
        return new CpuKernel(mixed ? "flash bfloat16" : "flash", attention.shape().flops(), mixed,
                attention.workspaceBytes(workers.threads()), 0, a -> {
            var arguments = new Attention.Arguments(a.of(q), a.stride(q), a.of(k), a.stride(k), a.of(v), a.stride(v),
                    op.masked() ? a.of(y.input(3)) : 0, a.of(y), a.stride(y), a.workspace());
            return () -> attention.run(arguments, workers);
        });
    }

    private CpuKernel groupNorm(Value y, Op.GroupNorm op) {
        return CpuKernel.simple("group norm" + suffix(op.activation()), a -> {
            Shape shape = y.shape();
            long x = a.of(y.input(0)), w = a.of(y.input(1)), b = a.of(y.input(2)), out = a.of(y);
            int stride = a.stride(y.input(0)), batch = shape.dim(0), channels = shape.last();
            int pixels = shape.product(1, shape.rank() - 1);
            return () -> norms.groupNorm(x, stride, w, b, out, batch, pixels, channels, op.groups(), op.epsilon(),
                    op.activation(), workers);
        });
    }

    private CpuKernel batchNormTraining(Value y, Op.BatchNormTraining op) {
        Parts parts = Parts.of(y);
        return CpuKernel.simple("batch norm", a -> {
            long x = a.of(y.input(0)), w = a.of(y.input(1)), b = a.of(y.input(2)), out = a.of(y);
            long mean = out + (long) parts.offset(1) * Float.BYTES;
            long variance = out + (long) parts.offset(2) * Float.BYTES;
            int pixels = y.input(0).shape().rows(), channels = y.input(0).shape().last();
            return () -> kernels.normalizationGradient().batchNormTraining(x, w, b, out, mean, variance, pixels,
                    channels, op.epsilon(), op.activation(), workers);
        });
    }

    private CpuKernel pairwise(Value y, Binary operation) {
        Broadcast repeat = Broadcast.of(y.input(0).shape(), y.input(1).shape());
        return CpuKernel.simple(operation.name().toLowerCase(Locale.ROOT), a -> {
            long left = a.of(y.input(0)), right = a.of(y.input(1)), out = a.of(y), count = y.shape().count();
            return repeat.isNone()
                    ? () -> elementwise.binary(operation, left, right, out, count, workers)
                    : () -> elementwise.broadcast(operation, left, right, out, repeat.outer(), repeat.middle(),
                            repeat.inner(), workers);
        });
    }

    private CpuKernel concat(Value y, int axis) {
        return CpuKernel.simple("copy", a -> {
            int inner = y.shape().product(axis + 1, y.shape().rank());
            int rows = y.shape().product(0, axis);
            long stride = (long) y.shape().dim(axis) * inner;
            Runnable[] copies = new Runnable[y.inputs().size()];
            long offset = 0;
            for (int i = 0; i < copies.length; i++) {
                Value part = y.input(i);
                long columns = (long) part.shape().dim(axis) * inner;
                copies[i] = a.inPlace(y, part) ? () -> { } : copy(a, part, y, offset, columns, stride, rows);
                offset += columns;
            }
            return () -> {
                for (Runnable copy : copies) {
                    copy.run();
                }
            };
        });
    }

    private Runnable copy(Addresses a, Value from, Value to, long offset, long columns, long stride, int rows) {
        long x = a.of(from), out = a.of(to) + offset * Float.BYTES;
        return () -> moves.copy(x, columns, out, stride, rows, columns, workers);
    }

    private static String lower(Activation activation) {
        return activation.name().toLowerCase(Locale.ROOT);
    }

    private static String suffix(Activation activation) {
        return activation == Activation.NONE ? "" : " + " + lower(activation);
    }
}
