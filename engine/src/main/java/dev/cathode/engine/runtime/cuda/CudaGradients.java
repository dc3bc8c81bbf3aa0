package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.graph.GradientOp;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Parts;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.cuda.CudaKernel.Addresses;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Rearrangement.Filter;
import dev.cathode.kernels.cpu.Rearrangement.Window;
import dev.cathode.kernels.cuda.CudaGroupNorm;
import dev.cathode.kernels.cuda.ResampleTable;
import dev.cathode.weights.DType;

/// Turns each operation of the backward pass into launches of our kernels and calls of libraries: one `switch`, in the
/// order of [GradientOp].
final class CudaGradients {
    private final CudaPlans plans;
    private final CudaProductGradients products;
    private final CudaAttentionGradients attentions;
    private final CudaLosses losses;

    CudaGradients(CudaPlans plans, CudaLosses losses, KeptSums.Registry sums, boolean tf32) {
        this.plans = plans;
        products = new CudaProductGradients(plans, tf32);
        attentions = new CudaAttentionGradients(plans, sums, tf32);
        this.losses = losses;
    }

    CudaKernel lower(Value y, GradientOp op) {
        return switch (op) {
            case GradientOp.LinearInput _ -> products.linearInput(y);
            case GradientOp.LinearWeight _ -> products.linearWeight(y);
            case GradientOp.Conv2dInput(Op.Geometry geometry, int _, int _) -> products.convolutionInput(y, geometry);
            case GradientOp.Conv2dFilter(Op.Geometry geometry, int _, int _) ->
                    products.convolutionFilter(y, geometry);
            case GradientOp.Attention attention -> attentions.lower(y, attention);
            case GradientOp.GroupNorm(int groups, float epsilon, Activation activation) -> {
                Shape x = y.input(0).shape();
                var shape = new CudaGroupNorm.Shape(x.dim(0), x.product(1, x.rank() - 1), x.last(), groups);
                CudaGroupNorm norm = kernels(y).groupNorm();
                yield normalization(y, norm.workspaceBytes(shape), (in, out, at) -> norm.groupNormGradient(in[0], in[1],
                        in[2], in[3], out[0], out[1], out[2], shape, epsilon, activation, at));
            }
            case GradientOp.LayerNorm(float epsilon) -> {
                int rows = y.input(0).shape().rows(), columns = y.input(0).shape().last();
                yield normalization(y, kernels(y).layerNorm().workspaceBytes(rows, columns), (in, out, at) ->
                        kernels(y).layerNorm().layerNormGradient(in[0], in[1], in[2], out[0], out[1], out[2], rows,
                                columns, epsilon, at));
            }
            case GradientOp.BatchNorm(float epsilon, Activation activation) -> {
                int rows = y.input(0).shape().rows(), channels = y.input(0).shape().last();
                CudaGroupNorm norm = kernels(y).groupNorm();
                yield normalization(y, norm.workspaceBytes(CudaLowering.channels(y.input(0))), (in, out, at) ->
                        norm.batchNormGradient(in[0], in[1], in[2], in[3], in[4], in[5], out[0], out[1], out[2], rows,
                                channels, epsilon, activation, at));
            }
            case GradientOp.BatchNormTraining(float epsilon, Activation activation) -> {
                int rows = y.input(0).shape().rows(), channels = y.input(0).shape().last();
                CudaGroupNorm norm = kernels(y).groupNorm();
                yield normalization(y, norm.workspaceBytes(CudaLowering.channels(y.input(0))), (in, out, at) ->
                        norm.batchNormTrainingGradient(in[0], in[1], in[2], in[3], out[0], out[1], out[2], rows,
                                channels, epsilon, activation, at));
            }
            case GradientOp.Softmax _ -> CudaKernel.simple("softmax gradient", a -> {
                long probabilities = a.of(y.input(0)), dy = a.of(y.input(1)), dx = a.of(y);
                int rows = y.shape().rows(), columns = y.shape().last();
                return () -> kernels(y).softmax().softmaxGradient(probabilities, dy, dx, rows, columns, 1);
            });
            case GradientOp.LogSoftmax _ -> CudaKernel.simple("log-softmax gradient", a -> {
                long logs = a.of(y.input(0)), dy = a.of(y.input(1)), dx = a.of(y);
                int rows = y.shape().rows(), columns = y.shape().last();
                return () -> kernels(y).softmax().logSoftmaxGradient(logs, dy, dx, rows, columns);
            });
            case GradientOp.Activate(Activation activation) -> CudaKernel.simple("activation gradient", a -> {
                long x = a.of(y.input(0)), dy = a.of(y.input(1)), dx = a.of(y), count = y.shape().count();
                return () -> kernels(y).elementwise().activateGradient(activation, x, dy, dx, count);
            });
            case GradientOp.GatedGelu _ -> CudaKernel.simple("geglu gradient", a -> {
                long x = a.of(y.input(0)), dy = a.of(y.input(1)), dx = a.of(y);
                int rows = y.shape().rows(), columns = y.shape().last() / 2;
                return () -> kernels(y).elementwise().gegluGradient(x, dy, dx, rows, columns);
            });
            case GradientOp.Slice(int axis, int start, int size) -> CudaKernel.simple("slice gradient", a -> {
                Shape part = y.input(0).shape();
                int inner = part.product(axis + 1, part.rank()), rows = part.product(0, axis);
                long dy = a.of(y.input(0)), dx = a.of(y);
                return () -> kernels(y).layout().place(dy, dx, rows, part.dim(axis) * inner, start * inner, size * inner);
            });
            case GradientOp.Embedding(int tableRows, int padding) -> CudaKernel.simple("embedding gradient", a -> {
                long ids = a.of(y.input(0)), dy = a.of(y.input(1)), table = a.of(y);
                int rows = y.input(0).shape().intCount(), columns = y.shape().last();
                return () -> kernels(y.input(1)).embedding().embeddingGradient(ids, dy, table, rows, tableRows, columns,
                        padding);
            });
            case GradientOp.GatherRows _ -> CudaKernel.simple("gather gradient", a -> {
                long positions = a.of(y.input(0)), dy = a.of(y.input(1)), dx = a.of(y);
                Shape x = y.shape();
                return () -> kernels(y).embedding().gatherRowsGradient(positions, dy, dx, x.dim(0), x.dim(1), x.dim(2));
            });
            case GradientOp.ResizeNearest _ -> resizeNearest(y);
            case GradientOp.Resize(Filter filter, boolean antialias, int height, int width) -> image("resize gradient", y,
                    ResampleTable.smooth(filter, antialias, height, y.input(0).shape().dim(1)),
                    ResampleTable.smooth(filter, antialias, width, y.input(0).shape().dim(2)));
            case GradientOp.MaxPool(Window window) -> CudaKernel.simple("max pool gradient", a -> {
                long x = a.of(y.input(0)), dy = a.of(y.input(1)), dx = a.of(y);
                Shape s = y.shape();
                return () -> kernels(y).resample().maxPoolGradient(x, dy, dx, s.dim(0), s.dim(1), s.dim(2), s.dim(3),
                        window);
            });
            case GradientOp.AveragePool(Window w, boolean padding, int height, int width) ->
                    image("average pool gradient", y,
                            ResampleTable.window(height, w.kernelHeight(), w.strideHeight(), w.padHeight(), padding),
                            ResampleTable.window(width, w.kernelWidth(), w.strideWidth(), w.padWidth(), padding));
            case GradientOp.AdaptiveAveragePool(int height, int width) -> image("average pool gradient", y,
                    ResampleTable.adaptive(height, y.input(0).shape().dim(1)),
                    ResampleTable.adaptive(width, y.input(0).shape().dim(2)));
            case GradientOp.MeanSquaredError(boolean weighted) -> losses.meanSquaredErrorGradient(y, weighted);
            case GradientOp.BinaryCrossEntropy(boolean masked) -> losses.binaryCrossEntropyGradient(y, masked);
            case GradientOp.CrossEntropy loss -> losses.crossEntropyGradient(y, loss);
        };
    }

