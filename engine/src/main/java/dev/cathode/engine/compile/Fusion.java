package dev.cathode.engine.compile;

import dev.cathode.engine.graph.Broadcast;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Value;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Elementwise.Binary;
import dev.cathode.kernels.cpu.Epilogue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Rewrites a graph so that what one kernel can do in one pass is one operation:
///
/// * convolution or linear + bias per sample (the time embedding) + activation + residual,
/// * linear + GEGLU,
/// * group or batch normalisation + activation,
/// * nearest-neighbour resize + convolution.
///
/// A value is only swallowed if nothing else reads it and it is neither an output nor a wanted tap. Values that nobody
/// needs disappear.
public final class Fusion {
    private final Graph source;
    private final Set<String> taps;
    private final Map<Value, Integer> uses = new HashMap<>();
    private final Set<Value> named = new HashSet<>();

    private Fusion(Graph source, Set<String> taps) {
        this.source = source;
        this.taps = taps;
        named.addAll(source.outputs().values());
        named.addAll(source.effects());
        for (String tap : taps) {
            Value value = source.taps().get(tap);
            if (value == null) {
                throw new IllegalArgumentException("there is no tap " + tap + "; there are " + source.taps().keySet());
            }
            named.add(value);
        }
    }

    /// The graph with each normalisation and the activation behind it as one operation, and nothing else changed: what
    /// a graph should be before gradients are added to it, because such an operation's gradient needs no more than its
    /// own input, while an activation's needs the normalised numbers to be kept. Taps stay, but for those of values
    /// that are swallowed.
    public static Graph normalizations(Graph graph) {
        Graph fused = new Fusion(graph, Set.of()).rewrite(Extent.NORMALIZATIONS);
        return new Fusion(fused, Set.of()).rewrite(Extent.NOTHING);
    }

    /// How much is fused.
    private enum Extent { NOTHING, NORMALIZATIONS, EVERYTHING }

    /// The fused graph; `taps` names the taps to keep (as outputs `tap.<name>`).
    ///
    /// @throws IllegalArgumentException if a tap does not exist
    public static Graph apply(Graph graph, Set<String> taps) {
        Graph fused = new Fusion(graph, taps).rewrite(Extent.EVERYTHING);
        return new Fusion(fused, Set.of()).rewrite(Extent.NOTHING); // drops what was swallowed
    }

    /// The graph without what nothing needs, and nothing fused: every operation is a kernel of its own.
    public static Graph none(Graph graph, Set<String> taps) {
        return new Fusion(graph, taps).rewrite(Extent.NOTHING);
    }

    private Graph rewrite(Extent extent) {
        Set<Value> live = live();
        for (Value value : live) {
            value.inputs().forEach(input -> uses.merge(input, 1, Integer::sum));
        }
        var copy = new GraphCopy(source);
        for (Value value : source.values()) {
            if (live.contains(value) || value.op() instanceof Op.Input) { // a caller may set an input nobody reads
                copy.put(value, () -> emit(value, copy, extent));
            }
        }
        Graph target = copy.finish();
        taps.forEach(name -> target.output("tap." + name, copy.of(source.taps().get(name))));
        return target;
    }

    private Set<Value> live() {
        Set<Value> live = new HashSet<>();
        var open = new ArrayList<>(named);
        while (!open.isEmpty()) {
            Value value = open.removeLast();
            if (live.add(value)) {
                open.addAll(value.inputs());
            }
        }
        return live;
    }

    private Value emit(Value value, GraphCopy copy, Extent extent) {
        List<Value> inputs = copy.of(value.inputs());
        Value fused = switch (extent) {
            case NOTHING -> null;
            case NORMALIZATIONS -> value.op() instanceof Op.Activate(Activation activation) && swallows(value, 0)
                    ? normalized(inputs.getFirst(), activation) : null;
            case EVERYTHING -> fused(value, inputs, copy.target());
        };
        return fused != null ? fused : copy.emit(value, inputs);
    }

