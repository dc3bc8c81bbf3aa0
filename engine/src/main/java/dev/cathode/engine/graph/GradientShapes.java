package dev.cathode.engine.graph;

import static dev.cathode.engine.graph.ShapeInference.count;
import static dev.cathode.engine.graph.ShapeInference.image;
import static dev.cathode.engine.graph.ShapeInference.only;
import static dev.cathode.engine.graph.ShapeInference.pool;
import static dev.cathode.engine.graph.ShapeInference.require;

import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.Rearrangement.Window;
import dev.cathode.weights.DType;
import java.util.List;

/// The shapes of gradients and updates; refuses inputs that do not fit.
final class GradientShapes {
    private GradientShapes() { }

    static Shape shape(GradientOp op, List<Value> inputs) {
        return switch (op) {
            case GradientOp.LinearInput _ -> {
                Shape dy = two(op, inputs);
                Shape w = inputs.get(1).shape();
                require(w.rank() == 2 && dy.last() == w.dim(0), op, "dy must be […, O] and the weight [O, I]", inputs);
                yield dy.with(-1, w.dim(1));
            }
            case GradientOp.LinearWeight _ -> {
                Shape x = two(op, inputs);
                Shape dy = inputs.get(1).shape();
                require(x.rows() == dy.rows(), op, "x and dy must have the same rows", inputs);
                yield Shape.of(dy.last(), x.last());
            }
            case GradientOp.Conv2dInput(Op.Geometry g, int height, int width) -> {
                Shape dy = two(op, inputs);
                Shape w = inputs.get(1).shape();
                Shape x = Shape.of(dy.dim(0), height, width, w.last());
                require(output(x, w, g).equals(dy), op, "dy must be what the convolution gives for x " + x, inputs);
                yield x;
            }
            case GradientOp.Conv2dFilter(Op.Geometry g, int height, int width) -> {
                Shape x = two(op, inputs);
                Shape dy = inputs.get(1).shape();
                Shape w = Shape.of(dy.last(), height, width, x.last());
                require(output(x, w, g).equals(dy), op, "dy must be what the convolution gives for x", inputs);
                yield w;
            }
            case GradientOp.Attention attention -> {
                count(op, inputs, attention.masked() ? 6 : 5);
                same(op, inputs, 0, 3);
                same(op, inputs, 0, 4);
                yield Parts.of(op, inputs).shape();
            }
            case GradientOp.GroupNorm _, GradientOp.BatchNormTraining _ -> normalization(op, inputs, 4);
            case GradientOp.LayerNorm _ -> normalization(op, inputs, 3);
            case GradientOp.BatchNorm _ -> normalization(op, inputs, 6);
            case GradientOp.Softmax _, GradientOp.LogSoftmax _, GradientOp.Activate _ -> {
                Shape x = two(op, inputs);
                same(op, inputs, 0, 1);
                yield x;
            }
            case GradientOp.GatedGelu _ -> {
                Shape x = two(op, inputs);
                require(x.with(-1, x.last() / 2).equals(inputs.get(1).shape()), op, "dy must be half of x", inputs);
                yield x;
            }
            case GradientOp.Slice(int axis, int start, int size) -> {
                Shape dy = only(op, inputs);
                require(start >= 0 && start + dy.dim(axis) <= size, op, "dy must lie in the axis", inputs);
                yield dy.with(axis, size);
            }
            case GradientOp.Embedding(int rows, int _) -> {
                Shape ids = two(op, inputs);
                Shape dy = inputs.get(1).shape();
                require(inputs.get(0).dtype() == DType.I32 && dy.rows() == ids.count(), op,
                        "ids must be I32 and dy have a row for each", inputs);
                yield Shape.of(rows, dy.last());
            }
            case GradientOp.GatherRows(int length) -> {
                Shape dy = inputs.get(1).shape();
                require(two(op, inputs).equals(Shape.of(dy.dim(0))) && dy.rank() == 2, op,
                        "the positions must be [N] and dy [N, C]", inputs);
                yield Shape.of(dy.dim(0), length, dy.last());
            }
            case GradientOp.ResizeNearest(int height, int width) -> image(op, inputs).with(1, height).with(2, width);
            case GradientOp.Resize resize -> image(op, inputs).with(1, resize.height()).with(2, resize.width());
            case GradientOp.MaxPool(Window window) -> {
                Shape x = two(op, inputs);
                require(pool(x, window).equals(inputs.get(1).shape()), op, "dy must be what pooling gives", inputs);
                yield x;
            }
            case GradientOp.AveragePool(Window window, boolean _, int height, int width) -> {
                Shape x = image(op, inputs).with(1, height).with(2, width);
                require(pool(x, window).equals(inputs.getFirst().shape()), op, "dy must be what pooling gives", inputs);
                yield x;
            }
            case GradientOp.AdaptiveAveragePool(int height, int width) ->
                    image(op, inputs).with(1, height).with(2, width);
            case GradientOp.MeanSquaredError(boolean weighted) -> loss(op, inputs, weighted ? 4 : 3);
            case GradientOp.BinaryCrossEntropy(boolean masked) -> loss(op, inputs, masked ? 4 : 3);
            case GradientOp.CrossEntropy _ -> loss(op, inputs, 3);
        };
    }

