package dev.cathode.engine.graph;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.Rearrangement.Window;
import dev.cathode.weights.DType;
import java.util.List;
import java.util.stream.IntStream;

/// The shape and type an operation gives its result; refuses inputs that do not fit.
public final class ShapeInference {
    private ShapeInference() { }

    /// The type of the result: that of the first input, but for what is always float32 (sums, losses, gradients of
    /// weights), and what reads integers first.
    static DType dtype(Op op, List<Value> inputs) {
        return switch (op) {
            case Op.Cast cast -> cast.to();
            case Op.Fill _, Op.Sum _, Op.Sinusoid _, Op.MeanSquaredError _, Op.BinaryCrossEntropy _, Op.CrossEntropy _,
                 Op.Norm _, Op.ClipFactor _, GradientOp.LinearWeight _, GradientOp.Embedding _, UpdateOp _ -> DType.F32;
            case GradientOp.GatherRows _ -> inputs.get(1).dtype();
            default -> inputs.getFirst().dtype();
        };
    }

    /// The shape of the result.
    static Shape shape(Op op, List<Value> inputs) {
        return switch (op) {
            case Op.Input _, Op.Parameter _ -> throw new IllegalArgumentException("leaves state their own shape");
            case Op.Fill(float _, Shape shape) -> shape;
            case Op.Linear(Epilogue epilogue) -> linear(op, epilogue, inputs);
            case Op.Conv2d conv -> conv2d(conv, inputs);
            case Op.Attention attention -> attention(attention, inputs);
            case Op.GroupNorm norm -> {
                Shape x = inputs.getFirst().shape();
                require(x.last() % norm.groups() == 0, op, "channels must be a multiple of groups", inputs);
                yield channelwise(op, inputs, 3);
            }
            case Op.LayerNorm _ -> channelwise(op, inputs, 3);
            case Op.BatchNorm _ -> channelwise(op, inputs, 5);
            case Op.BatchNormTraining _ -> {
                channelwise(op, inputs, 3);
                yield Parts.of(op, inputs).shape();
            }
            case Op.Softmax _, Op.LogSoftmax _, Op.Activate _, Op.Affine _, Op.Cast _ -> only(op, inputs);
            case Op.GatedGelu _ -> {
                Shape x = only(op, inputs);
                require(x.last() % 2 == 0, op, "the last axis must be even", inputs);
                yield x.with(-1, x.last() / 2);
            }
            case Op.Pairwise _ -> {
                count(op, inputs, 2);
                Broadcast.of(inputs.get(0).shape(), inputs.get(1).shape());
                yield inputs.getFirst().shape();
            }
            case Op.Sum(Shape shape) -> {
                Broadcast.of(only(op, inputs), shape);
                yield shape;
            }
            case Op.Reshape(Shape shape) -> {
                require(only(op, inputs).count() == shape.count(), op, "the number of elements must stay", inputs);
                yield shape;
            }
            case Op.Permute(List<Integer> axes) -> {
                Shape x = only(op, inputs);
                require(axes.stream().sorted().toList().equals(List.of(0, 1, 2, 3, 4, 5, 6, 7).subList(0, x.rank())),
                        op, "every axis must appear once", inputs);
                yield new Shape(axes.stream().map(x::dim).toList());
            }
            case Op.Concat(int axis) -> concat(op, axis, inputs);
            case Op.Slice(int axis, int start, int end) -> {
                Shape x = only(op, inputs);
                require(0 <= start && start < end && end <= x.dim(axis), op, "the range must lie in the axis", inputs);
                yield x.with(axis, end - start);
            }
            case Op.Embedding _ -> {
                count(op, inputs, 2);
                Shape ids = inputs.get(1).shape();
                require(inputs.get(1).dtype() == DType.I32, op, "ids must be I32", inputs);
                yield append(ids, inputs.get(0).shape().last());
            }
            case Op.GatherRows _ -> {
                count(op, inputs, 2);
                Shape x = inputs.get(0).shape();
                require(x.rank() == 3 && inputs.get(1).shape().equals(Shape.of(x.dim(0))), op,
                        "x must be [N, L, C] and the positions [N]", inputs);
                yield Shape.of(x.dim(0), x.dim(2));
            }
            case Op.Sinusoid sinusoid -> {
                Shape t = only(op, inputs);
                require(t.rank() == 1, op, "timesteps must be [N]", inputs);
                yield Shape.of(t.dim(0), sinusoid.columns());
            }
            case Op.ResizeNearest(int height, int width) -> image(op, inputs).with(1, height).with(2, width);
            case Op.Resize resize -> image(op, inputs).with(1, resize.height()).with(2, resize.width());
            case Op.MaxPool(Window window) -> pool(image(op, inputs), window);
            case Op.AveragePool(Window window, boolean _) -> pool(image(op, inputs), window);
            case Op.AdaptiveAveragePool(int height, int width) -> image(op, inputs).with(1, height).with(2, width);
            case Op.MeanSquaredError(boolean weighted) -> {
                count(op, inputs, weighted ? 3 : 2);
                yield scalarLoss(op, inputs);
            }
            case Op.BinaryCrossEntropy(boolean masked) -> {
                count(op, inputs, masked ? 3 : 2);
                yield scalarLoss(op, inputs);
            }
            case Op.CrossEntropy _ -> {
                count(op, inputs, 2);
                require(inputs.get(0).shape().rank() == 2 && inputs.get(1).dtype() == DType.I32, op,
                        "logits must be [N, classes] and targets I32 [N]", inputs);
                yield Shape.of();
            }
            case Op.Norm _ -> Shape.of();
            case Op.ClipFactor _ -> only(op, inputs);
            case GradientOp gradient -> GradientShapes.shape(gradient, inputs);
            case UpdateOp update -> GradientShapes.update(update, inputs);
        };
    }

