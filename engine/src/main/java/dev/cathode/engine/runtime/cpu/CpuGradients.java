package dev.cathode.engine.runtime.cpu;

import dev.cathode.engine.graph.GradientOp;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Parts;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.cpu.CpuKernel.Addresses;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.AttentionGradient;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.ElementwiseGradient;
import dev.cathode.kernels.cpu.NormalizationGradient;
import dev.cathode.kernels.cpu.Rearrangement;
import dev.cathode.kernels.cpu.Rearrangement.Filter;
import dev.cathode.kernels.cpu.Rearrangement.Window;
import dev.cathode.kernels.cpu.RearrangementGradient;
import dev.cathode.kernels.cpu.Workers;

/// Turns each operation of the backward pass into a call of a CPU kernel: one `switch`, in the order of [GradientOp].
final class CpuGradients {
    private final CpuKernels kernels;
    private final NormalizationGradient norms;
    private final ElementwiseGradient elementwise;
    private final RearrangementGradient moves;
    private final Rearrangement copies;
    private final CpuProducts products;
    private final CpuLosses losses;
    private final Workers workers;

    CpuGradients(CpuKernels kernels, Workers workers, CpuProducts products, CpuLosses losses) {
        this.kernels = kernels;
        norms = kernels.normalizationGradient();
        elementwise = kernels.elementwiseGradient();
        moves = kernels.rearrangementGradient();
        copies = kernels.rearrangement();
        this.products = products;
        this.losses = losses;
        this.workers = workers;
    }

