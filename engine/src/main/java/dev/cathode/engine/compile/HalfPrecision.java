package dev.cathode.engine.compile;

import dev.cathode.engine.graph.GradientOp;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import dev.cathode.weights.DType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A graph as a device computes it whose kernels work on 16-bit numbers: every value gets the type in which it lies in
/// memory, and casts stand where two types meet.
///
/// * Products, attention and lookups read 16-bit numbers, and so do what follows them element by element: the whole of
///   a network between its first and its last product lies in half the memory.
/// * Weights and statistics of normalisations, masks, timesteps, softmax, losses, sums and updates are float32.
/// * What stands alone keeps its type; where operands of both types meet element by element, float32 wins. What depends
///   on parameters alone follows the others.
/// * Inputs and outputs are float32 for whoever runs the graph.
///
/// Casts that [MixedPrecision] wrote mean nothing more here: what it rounds is 16 bits wide already, and what it widens
/// its readers read as it is.
public final class HalfPrecision {
    /// How an operation reads an operand.
    private enum Reading {
        /// in 16 bits
        HALF,
        /// in 32 bits
        FLOAT,
        /// in the type that the result has
        RESULT,
        /// in whatever type it has
        ANY
    }

    private final Graph source;
    private final GraphCopy copy;
    private final DType half;
    private final Map<Value, Map<DType, Value>> casts = new HashMap<>();
    /// Values of the new graph that depend on parameters alone.
    private final Set<Value> constants = new HashSet<>();

    private HalfPrecision(Graph source, DType half) {
        this.source = source;
        copy = new GraphCopy(source);
        this.half = half;
    }

    /// The graph in this type.
    ///
    /// @param half [DType#BF16] or [DType#F16]
    public static Graph apply(Graph graph, DType half) {
        return new HalfPrecision(graph, half).rewrite();
    }

    private Graph rewrite() {
        for (Value value : source.values()) {
            copy.put(value, () -> emit(value));
        }
        return copy.finish(value -> as(value, DType.F32));
    }

    private Value emit(Value value) {
        List<Value> inputs = copy.of(value.inputs());
        if (value.op() instanceof Op.Cast(DType to) && inputs.getFirst().dtype() != DType.I32 && to != DType.I32) {
            return to == DType.F32 ? inputs.getFirst() : as(inputs.getFirst(), half);
        }
        DType result = result(value.op(), inputs);
        List<Value> operands = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            Value input = inputs.get(i);
            operands.add(switch (reading(value.op(), i)) {
                case HALF -> as(input, half);
                case FLOAT -> as(input, DType.F32);
                case RESULT -> as(input, result);
                case ANY -> input;
            });
        }
        Value emitted = copy.emit(value, operands);
        boolean leaf = value.op() instanceof Op.Parameter || value.op() instanceof Op.Fill;
        if (leaf || !operands.isEmpty() && constants.containsAll(operands)) {
            constants.add(emitted);
        }
        return emitted;
    }

    /// The type in which operands meet that are read as [Reading#RESULT].
    private DType result(Op op, List<Value> inputs) {
        boolean varies = false;
        for (int i = 0; i < inputs.size(); i++) {
            Value input = inputs.get(i);
            if (reading(op, i) == Reading.RESULT && !constants.contains(input) && input.dtype() != DType.I32) {
                if (input.dtype() == DType.F32) {
                    return DType.F32;
                }
                varies = true;
            }
        }
        return varies ? half : DType.F32;
    }

    private static Reading reading(Op op, int index) {
        return switch (op) {
            case Op.Linear _, Op.Conv2d _ -> Reading.HALF;
            case Op.Attention _ -> index < 3 ? Reading.HALF : Reading.FLOAT; // q, k, v; the mask
            case Op.Embedding _ -> Reading.HALF;
            case Op.GroupNorm _, Op.LayerNorm _, Op.BatchNorm _ -> index == 0 ? Reading.RESULT : Reading.FLOAT;
            case Op.BatchNormTraining _, Op.Softmax _, Op.LogSoftmax _, Op.Sinusoid _, Op.MeanSquaredError _,
                 Op.BinaryCrossEntropy _, Op.CrossEntropy _, Op.ClipFactor _ -> Reading.FLOAT;
            case Op.Activate _, Op.GatedGelu _, Op.Pairwise _, Op.Affine _, Op.Reshape _, Op.Permute _, Op.Concat _,
                 Op.Slice _, Op.GatherRows _, Op.ResizeNearest _, Op.Resize _, Op.MaxPool _, Op.AveragePool _,
                 Op.AdaptiveAveragePool _ -> Reading.RESULT;
            case Op.Input _, Op.Parameter _, Op.Fill _, Op.Sum _, Op.Cast _, Op.Norm _ -> Reading.ANY;
            case GradientOp gradient -> reading(gradient, index);
            case UpdateOp.Average _, UpdateOp.SamplerStep _ -> Reading.FLOAT;
            case UpdateOp _ -> Reading.ANY;
        };
    }

    private static Reading reading(GradientOp op, int index) {
        return switch (op) {
            case GradientOp.LinearInput _, GradientOp.LinearWeight _, GradientOp.Conv2dInput _,
                 GradientOp.Conv2dFilter _ -> Reading.HALF;
            case GradientOp.Attention _ -> index < 5 ? Reading.HALF : Reading.FLOAT; // q, k, v, result, dy; the mask
            case GradientOp.GroupNorm _ -> index == 0 || index == 3 ? Reading.RESULT : Reading.FLOAT; // x, dy
            case GradientOp.LayerNorm _ -> index == 0 || index == 2 ? Reading.RESULT : Reading.FLOAT;
            case GradientOp.BatchNorm _ -> index == 0 || index == 5 ? Reading.RESULT : Reading.FLOAT;
            case GradientOp.BatchNormTraining _, GradientOp.Softmax _, GradientOp.LogSoftmax _,
                 GradientOp.MeanSquaredError _, GradientOp.BinaryCrossEntropy _, GradientOp.CrossEntropy _ ->
                    Reading.FLOAT;
            case GradientOp.Activate _, GradientOp.GatedGelu _, GradientOp.Slice _, GradientOp.Embedding _,
                 GradientOp.GatherRows _, GradientOp.ResizeNearest _, GradientOp.Resize _, GradientOp.MaxPool _,
                 GradientOp.AveragePool _, GradientOp.AdaptiveAveragePool _ -> Reading.RESULT;
        };
    }

    /// A value of the new graph in a type, once for all its readers; integers stay what they are.
    private Value as(Value value, DType type) {
        if (value.dtype() == DType.I32 || value.dtype() == type) {
            return value;
        }
        Map<DType, Value> known = casts.computeIfAbsent(value, k -> new HashMap<>());
        Value cast = known.get(type);
        if (cast == null) {
            cast = Ops.cast(value, type);
            known.put(type, cast);
            casts.computeIfAbsent(cast, k -> new HashMap<>()).put(value.dtype(), value);
            if (constants.contains(value)) {
                constants.add(cast);
            }
        }
        return cast;
    }
}
