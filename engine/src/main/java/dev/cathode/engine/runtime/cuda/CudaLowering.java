package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.graph.Broadcast;
import dev.cathode.engine.graph.GradientOp;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Parts;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Elementwise.Binary;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.Rearrangement.Filter;
import dev.cathode.kernels.cpu.Rearrangement.Window;
import dev.cathode.kernels.cuda.CudaGroupNorm;
import dev.cathode.kernels.cuda.ResampleTable;
import dev.cathode.weights.DType;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Turns each operation into launches of our kernels and calls of libraries: one `switch`, in the order of [Op]. Which
/// type of numbers a kernel is for follows from the values' types.
final class CudaLowering {
    private final CudaPlans plans;
    private final CudaProducts products;
    private final CudaAttentions attentions;
    private final CudaLosses losses;
    private final CudaGradients gradients;
    private final CudaUpdates updates;

    /// @param steps of the graph, all of which are going to be lowered in their order
    CudaLowering(CudaPlans plans, CudaWeights weights, boolean tf32, List<Value> steps) {
        this.plans = plans;
        var sums = new KeptSums.Registry(steps);
        products = new CudaProducts(plans, tf32);
        attentions = new CudaAttentions(plans, sums, tf32);
        losses = new CudaLosses(plans);
        gradients = new CudaGradients(plans, losses, sums, tf32);
        updates = new CudaUpdates(plans, weights);
    }

    /// What computes updates that can be done together, instead of their own kernels.
    Map<Value, CudaKernel> merged(List<Value> steps) {
        return updates.merged(steps);
    }