    /// The kernel's view of a convolution or linear layer.
    public static ConvolutionShape convolutionShape(Value value) {
        Shape x = value.input(0).shape();
        Shape w = value.input(1).shape();
        return switch (value.op()) {
            case Op.Linear _ -> ConvolutionShape.linear(value.shape().rows(), w.last(), w.dim(w.rank() - 2));
            case Op.Conv2d(Op.Geometry g, Epilogue _) -> convolutionShape(x, w, g);
            // The product that computes the gradient: for the weights the forward one's, for the input another.
            case GradientOp.LinearWeight _ -> ConvolutionShape.linear(x.rows(), x.last(), w.last());
            case GradientOp.LinearInput _ -> ConvolutionShape.linear(x.rows(), w.dim(0), w.dim(1));
            case GradientOp.Conv2dFilter(Op.Geometry g, int height, int width) ->
                    convolutionShape(x, Shape.of(w.last(), height, width, x.last()), g);
            case GradientOp.Conv2dInput gradient -> GradientShapes.inputGradient(gradient, x, w);
            default -> throw new IllegalArgumentException(value.op() + " is no convolution");
        };
    }

    static ConvolutionShape convolutionShape(Shape x, Shape w, Op.Geometry g) {
        return new ConvolutionShape(x.dim(0), x.dim(1), x.dim(2), x.dim(3), w.dim(0), w.dim(1), w.dim(2),
                g.strideHeight(), g.strideWidth(), g.padTop(), g.padLeft(), g.padBottom(), g.padRight(),
                g.resizedHeight() == 0 ? x.dim(1) : g.resizedHeight(),
                g.resizedWidth() == 0 ? x.dim(2) : g.resizedWidth());
    }

    private static Shape linear(Op op, Epilogue epilogue, List<Value> inputs) {
        Shape x = inputs.get(0).shape();
        Shape w = inputs.get(1).shape();
        if (w.rank() == 3) {
            return stacked(op, epilogue, inputs);
        }
        require(w.rank() == 2 && x.last() == w.dim(1), op, "the last axis of x must equal that of the weight", inputs);
        Shape out = x.with(-1, epilogue.gated() ? w.dim(0) / 2 : w.dim(0));
        epilogue(op, epilogue, w.dim(0), out, inputs);
        return out;
    }

    private static Shape stacked(Op op, Epilogue epilogue, List<Value> inputs) {
        Shape x = inputs.get(0).shape();
        Shape w = inputs.get(1).shape();
        require(x.last() == w.dim(2), op, "the last axis of x must equal that of the weight", inputs);
        require(epilogue.equals(new Epilogue(false, false, Activation.NONE, false, epilogue.residual())), op,
                "only a residual may follow several products", inputs);
        Shape out = Shape.of(IntStream.concat(IntStream.of(w.dim(0)), IntStream.of(x.with(-1, w.dim(1)).toArray()))
                .toArray());
        epilogue(op, epilogue, w.dim(1), out, inputs);
        return out;
    }

