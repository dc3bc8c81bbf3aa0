package dev.cathode.engine.compile;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Value;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/// A new graph that a pass fills value by value from another: it knows what became of each value, and takes names and
/// blocks over.
final class GraphCopy {
    private final Graph source;
    private final Graph target = new Graph();
    private final Map<Value, Value> now = new HashMap<>();

    GraphCopy(Graph source) {
        this.source = source;
    }

    /// The graph being made.
    Graph target() {
        return target;
    }

    /// What a value of the source became.
    Value of(Value value) {
        return now.get(value);
    }

    /// What values of the source became.
    List<Value> of(Collection<Value> values) {
        return values.stream().map(now::get).toList();
    }

    /// Says what a value of the source becomes, as a part of the block it was in.
    void put(Value value, Supplier<Value> becomes) {
        now.put(value, inBlock(value, becomes));
    }

    /// Copies a value as it is.
    void put(Value value) {
        put(value, () -> emit(value, of(value.inputs())));
    }

    /// Adds a value as part of the block of another.
    Value inBlock(Value like, Supplier<Value> content) {
        return like.block().isEmpty() ? content.get() : target.block(like.block(), content);
    }

    /// Adds a value of the source with other inputs.
    Value emit(Value value, List<Value> inputs) {
        return switch (value.op()) {
            case Op.Input(String name) -> target.input(name, value.dtype(), value.shape());
            case Op.Parameter(String name) -> target.parameter(name, value.shape());
            default -> target.add(value.op(), inputs);
        };
    }

    /// The new graph with the outputs, effects and taps of the source, as far as their values are in it.
    Graph finish() {
        return finish(UnaryOperator.identity());
    }

    /// As [#finish()]; `returned` says what the new graph returns in the place of a value.
    Graph finish(UnaryOperator<Value> returned) {
        source.effects().forEach(effect -> target.effect(of(effect)));
        source.outputs().forEach((name, value) -> target.output(name, returned.apply(of(value))));
        source.taps().forEach((name, value) -> {
            if (now.containsKey(value)) {
                target.tap(name, of(value));
            }
        });
        return target;
    }
}
