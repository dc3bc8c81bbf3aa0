package dev.cathode.engine.graph;

import dev.cathode.kernels.cpu.Attention;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// What one run of a graph costs, before any device says how it does it.
///
/// Floating-point operations are those of the matrix products: convolutions by the direct algorithm, linear layers,
/// attention (all scores, also those a causal mask hides); a multiply and an add count as two. Other operations are
/// bound by memory and count none.
///
/// @param perOperation for each kind of operation in the graph (the name of its record), in the order of first use
/// @param parameters numbers in the model's parameters
public record Costs(Map<String, Cost> perOperation, long parameters) {
    /// Copies.
    public Costs {
        perOperation = Collections.unmodifiableMap(new LinkedHashMap<>(perOperation));
    }

    /// The cost of several operations.
    ///
    /// @param count how many
    /// @param flops floating-point operations
    /// @param bytes read and written, if every operation reads its inputs from memory and writes its result there
    public record Cost(int count, double flops, double bytes) {
        private Cost plus(Cost other) {
            return new Cost(count + other.count, flops + other.flops, bytes + other.bytes);
        }
    }

    /// The costs of a graph as it stands: also of values that no output needs.
    public static Costs of(Graph graph) {
        Map<String, Cost> perOperation = new LinkedHashMap<>();
        for (Value value : graph.values()) {
            if (!value.inputs().isEmpty()) {
                perOperation.merge(value.op().getClass().getSimpleName(),
                        new Cost(1, flops(value), bytes(value)), Cost::plus);
            }
        }
        return new Costs(perOperation, graph.parameters().values().stream().mapToLong(p -> p.shape().count()).sum());
    }

    /// The sum over all operations.
    public Cost total() {
        return perOperation.values().stream().reduce(new Cost(0, 0, 0), Cost::plus);
    }

    /// Floating-point operations of the whole graph.
    public double flops() {
        return total().flops;
    }

    /// Floating-point operations of one value.
    public static double flops(Value value) {
        return switch (value.op()) {
            case Op.Linear _, Op.Conv2d _ -> ShapeInference.convolutionShape(value).flops();
            case Op.Attention op -> attention(op, value).flops();
            case GradientOp op -> gradient(op, value);
            case Op.Input _, Op.Parameter _, Op.Fill _, Op.BatchNormTraining _, Op.Norm _, Op.ClipFactor _, UpdateOp _,
                 Op.GroupNorm _, Op.LayerNorm _, Op.BatchNorm _, Op.Softmax _,
                 Op.LogSoftmax _, Op.Activate _, Op.GatedGelu _, Op.Pairwise _, Op.Sum _, Op.Affine _, Op.Cast _, Op.Reshape _,
                 Op.Permute _, Op.Concat _, Op.Slice _, Op.Embedding _, Op.GatherRows _, Op.Sinusoid _,
                 Op.ResizeNearest _, Op.Resize _, Op.MaxPool _, Op.AveragePool _, Op.AdaptiveAveragePool _,
                 Op.MeanSquaredError _, Op.BinaryCrossEntropy _, Op.CrossEntropy _ -> 0;
        };
    }

    /// A gradient of a product costs what the product costs; attention's computes the scores again.
    private static double gradient(GradientOp op, Value value) {
        return switch (op) {
            case GradientOp.LinearInput _, GradientOp.Conv2dInput _ ->
                    2.0 * value.input(0).shape().count() * value.input(1).shape().count() / value.input(0).shape().last();
            case GradientOp.LinearWeight _, GradientOp.Conv2dFilter _ ->
                    2.0 * value.shape().count() * value.input(1).shape().rows();
            case GradientOp.Attention _ -> 10.0 * value.input(0).shape().count() * value.input(1).shape().dim(1);
            default -> 0;
        };
    }

    private static Attention.Shape attention(Op.Attention op, Value value) {
        Shape q = value.input(0).shape();
        return new Attention.Shape(q.dim(0), op.heads(), q.dim(1), value.input(1).shape().dim(1),
                q.last() / op.heads(), op.causal(), op.masked(), op.scale());
    }

    private static double bytes(Value value) {
        return switch (value.op()) {
            case Op.Reshape _ -> 0;
            // These read only what they return.
            case Op.Embedding _, Op.GatherRows _, Op.Slice _ -> 2.0 * value.bytes();
            default -> value.bytes() + value.inputs().stream().mapToDouble(Value::bytes).sum();
        };
    }
}