    CpuKernel lower(Value y, GradientOp op) {
        return switch (op) {
            case GradientOp.LinearInput _, GradientOp.Conv2dInput _ -> products.inputGradient(y);
            case GradientOp.LinearWeight _, GradientOp.Conv2dFilter _ -> products.weightGradient(y);
            case GradientOp.Attention attention -> attention(y, attention);
            case GradientOp.GroupNorm(int groups, float epsilon, Activation activation) -> {
                Shape x = y.input(0).shape();
                int batch = x.dim(0), pixels = x.product(1, x.rank() - 1), channels = x.last();
                yield normalization(y, norms.groupNormWorkspaceBytes(batch, pixels, channels, groups),
                        (in, out, scratch) -> norms.groupNorm(in[0], in[1], in[2], in[3], out[0], out[1], out[2], batch,
                                pixels, channels, groups, epsilon, activation, scratch, workers));
            }
            case GradientOp.LayerNorm(float epsilon) -> {
                int rows = y.input(0).shape().rows(), columns = y.input(0).shape().last();
                yield normalization(y, norms.layerNormWorkspaceBytes(rows, columns),
                        (in, out, scratch) -> norms.layerNorm(in[0], in[1], in[2], out[0], out[1], out[2], rows,
                                columns, epsilon, scratch, workers));
            }
            case GradientOp.BatchNorm(float epsilon, Activation activation) -> {
                int pixels = y.input(0).shape().rows(), channels = y.input(0).shape().last();
                yield normalization(y, norms.batchNormWorkspaceBytes(pixels, channels),
                        (in, out, scratch) -> norms.batchNorm(in[0], in[1], in[2], in[3], in[4], in[5], out[0], out[1],
                                out[2], pixels, channels, epsilon, activation, scratch, workers));
            }
            case GradientOp.BatchNormTraining(float epsilon, Activation activation) -> {
                int pixels = y.input(0).shape().rows(), channels = y.input(0).shape().last();
                yield normalization(y, norms.batchNormWorkspaceBytes(pixels, channels),
                        (in, out, scratch) -> norms.batchNormTraining(in[0], in[1], in[2], in[3], out[0], out[1],
                                out[2], pixels, channels, epsilon, activation, scratch, workers));
            }
            case GradientOp.Softmax _ -> CpuKernel.simple("softmax gradient", a -> {
                long probabilities = a.of(y.input(0)), dy = a.of(y.input(1)), dx = a.of(y);
                int rows = y.shape().rows(), columns = y.shape().last();
                return () -> norms.softmax(probabilities, dy, dx, rows, columns, workers);
            });
            case GradientOp.LogSoftmax _ -> CpuKernel.simple("log-softmax gradient", a -> {
                long logs = a.of(y.input(0)), dy = a.of(y.input(1)), dx = a.of(y);
                int rows = y.shape().rows(), columns = y.shape().last();
                return () -> norms.logSoftmax(logs, dy, dx, rows, columns, workers);
            });
            case GradientOp.Activate(Activation activation) -> CpuKernel.simple("activation gradient", a -> {
                long x = a.of(y.input(0)), dy = a.of(y.input(1)), dx = a.of(y), count = y.shape().count();
                return () -> elementwise.activate(activation, x, dy, dx, count, workers);
            });
            case GradientOp.GatedGelu _ -> CpuKernel.simple("geglu gradient", a -> {
                long x = a.of(y.input(0)), dy = a.of(y.input(1)), dx = a.of(y);
                int rows = y.shape().rows(), columns = y.shape().last() / 2;
                return () -> elementwise.geglu(x, dy, dx, rows, columns, workers);
            });
            case GradientOp.Slice(int axis, int start, int _) -> slice(y, axis, start);
            case GradientOp.Embedding(int tableRows, int padding) -> CpuKernel.simple("embedding gradient", a -> {
                long ids = a.of(y.input(0)), dy = a.of(y.input(1)), table = a.of(y);
                int rows = y.input(0).shape().intCount(), columns = y.shape().last();
                return () -> {
                    moves.embedding(ids, dy, table, rows, tableRows, columns, workers);
                    if (padding >= 0) {
                        elementwise.fill(0, table + (long) padding * columns * Float.BYTES, columns, workers);
                    }
                };
            });
            case GradientOp.GatherRows _ -> CpuKernel.simple("gather gradient", a -> {
                long positions = a.of(y.input(0)), dy = a.of(y.input(1)), dx = a.of(y);
                Shape x = y.shape();
                return () -> moves.gatherRows(positions, dy, dx, x.dim(0), x.dim(1), x.dim(2), workers);
            });
            case GradientOp.ResizeNearest _ -> image("resize gradient", y, (dy, dx, x, o) ->
                    moves.resizeNearest(dy, dx, x.dim(0), x.dim(1), x.dim(2), o.dim(1), o.dim(2), x.dim(3), workers));
            case GradientOp.Resize(Filter filter, boolean antialias, int _, int _) -> image("resize gradient", y,
                    (dy, dx, x, o) -> moves.resize(filter, antialias, dy, dx, x.dim(0), x.dim(1), x.dim(2), x.dim(3),
                            o.dim(1), o.dim(2), workers));
            case GradientOp.MaxPool(Window window) -> CpuKernel.simple("max pool gradient", a -> {
                long x = a.of(y.input(0)), dy = a.of(y.input(1)), dx = a.of(y);
                Shape shape = y.shape();
                return () -> moves.maxPool(x, dy, dx, shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3), window,
                        workers);
            });
            case GradientOp.AveragePool(Window window, boolean countPadding, int _, int _) -> image(
                    "average pool gradient", y, (dy, dx, x, o) -> moves.averagePool(dy, dx, x.dim(0), x.dim(1),
                            x.dim(2), x.dim(3), window, countPadding, workers));
            case GradientOp.AdaptiveAveragePool _ -> image("average pool gradient", y, (dy, dx, x, o) ->
                    moves.adaptiveAveragePool(dy, dx, x.dim(0), x.dim(1), x.dim(2), x.dim(3), o.dim(1), o.dim(2),
                            workers));
            case GradientOp.MeanSquaredError(boolean weighted) -> losses.meanSquaredErrorGradient(y, weighted);
            case GradientOp.BinaryCrossEntropy(boolean masked) -> losses.binaryCrossEntropyGradient(y, masked);
            case GradientOp.CrossEntropy loss -> losses.crossEntropyGradient(y, loss);
        };
    }

    private CpuKernel attention(Value y, GradientOp.Attention op) {
        Value q = y.input(0), k = y.input(1), v = y.input(2), output = y.input(3), dy = y.input(4);
        AttentionGradient gradient = kernels.attentionGradient(new Attention.Shape(q.shape().dim(0), op.heads(),
                q.shape().dim(1), k.shape().dim(1), q.shape().last() / op.heads(), op.causal(), op.masked(),
                op.scale()));
        Parts parts = Parts.of(y);
        return new CpuKernel("flash gradient", 2.5 * gradient.shape().flops(), false,
                gradient.workspaceBytes(workers.threads()), 0, a -> {
            var arguments = new AttentionGradient.Arguments(a.of(q), a.stride(q), a.of(k), a.stride(k), a.of(v),
                    a.stride(v), op.masked() ? a.of(y.input(5)) : 0, a.of(output), a.stride(output), a.of(dy),
                    a.stride(dy), part(a, y, parts, 0), part(a, y, parts, 1), part(a, y, parts, 2), a.workspace());
            return () -> gradient.run(arguments, workers);
        });
    }

    private static long part(Addresses a, Value y, Parts parts, int index) {
        return a.of(y) + (long) parts.offset(index) * Float.BYTES;
    }

    /// A kernel from the operands' addresses to the three parts of the result.
    @FunctionalInterface
    private interface ThreeParts {
        void run(long[] operands, long[] results, long workspace);
    }

    private static CpuKernel normalization(Value y, long workspaceBytes, ThreeParts kernel) {
        Parts parts = Parts.of(y);
        return new CpuKernel("norm gradient", 0, false, workspaceBytes, 0, a -> {
            long[] operands = y.inputs().stream().mapToLong(a::of).toArray();
            long[] results = {part(a, y, parts, 0), part(a, y, parts, 1), part(a, y, parts, 2)};
            long workspace = a.workspace();
            return () -> kernel.run(operands, results, workspace);
        });
    }

    private CpuKernel slice(Value y, int axis, int start) {
        return CpuKernel.simple("slice gradient", a -> {
            Shape part = y.input(0).shape();
            int inner = part.product(axis + 1, part.rank()), rows = part.product(0, axis);
            long columns = (long) part.dim(axis) * inner, stride = (long) y.shape().dim(axis) * inner;
            long dy = a.of(y.input(0)), dx = a.of(y), count = y.shape().count();
            long place = dx + (long) start * inner * Float.BYTES;
            return () -> {
                elementwise.fill(0, dx, count, workers);
                copies.copy(dy, columns, place, stride, rows, columns, workers);
            };
        });
    }

    /// A kernel from the gradient of an image's transformation to that of the image.
    @FunctionalInterface
    private interface ImageKernel {
        void run(long dy, long dx, Shape x, Shape result);
    }

    private static CpuKernel image(String description, Value y, ImageKernel kernel) {
        return CpuKernel.simple(description, a -> {
            long dy = a.of(y.input(0)), dx = a.of(y);
            return () -> kernel.run(dy, dx, y.shape(), y.input(0).shape());
        });
    }
}