    private KernelSet kernels(Value value) {
        return plans.kernels(value.dtype());
    }

    /// A kernel from the operands' addresses to the three parts of the result.
    @FunctionalInterface
    private interface ThreeParts {
        void run(long[] operands, long[] results, long workspace);
    }

    /// The kernels give gradients of weights as float32; in 16 bits they are rounded into their parts behind them.
    private CudaKernel normalization(Value y, long workspaceBytes, ThreeParts kernel) {
        Parts parts = Parts.of(y);
        int channels = parts.shapes().get(1).last();
        boolean rounded = y.dtype() != DType.F32;
        Scratch scratch = new Scratch();
        long workspace = scratch.take(workspaceBytes);
        long weight = rounded ? scratch.take(4L * channels) : 0, bias = rounded ? scratch.take(4L * channels) : 0;
        return CudaKernel.scratch("norm gradient", scratch.bytes(), a -> {
            long[] operands = y.inputs().stream().mapToLong(a::of).toArray();
            long[] places = {part(a, y, parts, 0), part(a, y, parts, 1), part(a, y, parts, 2)};
            long[] results = rounded ? new long[] {places[0], a.workspace() + weight, a.workspace() + bias} : places;
            long at = a.workspace() + workspace;
            return () -> {
                kernel.run(operands, results, at);
                for (int i = 1; rounded && i < 3; i++) {
                    plans.kernels(DType.F32).elementwise().cast(results[i], CudaOptions.element(y.dtype()), places[i],
                            channels);
                }
            };
        });
    }

    /// Where a part of a value with several lies.
    static long part(Addresses a, Value y, Parts parts, int index) {
        return a.of(y) + (long) parts.offset(index) * y.dtype().bytes();
    }

    private CudaKernel resizeNearest(Value dx) {
        Shape dy = dx.input(0).shape(), x = dx.shape();
        if (dy.dim(1) == 2 * x.dim(1) && dy.dim(2) == 2 * x.dim(2)) {
            return CudaKernel.simple("resize gradient", a -> {
                long from = a.of(dx.input(0)), to = a.of(dx);
                return () -> kernels(dx).resample().upsampleGradient(from, to, x.dim(0), x.dim(1), x.dim(2), x.dim(3));
            });
        }
        return image("resize gradient", dx, ResampleTable.nearest(x.dim(1), dy.dim(1)),
                ResampleTable.nearest(x.dim(2), dy.dim(2)));
    }

    /// The gradient of a transformation by tables.
    private CudaKernel image(String description, Value dx, ResampleTable rows, ResampleTable columns) {
        return CudaLowering.resizing(description, dx, new CudaResizing(kernels(dx).resample(), dx.input(0).shape(),
                rows.transposed(), columns.transposed()));
    }
}