    private static Shape conv2d(Op.Conv2d op, List<Value> inputs) {
        Shape x = inputs.get(0).shape();
        Shape w = inputs.get(1).shape();
        require(x.rank() == 4 && w.rank() == 4 && x.last() == w.last(), op,
                "x must be [N, H, W, I] and the weight [O, KH, KW, I]", inputs);
        ConvolutionShape shape = convolutionShape(x, w, op.geometry());
        require(shape.resizedHeight() + shape.padTop() + shape.padBottom() >= shape.kernelHeight()
                && shape.resizedWidth() + shape.padLeft() + shape.padRight() >= shape.kernelWidth(), op,
                "the filter must fit into the padded image", inputs);
        int channels = op.epilogue().gated() ? w.dim(0) / 2 : w.dim(0);
        Shape out = Shape.of(x.dim(0), shape.outHeight(), shape.outWidth(), channels);
        epilogue(op, op.epilogue(), w.dim(0), out, inputs);
        return out;
    }

    private static void epilogue(Op op, Epilogue epilogue, int outChannels, Shape out, List<Value> inputs) {
        int next = 2;
        if (epilogue.bias()) {
            require(inputs.size() > next && inputs.get(next++).shape().equals(Shape.of(outChannels)), op,
                    "the bias must be [" + outChannels + "]", inputs);
        }
        if (epilogue.sampleBias()) {
            require(inputs.size() > next && inputs.get(next++).shape().count() == (long) out.dim(0) * outChannels, op,
                    "the sample bias must be [N, " + outChannels + "]", inputs);
        }
        if (epilogue.residual()) {
            require(inputs.size() > next && inputs.get(next++).shape().equals(out), op,
                    "the residual must be " + out, inputs);
        }
        count(op, inputs, next);
    }

    private static Shape attention(Op.Attention op, List<Value> inputs) {
        count(op, inputs, op.masked() ? 4 : 3);
        Shape q = inputs.get(0).shape();
        Shape k = inputs.get(1).shape();
        require(q.rank() == 3 && k.rank() == 3 && k.equals(inputs.get(2).shape()) && q.dim(0) == k.dim(0)
                && q.last() == k.last() && q.last() % op.heads() == 0, op,
                "q must be [N, L, heads·d], k and v [N, S, heads·d]", inputs);
        if (op.masked()) {
            require(inputs.get(3).shape().equals(Shape.of(k.dim(0), k.dim(1))), op, "the mask must be [N, S]", inputs);
        }
        return q;
    }

    static Shape channelwise(Op op, List<Value> inputs, int count) {
        count(op, inputs, count);
        Shape x = inputs.getFirst().shape();
        for (Value vector : inputs.subList(1, count)) {
            require(vector.shape().equals(Shape.of(x.last())), op, "weight and bias must be [" + x.last() + "]", inputs);
        }
        return x;
    }

    private static Shape concat(Op op, int axis, List<Value> inputs) {
        Shape first = inputs.getFirst().shape();
        int size = 0;
        for (Value input : inputs) {
            require(input.shape().rank() == first.rank()
                    && input.shape().with(axis, 1).equals(first.with(axis, 1)), op,
                    "all axes but " + axis + " must be equal", inputs);
            size += input.shape().dim(axis);
        }
        return first.with(axis, size);
    }

    static Shape scalarLoss(Op op, List<Value> inputs) {
        require(inputs.get(0).shape().equals(inputs.get(1).shape()), op, "the target must have x's shape", inputs);
        return Shape.of();
    }

    static Shape pool(Shape x, Window w) {
        return x.with(1, (x.dim(1) + 2 * w.padHeight() - w.kernelHeight()) / w.strideHeight() + 1)
                .with(2, (x.dim(2) + 2 * w.padWidth() - w.kernelWidth()) / w.strideWidth() + 1);
    }

    static Shape image(Op op, List<Value> inputs) {
        Shape x = only(op, inputs);
        require(x.rank() == 4, op, "x must be [N, H, W, C]", inputs);
        return x;
    }

    static Shape only(Op op, List<Value> inputs) {
        count(op, inputs, 1);
        return inputs.getFirst().shape();
    }

    private static Shape append(Shape shape, int size) {
        int[] dims = java.util.Arrays.copyOf(shape.toArray(), shape.rank() + 1);
        dims[shape.rank()] = size;
        return Shape.of(dims);
    }

    static void count(Op op, List<Value> inputs, int count) {
        require(inputs.size() == count, op, "needs " + count + " inputs", inputs);
    }

    static void require(boolean fits, Op op, String rule, List<Value> inputs) {
        if (!fits) {
            throw new IllegalArgumentException(op + ": " + rule + "; the inputs are "
                    + inputs.stream().map(v -> v.dtype() + " " + v.shape()).toList());
        }
    }
}
