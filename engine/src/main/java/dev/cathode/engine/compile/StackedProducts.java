package dev.cathode.engine.compile;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.weights.DType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/// Linear layers of one size that read the same value become one product of their stacked weights, and their results
/// slices of its: queries, keys and values of self-attention, and what a U-Net's blocks make of the time embedding. For
/// a device to which many small products cost more than a large one.
///
/// The weights are stacked once, in the prologue. Layers whose weights change, and those that the prologue computes
/// anyway, stay as they are. Biases become a residual, which costs nothing more, where there are only a few rows.
public final class StackedProducts {
    private static final int MOST_ROWS_WITH_BIAS = 8;
    private static final Epilogue RESIDUAL = new Epilogue(false, false, Activation.NONE, false, true);

    /// What layers have in common that can be stacked.
    private record Kind(Value x, Shape weight, DType type, boolean bias) { }

    private final Graph source;
    private final GraphCopy copy;
    private final Map<Kind, List<Value>> layers = new LinkedHashMap<>();
    private final Map<Kind, Value> products = new HashMap<>();

    private StackedProducts(Graph source) {
        this.source = source;
        copy = new GraphCopy(source);
    }

    /// The graph with such layers stacked.
    ///
    /// @param constantInputs inputs that stay for many runs
    /// @param variables parameters that change
    public static Graph apply(Graph graph, Set<String> constantInputs, Set<String> variables) {
        return new StackedProducts(graph).rewrite(new HashSet<>(Schedule.of(graph, constantInputs, variables).body()),
                variables);
    }

    private Graph rewrite(Set<Value> body, Set<String> variables) {
        for (Value value : source.values()) {
            if (body.contains(value) && canBeStacked(value, variables)) {
                layers.computeIfAbsent(kind(value), k -> new ArrayList<>()).add(value);
            }
        }
        layers.values().removeIf(alike -> alike.size() == 1);
        source.values().stream().filter(Placements::isParameter).forEach(copy::put); // which stacks read ahead of time
        for (Value value : source.values()) {
            if (layers.getOrDefault(kind(value), List.of()).contains(value)) {
                copy.put(value, () -> part(value));
            } else if (!Placements.isParameter(value)) {
                copy.put(value);
            }
        }
        return copy.finish();
    }

    private static boolean canBeStacked(Value value, Set<String> variables) {
        return value.op() instanceof Op.Linear(Epilogue epilogue)
                && (epilogue.equals(Epilogue.NONE)
                || epilogue.equals(Epilogue.BIAS) && value.shape().rows() <= MOST_ROWS_WITH_BIAS)
                && value.inputs().stream().skip(1).allMatch(input -> isConstant(input, variables));
    }

    private static boolean isConstant(Value value, Set<String> variables) {
        return switch (value.op()) {
            case Op.Parameter(String name) -> !variables.contains(name);
            case Op.Reshape _, Op.Cast _ -> isConstant(value.input(0), variables);
            default -> false;
        };
    }

    /// Null for what is no linear layer.
    private static Kind kind(Value value) {
        return value.op() instanceof Op.Linear(Epilogue epilogue)
                ? new Kind(value.input(0), value.input(1).shape(), value.dtype(), epilogue.bias()) : null;
    }

    /// A layer's slice of the product it has become a part of.
    private Value part(Value layer) {
        List<Value> alike = layers.get(kind(layer));
        Value product = products.computeIfAbsent(kind(layer), k -> product(alike));
        int index = alike.indexOf(layer);
        return Ops.reshape(Ops.slice(product, 0, index, index + 1), layer.shape().toArray());
    }

    /// `[layers, …, O]`
    private Value product(List<Value> alike) {
        Value first = alike.getFirst();
        Shape weight = first.input(1).shape();
        Value weights = Ops.concat(0, alike.stream().map(layer -> copy.of(layer.input(1))).toArray(Value[]::new));
        List<Value> inputs = new ArrayList<>(List.of(copy.of(first.input(0)),
                Ops.reshape(weights, alike.size(), weight.dim(0), weight.dim(1))));
        boolean bias = first.inputs().size() > 2;
        if (bias) {
            inputs.add(biases(alike));
        }
        return copy.target().add(new Op.Linear(bias ? RESIDUAL : Epilogue.NONE), inputs);
    }

    /// Each layer's bias for each row, `[layers, …, O]`.
    private Value biases(List<Value> alike) {
        Shape one = alike.getFirst().shape();
        Value rows = Ops.concat(0, alike.stream().map(layer -> Ops.reshape(copy.of(layer.input(2)), 1, one.last()))
                .flatMap(bias -> IntStream.range(0, one.rows()).mapToObj(i -> bias)).toArray(Value[]::new));
        return Ops.reshape(rows, IntStream.concat(IntStream.of(alike.size()), IntStream.of(one.toArray())).toArray());
    }
}