    static Shape update(UpdateOp op, List<Value> inputs) {
        int scalars = switch (op) {
            case UpdateOp.Adam _ -> tensors(op, inputs, 4, 3);
            case UpdateOp.Sgd _ -> tensors(op, inputs, 3, 3);
            case UpdateOp.Average _ -> tensors(op, inputs, 2, 2);
            case UpdateOp.Accumulate _ -> tensors(op, inputs, 2, 0);
            case UpdateOp.Clear _ -> tensors(op, inputs, 1, 0);
            case UpdateOp.SamplerStep(boolean guided) -> sampler(op, guided, inputs);
        };
        for (Value scalar : inputs.subList(inputs.size() - scalars, inputs.size())) {
            require(scalar.shape().count() == 1, op, "the last " + scalars + " inputs must be scalars", inputs);
        }
        return Shape.of();
    }

    /// Checks the tensors in front, which are all of one size; returns the number of scalars behind.
    private static int tensors(UpdateOp op, List<Value> inputs, int tensors, int scalars) {
        count(op, inputs, tensors + scalars);
        require(inputs.getFirst().op() instanceof Op.Parameter, op, "only parameters change", inputs);
        for (int i = 1; i < tensors; i++) {
            same(op, inputs, 0, i);
        }
        return scalars;
    }

    /// Checks all but the index; returns the number of scalars behind.
    private static int sampler(UpdateOp op, boolean guided, List<Value> inputs) {
        count(op, inputs, 7);
        Shape sample = inputs.get(1).shape();
        List<Integer> times = List.of(guided ? 2 : 1, 1, UpdateOp.SamplerStep.KEPT, guided ? 2 : 1, 1);
        for (int i = 0; i < times.size(); i++) {
            Shape shape = inputs.get(i).shape();
            require(shape.rank() > 0 && shape.dim(0) == times.get(i) && shape.count() == times.get(i) * sample.count(), op,
                    "input " + i + " must be " + times.get(i) + " samples", inputs);
        }
        require(inputs.get(5).shape().equals(Shape.of(UpdateOp.SamplerStep.MOST_STEPS, UpdateOp.SamplerStep.WEIGHTS)),
                op, "input 5 must be a table of weights", inputs);
        return 1;
    }

    /// The product that computes the gradient with respect to the input: a convolution of dy, spread apart by the
    /// strides where there are any, with the flipped filter.
    static ConvolutionShape inputGradient(GradientOp.Conv2dInput op, Shape dy, Shape w) {
        Op.Geometry g = op.geometry();
        int kernelHeight = w.dim(1);
        int kernelWidth = w.dim(2);
        int height = (dy.dim(1) - 1) * g.strideHeight() + 1;
        int width = (dy.dim(2) - 1) * g.strideWidth() + 1;
        int padTop = kernelHeight - 1 - g.padTop();
        int padLeft = kernelWidth - 1 - g.padLeft();
        return new ConvolutionShape(dy.dim(0), height, width, w.dim(0), w.last(), kernelHeight, kernelWidth, 1, 1,
                padTop, padLeft, op.height() - 1 + kernelHeight - height - padTop,
                op.width() - 1 + kernelWidth - width - padLeft, height, width);
    }

    private static Shape output(Shape x, Shape w, Op.Geometry g) {
        ConvolutionShape shape = ShapeInference.convolutionShape(x, w, g);
        return Shape.of(x.dim(0), shape.outHeight(), shape.outWidth(), w.dim(0));
    }

    private static Shape normalization(Op op, List<Value> inputs, int count) {
        count(op, inputs, count);
        ShapeInference.channelwise(op, inputs.subList(0, count - 1), count - 1);
        same(op, inputs, 0, count - 1);
        return Parts.of(op, inputs).shape();
    }

    private static Shape loss(Op op, List<Value> inputs, int count) {
        count(op, inputs, count);
        require(inputs.getLast().shape().count() == 1, op, "the gradient of a loss must be a scalar", inputs);
        return inputs.getFirst().shape();
    }

    private static Shape two(Op op, List<Value> inputs) {
        count(op, inputs, 2);
        return inputs.getFirst().shape();
    }

    private static void same(Op op, List<Value> inputs, int a, int b) {
        require(inputs.get(a).shape().equals(inputs.get(b).shape()), op,
                "inputs " + a + " and " + b + " must have one shape", inputs);
    }
}