    /// The value as part of the kernel that makes one of its inputs, or null. `inputs` are those of the new graph.
    private Value fused(Value value, List<Value> inputs, Graph target) {
        return switch (value.op()) {
            case Op.Activate(Activation activation) -> swallows(value, 0) ? activated(inputs.getFirst(), activation) : null;
            case Op.GatedGelu _ -> swallows(value, 0) ? gated(inputs.getFirst()) : null;
            case Op.Pairwise(Binary operation) when operation == Binary.ADD -> added(value, inputs);
            case Op.Conv2d(Op.Geometry geometry, Epilogue epilogue)
                    when swallows(value, 0) && geometry.resizedHeight() == 0
                    && inputs.getFirst().op() instanceof Op.ResizeNearest(int height, int width) -> {
                var all = new ArrayList<>(inputs);
                all.set(0, inputs.getFirst().input(0));
                yield target.add(new Op.Conv2d(geometry.resized(height, width), epilogue), all);
            }
            default -> null;
        };
    }

    /// Whether input `index` of `value` is read by nobody else.
    private boolean swallows(Value value, int index) {
        Value input = value.input(index);
        return uses.get(input) == 1 && !named.contains(input);
    }

    private static Value activated(Value x, Activation activation) {
        Value normalized = normalized(x, activation);
        if (normalized != null) {
            return normalized;
        }
        Epilogue e = epilogue(x);
        return e == null || e.activation() != Activation.NONE || e.gated() || e.residual() ? null
                : with(x, new Epilogue(e.bias(), e.sampleBias(), activation, false, false), null);
    }

    private static Value normalized(Value x, Activation activation) {
        return switch (x.op()) {
            case Op.GroupNorm(int groups, float epsilon, Activation none) when none == Activation.NONE ->
                    x.graph().add(new Op.GroupNorm(groups, epsilon, activation), x.inputs());
            case Op.BatchNorm(float epsilon, Activation none) when none == Activation.NONE ->
                    x.graph().add(new Op.BatchNorm(epsilon, activation), x.inputs());
            default -> null;
        };
    }

    private static Value gated(Value x) {
        Epilogue e = epilogue(x);
        return x.op() instanceof Op.Linear && e.activation() == Activation.NONE && !e.residual() && !e.gated()
                ? with(x, new Epilogue(e.bias(), e.sampleBias(), Activation.NONE, true, false), null) : null;
    }

    private Value added(Value value, List<Value> inputs) {
        Value a = inputs.get(0);
        Value b = inputs.get(1);
        if (a.shape().equals(b.shape())) {
            // Of two candidates the later one: the other is ready by then.
            int first = a.id() > b.id() ? 0 : 1;
            for (int index : new int[] {first, 1 - first}) {
                Epilogue e = swallows(value, index) ? epilogue(inputs.get(index)) : null;
                if (e != null && !e.residual()) {
                    return with(inputs.get(index), new Epilogue(e.bias(), e.sampleBias(), e.activation(), e.gated(),
                            true), inputs.get(1 - index));
                }
            }
            return null;
        }
        Epilogue e = a.op() instanceof Op.Conv2d && swallows(value, 0) ? epilogue(a) : null;
        boolean perSample = Broadcast.of(a.shape(), b.shape()).outer() == a.shape().dim(0)
                && b.shape().count() == (long) a.shape().dim(0) * a.shape().last();
        return e == null || !perSample || e.sampleBias() || e.gated() || e.residual()
                || e.activation() != Activation.NONE ? null
                : with(a, new Epilogue(e.bias(), true, Activation.NONE, false, false), b);
    }

    private static Epilogue epilogue(Value x) {
        return switch (x.op()) {
            case Op.Linear(Epilogue epilogue) -> epilogue;
            case Op.Conv2d(Op.Geometry _, Epilogue epilogue) -> epilogue;
            default -> null;
        };
    }

    /// The product with another epilogue and, if there is one, a further operand (operands stand in the order in
    /// which the epilogue applies them, and are added in that order).
    private static Value with(Value product, Epilogue epilogue, Value operand) {
        var inputs = new ArrayList<>(product.inputs());
        if (operand != null) {
            inputs.add(operand);
        }
        Op op = switch (product.op()) {
            case Op.Linear _ -> new Op.Linear(epilogue);
            case Op.Conv2d(Op.Geometry geometry, Epilogue _) -> new Op.Conv2d(geometry, epilogue);
            default -> throw new IllegalArgumentException(product.op() + " has no epilogue");
        };
        return product.graph().add(op, inputs);
    }
}
