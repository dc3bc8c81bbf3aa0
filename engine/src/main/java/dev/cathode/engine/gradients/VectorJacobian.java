package dev.cathode.engine.gradients;

import dev.cathode.engine.graph.Broadcast;
import dev.cathode.engine.graph.GradientOp;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Parts;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Elementwise.Binary;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.Rearrangement.Filter;
import dev.cathode.kernels.cpu.Rearrangement.Window;
import dev.cathode.weights.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;

/// The derivative of every operation: from the gradient of a result to the gradients of its inputs, in the order of
/// [Op].
final class VectorJacobian {
    private final Value y;
    private final Value dy;
    private final IntPredicate wanted;
    private final Graph graph;

    private VectorJacobian(Value y, Value dy, IntPredicate wanted) {
        this.y = y;
        this.dy = dy;
        this.wanted = wanted;
        graph = y.graph();
    }

    /// The gradients of the inputs of `y`; null for those that are not wanted.
    ///
    /// @throws IllegalArgumentException if a wanted one does not exist
    static List<Value> of(Value y, Value dy, IntPredicate wanted) {
        return new VectorJacobian(y, dy, wanted).gradients();
    }

    private List<Value> gradients() {
        return switch (y.op()) {
            case Op.Input _, Op.Parameter _, Op.Fill _ -> List.of();
            case Op.Linear(Epilogue epilogue) -> product(epilogue,
                    wanted.test(0) ? graph.add(new GradientOp.LinearInput(), List.of(dy, y.input(1))) : null,
                    wanted.test(1) ? graph.add(new GradientOp.LinearWeight(), List.of(y.input(0), dy)) : null);
            case Op.Conv2d(Op.Geometry geometry, Epilogue epilogue) -> convolution(geometry, epilogue);
            case Op.Attention op -> attention(op);
            case Op.GroupNorm(int groups, float epsilon, Activation activation) ->
                    parts(new GradientOp.GroupNorm(groups, epsilon, activation), dy, 0, 1, 2);
            case Op.LayerNorm(float epsilon) -> {
                refuseOthers(0, 1, 2);
                Value all = graph.add(new GradientOp.LayerNorm(epsilon), List.of(y.input(0), y.input(1), dy));
                yield parts(all, 0, 1, 2);
            }
            case Op.BatchNorm(float epsilon, Activation activation) ->
                    parts(new GradientOp.BatchNorm(epsilon, activation), dy, 0, 3, 4);
            case Op.BatchNormTraining(float epsilon, Activation activation) ->
                    parts(new GradientOp.BatchNormTraining(epsilon, activation), firstPart(), 0, 1, 2);
            case Op.Softmax _ -> List.of(graph.add(new GradientOp.Softmax(), List.of(y, dy)));
            case Op.LogSoftmax _ -> List.of(graph.add(new GradientOp.LogSoftmax(), List.of(y, dy)));
            case Op.Activate(Activation activation) ->
                    List.of(graph.add(new GradientOp.Activate(activation), List.of(y.input(0), dy)));
            case Op.GatedGelu _ -> List.of(graph.add(new GradientOp.GatedGelu(), List.of(y.input(0), dy)));
            case Op.Pairwise(Binary operation) -> pairwise(operation);
            case Op.Sum _ -> List.of(Ops.multiply(Ops.fill(graph, 1, y.input(0).shape()), dy));
            case Op.Affine(float scale, float _) -> List.of(scale == 1 ? dy : Ops.affine(dy, scale, 0));
            case Op.Cast _ -> {
                require(y.input(0).dtype() != DType.I32, "whole numbers have no gradient");
                yield List.of(dy);
            }
            case Op.Reshape _ -> List.of(Ops.reshape(dy, y.input(0).shape().toArray()));
            case Op.Permute(List<Integer> axes) -> {
                Integer[] back = new Integer[axes.size()];
                for (int i = 0; i < back.length; i++) {
                    back[axes.get(i)] = i;
                }
                yield List.of(Ops.permute(dy, back));
            }
            case Op.Concat(int axis) -> concat(axis);
            case Op.Slice(int axis, int start, int _) ->
                    List.of(Ops.unary(new GradientOp.Slice(axis, start, y.input(0).shape().dim(axis)), dy));
            case Op.Embedding(int paddingIndex) -> one(0, 2, wanted.test(0) ? graph.add(
                    new GradientOp.Embedding(y.input(0).shape().dim(0), paddingIndex), List.of(y.input(1), dy)) : null);
            case Op.GatherRows _ -> one(0, 2, wanted.test(0)
                    ? graph.add(new GradientOp.GatherRows(y.input(0).shape().dim(1)), List.of(y.input(1), dy)) : null);
            case Op.Sinusoid _ -> throw none("timesteps have no gradient");
            case Op.ResizeNearest _ -> image((height, width) -> new GradientOp.ResizeNearest(height, width));
            case Op.Resize(Filter filter, boolean antialias, int _, int _) ->
                    image((height, width) -> new GradientOp.Resize(filter, antialias, height, width));
            case Op.MaxPool(Window window) -> List.of(graph.add(new GradientOp.MaxPool(window), List.of(y.input(0), dy)));
            case Op.AveragePool(Window window, boolean countPadding) ->
                    image((height, width) -> new GradientOp.AveragePool(window, countPadding, height, width));
            case Op.AdaptiveAveragePool _ -> image((height, width) -> new GradientOp.AdaptiveAveragePool(height, width));
            case Op.MeanSquaredError(boolean weighted) -> meanSquaredError(weighted);
            case Op.BinaryCrossEntropy(boolean masked) -> binaryCrossEntropy(masked);
            case Op.CrossEntropy(int ignoreIndex, float labelSmoothing) ->
                    one(0, 2, loss(new GradientOp.CrossEntropy(ignoreIndex, labelSmoothing)));
            case Op.Norm _, Op.ClipFactor _, GradientOp _, UpdateOp _ ->
                    throw none("gradients of gradients are not supported");
        };
    }

