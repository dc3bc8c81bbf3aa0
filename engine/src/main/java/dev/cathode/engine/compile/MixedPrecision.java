package dev.cathode.engine.compile;

import dev.cathode.engine.graph.GradientOp;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Value;
import dev.cathode.weights.DType;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/// bfloat16 products over float32 master weights (Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740;
/// Kalamkar et al. 2019, https://arxiv.org/abs/1905.12322).
///
/// What linear layers, convolutions and attention multiply, forward and backward, is rounded to bfloat16: activations,
/// weights and gradients. Their sums and results stay float32, and so does everything else: normalisations, softmax,
/// residual sums, losses, reductions, updates. bfloat16 has float32's range, so that no loss needs scaling.
///
/// What is rounded lies in memory as bfloat16, so that what the backward pass multiplies is remembered in half the
/// space; the inputs of activation functions too. It is widened again right before it is read: a device whose kernels
/// have no bfloat16 products saves memory this way, not time.
public final class MixedPrecision {
    private final Graph source;
    private final GraphCopy copy;
    private final int forwardEnd;
    /// Values of the forward pass that the backward pass reads in float32: a rounded copy beside them would be more to
    /// remember, not less.
    private final Set<Value> keptWhole = new HashSet<>();
    private final Set<Value> keptRounded = new HashSet<>();
    private final Phase forward = new Phase();
    private final Phase backward = new Phase();

    /// What was rounded, and widened again, in one of the two passes.
    private static final class Phase {
        private final Map<Value, Value> narrow = new HashMap<>();
        private final Map<Value, Value> wide = new HashMap<>();
    }

    private MixedPrecision(Graph source, Value loss) {
        this.source = source;
        copy = new GraphCopy(source);
        forwardEnd = loss.id();
    }

    /// The graph with products of rounded operands.
    ///
    /// @param graph a network, its loss, and after it gradients and updates
    /// @param loss the last value of the forward pass
    public static Graph apply(Graph graph, Value loss) {
        return new MixedPrecision(graph, loss).rewrite();
    }

    private Graph rewrite() {
        for (Value value : source.values()) {
            for (int i = 0; isBackward(value) && i < value.inputs().size(); i++) {
                Value read = whole(value.input(i));
                (isRounded(value.op(), i) ? keptRounded : keptWhole).add(read);
            }
        }
        keptRounded.removeIf(value -> isBackward(value) || keptWhole.contains(value) || value.inputs().isEmpty());
        for (Value value : source.values()) {
            copy.put(value, () -> copy.emit(value, operands(value)));
            if (keptRounded.contains(value)) {
                forward.narrow.put(value, copy.inBlock(value, () -> Ops.cast(copy.of(value), DType.BF16)));
            }
        }
        return copy.finish();
    }

    private boolean isBackward(Value value) {
        return value.id() > forwardEnd;
    }

    /// Whether an operation reads its input number `index` rounded.
    private static boolean isRounded(Op op, int index) {
        return index < switch (op) {
            case GradientOp.Activate _, GradientOp.GatedGelu _ -> 1; // what the function was of
            case Op.Linear _, Op.Conv2d _, GradientOp.LinearInput _, GradientOp.LinearWeight _,
                 GradientOp.Conv2dInput _, GradientOp.Conv2dFilter _ -> 2;
            case Op.Attention _ -> 3; // q, k, v
            case GradientOp.Attention _ -> 5; // q, k, v, the result and its gradient
            default -> 0;
        };
    }

    /// What a value is another shape of.
    private static Value whole(Value value) {
        return value.op() instanceof Op.Reshape ? whole(value.input(0)) : value;
    }

    private List<Value> operands(Value value) {
        return IntStream.range(0, value.inputs().size()).mapToObj(i -> {
            Value input = value.input(i);
            if (!isRounded(value.op(), i)) {
                return copy.of(input);
            }
            if (MemoryPlan.isParameter(input)) {
                return weight(value.op(), i, copy.of(input));
            }
            return Ops.reshape(widened(whole(input), isBackward(value) ? backward : forward), input.shape().toArray());
        }).toList();
    }

    /// Weights are rounded as they are packed; a parameter that stands where activations do is copied for it.
    private static Value weight(Op op, int index, Value parameter) {
        boolean packed = index == 1 && switch (op) {
            case Op.Linear _, Op.Conv2d _, GradientOp.LinearInput _, GradientOp.Conv2dInput _ -> true;
            default -> false;
        };
        return packed ? Ops.cast(parameter, DType.BF16)
                : Ops.cast(Ops.cast(Ops.affine(parameter, 1, 0), DType.BF16), DType.F32);
    }

    /// A rounded value as float32, once for each of the two passes: so it need not be kept between them.
    private Value widened(Value value, Phase phase) {
        Value wide = phase.wide.get(value);
        if (wide == null) {
            wide = Ops.cast(narrowed(value, phase), DType.F32);
            phase.wide.put(value, wide);
        }
        return wide;
    }

    private Value narrowed(Value value, Phase phase) {
        Phase made = keptRounded.contains(value) ? forward : phase;
        Value narrow = made.narrow.get(value);
        if (narrow == null) {
            narrow = Ops.cast(copy.of(value), DType.BF16);
            made.narrow.put(value, narrow);
        }
        return narrow;
    }
}
