package dev.cathode.engine.graph;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Elementwise.Binary;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.weights.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The functions that model code calls; they read like eager code and add to the graph of their inputs.
public final class Ops {
    private Ops() { }

    /// `x wᵀ + b`; `bias` may be null.
    public static Value linear(Value x, Value weight, Value bias) {
        return product(new Op.Linear(bias == null ? Epilogue.NONE : Epilogue.BIAS), x, weight, bias);
    }

    /// A convolution; `bias` may be null.
    public static Value conv2d(Value x, Value weight, Value bias, Op.Geometry geometry) {
        return product(new Op.Conv2d(geometry, bias == null ? Epilogue.NONE : Epilogue.BIAS), x, weight, bias);
    }

    private static Value product(Op op, Value x, Value weight, Value bias) {
        var inputs = new ArrayList<>(List.of(x, weight));
        if (bias != null) {
            inputs.add(bias);
        }
        return x.graph().add(op, inputs);
    }

    /// Scaled dot-product attention with `heads` heads, scale 1/√(head size). `mask` (additive, `[N, S]`) may be null.
    public static Value attention(Value q, Value k, Value v, int heads, boolean causal, Value mask) {
        float scale = (float) (1 / Math.sqrt((double) q.shape().last() / heads));
        var inputs = new ArrayList<>(List.of(q, k, v));
        if (mask != null) {
            inputs.add(mask);
        }
        return q.graph().add(new Op.Attention(heads, causal, mask != null, scale), inputs);
    }

    /// Group normalisation.
    public static Value groupNorm(Value x, Value weight, Value bias, int groups, double epsilon) {
        return x.graph().add(new Op.GroupNorm(groups, (float) epsilon, Activation.NONE), List.of(x, weight, bias));
    }

    /// Layer normalisation over the last axis.
    public static Value layerNorm(Value x, Value weight, Value bias, double epsilon) {
        return x.graph().add(new Op.LayerNorm((float) epsilon), List.of(x, weight, bias));
    }

    /// Batch normalisation by given statistics.
    public static Value batchNorm(Value x, Value mean, Value variance, Value weight, Value bias, double epsilon) {
        return x.graph().add(new Op.BatchNorm((float) epsilon, Activation.NONE),
                List.of(x, mean, variance, weight, bias));
    }

    /// Batch normalisation by the statistics of x itself, then an activation; see [Op.BatchNormTraining].
    public static BatchNormalized batchNormTraining(Value x, Value weight, Value bias, double epsilon,
                                                    Activation activation) {
        Value all = x.graph().add(new Op.BatchNormTraining((float) epsilon, activation), List.of(x, weight, bias));
        Parts parts = Parts.of(all);
        return new BatchNormalized(parts.of(all, 0), parts.of(all, 1), parts.of(all, 2));
    }

    /// What [#batchNormTraining] gives.
    ///
    /// @param y the result, shape of x
    /// @param mean of each channel
    /// @param variance of each channel, divided by one less than the number of rows
    public record BatchNormalized(Value y, Value mean, Value variance) { }

    /// An activation function.
    public static Value activate(Value x, Activation activation) {
        return activation == Activation.NONE ? x : unary(new Op.Activate(activation), x);
    }

    /// `x · sigmoid(x)`.
    public static Value silu(Value x) {
        return activate(x, Activation.SILU);
    }

    /// GEGLU: the first half of the last axis times the exact GELU of the second.
    public static Value gatedGelu(Value x) {
        return unary(new Op.GatedGelu(), x);
    }

    /// Softmax over the last axis.
    public static Value softmax(Value x) {
        return unary(new Op.Softmax(), x);
    }

    /// `a + b`; b may be repeated, see [Op.Pairwise].
    public static Value add(Value a, Value b) {
        return pairwise(Binary.ADD, a, b);
    }

    /// `a · b`; b may be repeated.
    public static Value multiply(Value a, Value b) {
        return pairwise(Binary.MULTIPLY, a, b);
    }

    /// A function of two numbers.
    public static Value pairwise(Binary operation, Value a, Value b) {
        return a.graph().add(new Op.Pairwise(operation), List.of(a, b));
    }

    /// `a - b`; b may be repeated.
    public static Value subtract(Value a, Value b) {
        return pairwise(Binary.SUBTRACT, a, b);
    }

    /// `scale · x + shift`.
    public static Value affine(Value x, double scale, double shift) {
        return unary(new Op.Affine((float) scale, (float) shift), x);
    }

    /// Numbers of another type.
    public static Value cast(Value x, DType to) {
        return x.dtype() == to ? x : unary(new Op.Cast(to), x);
    }

    /// The same numbers under another shape.
    public static Value reshape(Value x, int... dims) {
        Shape shape = Shape.of(dims);
        return x.shape().equals(shape) ? x : unary(new Op.Reshape(shape), x);
    }

    /// Axes in another order.
    public static Value permute(Value x, Integer... axes) {
        return unary(new Op.Permute(Arrays.asList(axes)), x);
    }

    /// `[N, C, H, W]` to `[N, H, W, C]`.
    public static Value toChannelsLast(Value x) {
        return permute(x, 0, 2, 3, 1);
    }

    /// `[N, H, W, C]` to `[N, C, H, W]`.
    public static Value toChannelsFirst(Value x) {
        return permute(x, 0, 3, 1, 2);
    }

    /// Values one after the other along an axis (negative: from the end).
    public static Value concat(int axis, Value... values) {
        Value first = values[0];
        return first.graph().add(new Op.Concat(axis < 0 ? axis + first.shape().rank() : axis), List.of(values));
    }

    /// A part of an axis (negative: from the end).
    public static Value slice(Value x, int axis, int start, int end) {
        return unary(new Op.Slice(axis < 0 ? axis + x.shape().rank() : axis, start, end), x);
    }

    /// Rows of a table.
    public static Value embedding(Value table, Value ids) {
        return embedding(table, ids, -1);
    }

    /// Rows of a table of which one, that of the padding token, gets no gradient.
    public static Value embedding(Value table, Value ids, int paddingIndex) {
        return table.graph().add(new Op.Embedding(paddingIndex), List.of(table, ids));
    }

    /// One row of each sample.
    public static Value gatherRows(Value x, Value positions) {
        return x.graph().add(new Op.GatherRows(), List.of(x, positions));
    }

    /// Nearest-neighbour resize.
    public static Value resizeNearest(Value x, int height, int width) {
        return unary(new Op.ResizeNearest(height, width), x);
    }

    /// Mean of `(x - target)²`.
    public static Value meanSquaredError(Value x, Value target) {
        return x.graph().add(new Op.MeanSquaredError(false), List.of(x, target));
    }

    /// Mean of `(x - target)²`, each sample times its weight `[N]`.
    public static Value meanSquaredError(Value x, Value target, Value weights) {
        return x.graph().add(new Op.MeanSquaredError(true), List.of(x, target, weights));
    }

    /// The sum over the axes along which a value of `shape` would be repeated; see [Op.Sum].
    public static Value sum(Value x, Shape shape) {
        return x.shape().equals(shape) ? x : unary(new Op.Sum(shape), x);
    }

    /// The mean of everything.
    public static Value mean(Value x) {
        return affine(sum(x, Shape.of()), 1.0 / x.shape().count(), 0);
    }

    /// The same number everywhere.
    public static Value fill(Graph graph, float value, Shape shape) {
        return graph.add(new Op.Fill(value, shape), List.of());
    }

    /// Any operation of one input.
    public static Value unary(Op op, Value x) {
        return x.graph().add(op, List.of(x));
    }
}