    // ---- products

    private List<Value> convolution(Op.Geometry g, Epilogue epilogue) {
        Value x = y.input(0);
        Shape w = y.input(1).shape();
        Value dx = null;
        Value dw = null;
        if (wanted.test(0)) {
            Op.Geometry plain = g.resized(0, 0);
            boolean resized = g.resizedHeight() != 0;
            dx = graph.add(new GradientOp.Conv2dInput(plain, resized ? g.resizedHeight() : x.shape().dim(1),
                    resized ? g.resizedWidth() : x.shape().dim(2)), List.of(dy, y.input(1)));
            dx = resized ? Ops.unary(new GradientOp.ResizeNearest(x.shape().dim(1), x.shape().dim(2)), dx) : dx;
        }
        if (wanted.test(1)) {
            Value seen = g.resizedHeight() == 0 ? x : Ops.resizeNearest(x, g.resizedHeight(), g.resizedWidth());
            dw = graph.add(new GradientOp.Conv2dFilter(g.resized(0, 0), w.dim(1), w.dim(2)), List.of(seen, dy));
        }
        return product(epilogue, dx, dw);
    }

    private List<Value> product(Epilogue epilogue, Value input, Value weight) {
        require(epilogue.equals(Epilogue.NONE) || epilogue.equals(Epilogue.BIAS), "gradients come before fusion");
        return Arrays.asList(input, weight,
                epilogue.bias() && wanted.test(2) ? sum(dy, y.input(2).shape()) : null).subList(0, y.inputs().size());
    }

    private List<Value> attention(Op.Attention op) {
        refuseOthers(0, 1, 2);
        var inputs = new ArrayList<>(List.of(y.input(0), y.input(1), y.input(2), y, dy));
        if (op.masked()) {
            inputs.add(y.input(3));
        }
        return parts(graph.add(new GradientOp.Attention(op.heads(), op.causal(), op.masked(), op.scale()), inputs), 0, 1, 2);
    }

    // ---- normalisations

    /// A gradient of all inputs and dy, whose three parts belong to these inputs.
    private List<Value> parts(GradientOp op, Value gradient, int... owners) {
        refuseOthers(owners);
        var inputs = new ArrayList<>(y.inputs());
        inputs.add(gradient);
        return parts(graph.add(op, inputs), owners);
    }

    private List<Value> parts(Value all, int... owners) {
        Parts parts = Parts.of(all);
        Value[] gradients = new Value[y.inputs().size()];
        for (int i = 0; i < owners.length; i++) {
            gradients[owners[i]] = wanted.test(owners[i]) ? parts.of(all, i) : null;
        }
        return Arrays.asList(gradients);
    }

    /// The gradient of the first of several results, out of the vector of all: as it was before it was put there.
    private Value firstPart() {
        Shape shape = Parts.of(y).shapes().getFirst();
        require(dy.op() instanceof GradientOp.Slice(int _, int start, int _) && start == 0
                && dy.input(0).shape().count() == shape.count(), "nothing flows back through batch statistics");
        return Ops.reshape(dy.input(0), shape.toArray());
    }

    // ---- elementwise