    /// What computes a value from its inputs.
    CudaKernel lower(Value y) {
        return switch (y.op()) {
            case Op.Input _, Op.Parameter _, Op.Reshape _ ->
                    throw new IllegalArgumentException(y.op() + " needs no kernel");
            case Op.Fill(float number, Shape _) -> CudaKernel.simple("fill", a -> {
                long out = a.of(y), count = y.shape().count();
                return () -> kernels(y).elementwise().fill(number, out, count);
            });
            case Op.Linear(Epilogue epilogue) -> products.forward(y, epilogue);
            case Op.Conv2d(Op.Geometry _, Epilogue epilogue) -> products.forward(y, epilogue);
            case Op.Attention op -> attentions.forward(y, op);
            case Op.GroupNorm op -> groupNorm(y, op);
            case Op.LayerNorm(float epsilon) -> CudaKernel.simple("layer norm", a -> {
                long x = a.of(y.input(0)), w = a.of(y.input(1)), b = a.of(y.input(2)), out = a.of(y);
                int rows = y.shape().rows(), columns = y.shape().last();
                return () -> kernels(y).layerNorm().layerNorm(x, w, b, out, rows, columns, epsilon);
            });
            case Op.BatchNorm op -> batchNorm(y, op);
            case Op.BatchNormTraining op -> batchNormTraining(y, op);
            case Op.Softmax _ -> CudaKernel.simple("softmax", a -> {
                long x = a.of(y.input(0)), out = a.of(y);
                int rows = y.shape().rows(), columns = y.shape().last();
                return () -> kernels(y).softmax().softmax(x, out, rows, columns);
            });
            case Op.LogSoftmax _ -> CudaKernel.simple("log-softmax", a -> {
                long x = a.of(y.input(0)), out = a.of(y);
                int rows = y.shape().rows(), columns = y.shape().last();
                return () -> kernels(y).softmax().logSoftmax(x, out, rows, columns);
            });
            case Op.Activate(Activation activation) -> CudaKernel.simple(lower(activation), a -> {
                long x = a.of(y.input(0)), out = a.of(y), count = y.shape().count();
                return () -> kernels(y).elementwise().activate(activation, x, out, count);
            });
            case Op.GatedGelu _ -> CudaKernel.simple("geglu", a -> {
                long x = a.of(y.input(0)), out = a.of(y);
                int rows = y.shape().rows(), columns = y.shape().last();
                return () -> kernels(y).elementwise().geglu(x, out, rows, columns);
            });
            case Op.Pairwise(Binary operation) -> pairwise(y, operation);
            case Op.Sum(Shape shape) -> sum(y, shape);
            case Op.Affine(float scale, float shift) -> CudaKernel.simple("affine", a -> {
                long x = a.of(y.input(0)), out = a.of(y), count = y.shape().count();
                return () -> kernels(y).elementwise().affine(scale, shift, x, out, count);
            });
            case Op.Cast(DType to) -> cast(y, y.input(0).dtype(), to);
            case Op.Permute(List<Integer> axes) -> CudaKernel.simple("permute", a -> {
                long x = a.of(y.input(0)), out = a.of(y);
                int[] shape = y.input(0).shape().toArray();
                int[] order = axes.stream().mapToInt(Integer::intValue).toArray();
                return () -> kernels(y).layout().permute(x, shape, order, out);
            });
            case Op.Concat(int axis) -> concat(y, axis);
            case Op.Slice(int axis, int start, int end) -> CudaKernel.simple("copy", a -> {
                Shape from = y.input(0).shape();
                int inner = from.product(axis + 1, from.rank()), columns = (end - start) * inner;
                long x = a.of(y.input(0)) + (long) start * inner * y.dtype().bytes(), out = a.of(y);
                long stride = (long) from.dim(axis) * inner, rows = from.product(0, axis);
                return () -> kernels(y).layout().copy(x, stride, out, columns, rows, columns);
            });
            case Op.Embedding _ -> CudaKernel.simple("embedding", a -> {
                Shape table = y.input(0).shape();
                long from = a.of(y.input(0)), ids = a.of(y.input(1)), out = a.of(y);
                long rows = y.input(1).shape().count();
                return () -> kernels(y).embedding().embedding(from, ids, out, table.dim(0), rows, table.dim(1));
            });
            case Op.GatherRows _ -> CudaKernel.simple("gather", a -> {
                Shape x = y.input(0).shape();
                long from = a.of(y.input(0)), positions = a.of(y.input(1)), out = a.of(y);
                return () -> kernels(y).embedding().gatherRows(from, positions, out, x.dim(0), x.dim(1), x.dim(2));
            });
            case Op.Sinusoid op -> CudaKernel.simple("sinusoid", a -> {
                long t = a.of(y.input(0)), out = a.of(y);
                int rows = y.shape().dim(0);
                return () -> kernels(y).embedding().sinusoid(t, out, rows, op.columns(), op.cosineFirst(),
                        op.freqShift(), op.maxPeriod());
            });
            case Op.ResizeNearest(int height, int width) -> resizing("resize", y,
                    CudaResizing.nearest(kernels(y).resample(), y.input(0).shape(), height, width));
            case Op.Resize(Filter filter, boolean antialias, int height, int width) -> resizing("resize", y,
                    size -> ResampleTable.smooth(filter, antialias, size, height),
                    size -> ResampleTable.smooth(filter, antialias, size, width));
            case Op.MaxPool(Window window) -> CudaKernel.simple("max pool", a -> {
                Shape x = y.input(0).shape();
                long from = a.of(y.input(0)), out = a.of(y);
                return () -> kernels(y).resample().maxPool(from, out, x.dim(0), x.dim(1), x.dim(2), x.dim(3), window);
            });
            case Op.AveragePool(Window w, boolean padding) -> resizing("average pool", y,
                    size -> ResampleTable.window(size, w.kernelHeight(), w.strideHeight(), w.padHeight(), padding),
                    size -> ResampleTable.window(size, w.kernelWidth(), w.strideWidth(), w.padWidth(), padding));
            case Op.AdaptiveAveragePool(int height, int width) -> resizing("average pool", y,
                    size -> ResampleTable.adaptive(size, height), size -> ResampleTable.adaptive(size, width));
            case Op.MeanSquaredError(boolean weighted) -> losses.meanSquaredError(y, weighted);
            case Op.BinaryCrossEntropy(boolean masked) -> losses.binaryCrossEntropy(y, masked);
            case Op.CrossEntropy op -> losses.crossEntropy(y, op);
            case Op.Norm _ -> updates.norm(y);
            case Op.ClipFactor(float maximum) -> updates.clipFactor(y, maximum);
            case GradientOp op -> gradients.lower(y, op);
            case UpdateOp op -> updates.lower(y, op);
        };
    }

    private KernelSet kernels(Value value) {
        return plans.kernels(value.dtype());
    }

    private CudaKernel groupNorm(Value y, Op.GroupNorm op) {
        Shape s = y.shape();
        CudaGroupNorm norm = kernels(y).groupNorm();
        var shape = new CudaGroupNorm.Shape(s.dim(0), s.product(1, s.rank() - 1), s.last(), op.groups());
        return CudaKernel.scratch("group norm" + suffix(op.activation()), norm.workspaceBytes(shape), a -> {
            long x = a.of(y.input(0)), w = a.of(y.input(1)), b = a.of(y.input(2)), out = a.of(y), at = a.workspace();
            return () -> norm.groupNorm(x, w, b, out, shape, op.epsilon(), op.activation(), at);
        });
    }

    private CudaKernel batchNorm(Value y, Op.BatchNorm op) {
        CudaGroupNorm norm = kernels(y).groupNorm();
        int rows = y.shape().rows(), channels = y.shape().last();
        return CudaKernel.scratch("batch norm" + suffix(op.activation()), norm.workspaceBytes(channels(y)), a -> {
            long x = a.of(y.input(0)), mean = a.of(y.input(1)), variance = a.of(y.input(2)), at = a.workspace();
            long w = a.of(y.input(3)), b = a.of(y.input(4)), out = a.of(y);
            return () -> norm.batchNorm(x, mean, variance, w, b, out, rows, channels, op.epsilon(), op.activation(), at);
        });
    }

    private CudaKernel batchNormTraining(Value y, Op.BatchNormTraining op) {
        Parts parts = Parts.of(y);
        Value input = y.input(0);
        CudaGroupNorm norm = kernels(y).groupNorm();
        int rows = input.shape().rows(), channels = input.shape().last();
        return CudaKernel.scratch("batch norm" + suffix(op.activation()), norm.workspaceBytes(channels(input)), a -> {
            long x = a.of(input), w = a.of(y.input(1)), b = a.of(y.input(2)), out = a.of(y), at = a.workspace();
            long mean = out + (long) parts.offset(1) * Float.BYTES, variance = out + (long) parts.offset(2) * Float.BYTES;
            return () -> norm.batchNormTraining(x, w, b, out, mean, variance, rows, channels, op.epsilon(),
                    op.activation(), at);
        });
    }

    /// Batch normalisation as a group normalisation sees it.
    static CudaGroupNorm.Shape channels(Value x) {
        int channels = x.shape().last();
        return new CudaGroupNorm.Shape(1, x.shape().rows(), channels, channels);
    }

    private CudaKernel pairwise(Value y, Binary operation) {
        Broadcast repeat = Broadcast.of(y.input(0).shape(), y.input(1).shape());
        return CudaKernel.simple(operation.name().toLowerCase(Locale.ROOT), a -> {
            long left = a.of(y.input(0)), right = a.of(y.input(1)), out = a.of(y), count = y.shape().count();
            return repeat.isNone() ? () -> kernels(y).elementwise().binary(operation, left, right, out, count)
                    : () -> kernels(y).elementwise().broadcast(operation, left, right, out, repeat.outer(),
                            repeat.middle(), repeat.inner());
        });
    }

    private CudaKernel sum(Value y, Shape shape) {
        Value x = y.input(0);
        Broadcast repeat = Broadcast.of(x.shape(), shape);
        var reduction = kernels(x).reduction();
        long workspaceBytes = reduction.sumWorkspaceBytes(repeat.outer(), repeat.middle(), repeat.inner());
        return CudaKernel.scratch("sum", workspaceBytes, a -> {
            long from = a.of(x), out = a.of(y), at = a.workspace();
            return () -> reduction.sumMiddle(from, out, repeat.outer(), repeat.middle(), repeat.inner(), true, at);
        });
    }

    private CudaKernel cast(Value y, DType from, DType to) {
        if (to == DType.I32 || from == DType.I32 && to != DType.F32) {
            throw new IllegalArgumentException("there is no conversion from " + from + " to " + to);
        }
        return CudaKernel.simple("cast", a -> {
            long x = a.of(y.input(0)), out = a.of(y), count = y.shape().count();
            return from == DType.I32 ? () -> kernels(y).elementwise().castFromInts(x, out, count)
                    : () -> plans.kernels(from).elementwise().cast(x, CudaOptions.element(to), out, count);
        });
    }

    private CudaKernel concat(Value y, int axis) {
        return CudaKernel.simple("copy", a -> {
            int inner = y.shape().product(axis + 1, y.shape().rank());
            long rows = y.shape().product(0, axis), stride = (long) y.shape().dim(axis) * inner, out = a.of(y);
            Runnable[] copies = new Runnable[y.inputs().size()];
            long offset = 0;
            for (int i = 0; i < copies.length; i++) {
                int columns = y.input(i).shape().dim(axis) * inner;
                long x = a.of(y.input(i)), at = out + offset * y.dtype().bytes();
                copies[i] = () -> kernels(y).layout().copy(x, columns, at, stride, rows, columns);
                offset += columns;
            }
            return CudaProducts.sequence(copies);
        });
    }

    /// Makes the table of an axis of so many pixels.
    @FunctionalInterface
    private interface AxisTable {
        ResampleTable of(int size);
    }

    private CudaKernel resizing(String description, Value y, AxisTable rows, AxisTable columns) {
        Shape x = y.input(0).shape();
        return resizing(description, y, new CudaResizing(kernels(y).resample(), x, rows.of(x.dim(1)),
                columns.of(x.dim(2))));
    }

    static CudaKernel resizing(String description, Value y, CudaResizing resizing) {
        return CudaKernel.tables(description, 0, resizing.tableBytes(),
                a -> resizing.bind(a, a.of(y.input(0)), a.of(y)));
    }

    static String lower(Activation activation) {
        return activation.name().toLowerCase(Locale.ROOT);
    }

    private static String suffix(Activation activation) {
        return activation == Activation.NONE ? "" : " + " + lower(activation);
    }
}