    private List<Value> pairwise(Binary operation) {
        Value a = y.input(0);
        Value b = y.input(1);
        return switch (operation) {
            case ADD -> Arrays.asList(dy, wanted.test(1) ? sum(dy, b.shape()) : null);
            case SUBTRACT -> Arrays.asList(dy, wanted.test(1) ? Ops.affine(sum(dy, b.shape()), -1, 0) : null);
            case MULTIPLY -> Arrays.asList(wanted.test(0) ? Ops.multiply(dy, b) : null,
                    wanted.test(1) ? sum(Ops.multiply(dy, a), b.shape()) : null);
            case DIVIDE -> {
                Value quotient = Ops.pairwise(Binary.DIVIDE, dy, b);
                yield Arrays.asList(quotient,
                        wanted.test(1) ? Ops.affine(sum(Ops.multiply(quotient, y), b.shape()), -1, 0) : null);
            }
        };
    }

    /// Sums over the axes along which a value of `shape` was repeated.
    private static Value sum(Value gradient, Shape shape) {
        return Broadcast.of(gradient.shape(), shape).isNone() ? Ops.reshape(gradient, shape.toArray())
                : Ops.unary(new Op.Sum(shape), gradient);
    }

    // ---- rearrangements

    private List<Value> concat(int axis) {
        List<Value> gradients = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < y.inputs().size(); i++) {
            int end = start + y.input(i).shape().dim(axis);
            gradients.add(wanted.test(i) ? Ops.slice(dy, axis, start, end) : null);
            start = end;
        }
        return gradients;
    }

    @FunctionalInterface
    private interface ForImage {
        GradientOp of(int height, int width);
    }

    private List<Value> image(ForImage op) {
        Shape x = y.input(0).shape();
        return List.of(Ops.unary(op.of(x.dim(1), x.dim(2)), dy));
    }

    // ---- losses

    private List<Value> meanSquaredError(boolean weighted) {
        Value dx = loss(new GradientOp.MeanSquaredError(weighted));
        var gradients = new ArrayList<>(Arrays.asList(dx, wanted.test(1) ? Ops.affine(dx, -1, 0) : null));
        if (weighted) {
            gradients.add(wanted.test(2) ? meanSquaredErrorWeight() : null);
        }
        return gradients;
    }

    /// Each sample's squared error, divided by the number of all elements.
    private Value meanSquaredErrorWeight() {
        Value difference = Ops.subtract(y.input(0), y.input(1));
        int samples = y.input(2).shape().intCount();
        Value rows = Ops.reshape(Ops.multiply(difference, difference), samples, difference.shape().intCount() / samples);
        Value error = Ops.reshape(sum(rows, Shape.of(samples, 1)), samples);
        return Ops.multiply(Ops.affine(error, 1.0 / y.input(0).shape().count(), 0), dy);
    }

    private List<Value> binaryCrossEntropy(boolean masked) {
        Value x = y.input(0);
        Value dx = wanted.test(0) ? loss(new GradientOp.BinaryCrossEntropy(masked)) : null;
        if (!masked) {
            Value share = Ops.affine(dy, 1.0 / x.shape().count(), 0);
            return Arrays.asList(dx, wanted.test(1) ? Ops.multiply(Ops.affine(x, -1, 0), share) : null);
        }
        Value mask = y.input(2);
        Value share = Ops.pairwise(Binary.DIVIDE, dy, sum(mask, Shape.of()));
        // The loss of an element is softplus(x) - x · target; that of the whole is their mean over the mask.
        return Arrays.asList(dx,
                wanted.test(1) ? Ops.multiply(Ops.multiply(Ops.affine(x, -1, 0), mask), share) : null,
                wanted.test(2) ? Ops.multiply(Ops.subtract(Ops.subtract(Ops.activate(x, Activation.SOFTPLUS),
                        Ops.multiply(x, y.input(1))), y), share) : null);
    }

    private Value loss(GradientOp op) {
        var inputs = new ArrayList<>(y.inputs());
        inputs.add(dy);
        return graph.add(op, inputs);
    }

    // ---- what has no gradient

    private List<Value> one(int index, int count, Value gradient) {
        refuseOthers(index);
        Value[] gradients = new Value[count];
        gradients[index] = gradient;
        return Arrays.asList(gradients);
    }

    private void refuseOthers(int... differentiable) {
        for (int i = 0; i < y.inputs().size(); i++) {
            int input = i;
            require(!wanted.test(i) || Arrays.stream(differentiable).anyMatch(d -> d == input),
                    "its input " + i + " has no gradient");
        }
    }

    private void require(boolean holds, String reason) {
        if (!holds) {
            throw none(reason);
        }
    }

    private IllegalArgumentException none(String reason) {
        return new IllegalArgumentException("cannot differentiate " + y.op() + ": " + reason);
    }
}
