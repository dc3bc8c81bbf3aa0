package dev.cathode.engine.graph;

import dev.cathode.weights.DType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// A network as a list of values in the order they are computed.
///
/// Model code adds values and names some of them: *outputs* are what a run returns, *taps* are inner values that a run
/// returns when asked to (tests compare every block through them); a tap that nobody asks for costs nothing.
public final class Graph {
    private final List<Value> values = new ArrayList<>();
    private final Map<String, Value> inputs = new LinkedHashMap<>();
    private final Map<String, Value> parameters = new LinkedHashMap<>();
    private final Map<String, Value> outputs = new LinkedHashMap<>();
    private final Map<String, Value> taps = new LinkedHashMap<>();
    private final List<Value> effects = new ArrayList<>();
    private String block = "";

    /// A graph without values.
    public Graph() { }

    /// Adds a value; shape and type follow from the operation.
    ///
    /// @throws IllegalArgumentException if the inputs do not fit the operation
    public Value add(Op op, List<Value> inputs) {
        for (Value input : inputs) {
            if (input.graph() != this) {
                throw new IllegalArgumentException("an input of " + op + " belongs to another graph");
            }
        }
        return append(op, inputs, ShapeInference.shape(op, inputs), ShapeInference.dtype(op, inputs));
    }

    /// A value given at each run.
    public Value input(String name, DType dtype, Shape shape) {
        return leaf(inputs, name, new Op.Input(name), dtype, shape);
    }

    /// A value of the model. Asking again for a name returns the same value.
    ///
    /// @throws IllegalArgumentException if the name was used with another shape
    public Value parameter(String name, Shape shape) {
        Value known = parameters.get(name);
        if (known != null && !known.shape().equals(shape)) {
            throw new IllegalArgumentException("parameter " + name + " has shape " + known.shape() + ", not " + shape);
        }
        return known != null ? known : leaf(parameters, name, new Op.Parameter(name), DType.F32, shape);
    }

    private Value leaf(Map<String, Value> names, String name, Op op, DType dtype, Shape shape) {
        if (names.containsKey(name)) {
            throw new IllegalArgumentException(name + " exists already");
        }
        Value value = append(op, List.of(), shape, dtype);
        names.put(name, value);
        return value;
    }

    private Value append(Op op, List<Value> inputs, Shape shape, DType dtype) {
        Value value = new Value(this, values.size(), op, inputs, shape, dtype, block);
        values.add(value);
        return value;
    }

    /// Names a value that every run returns.
    public void output(String name, Value value) {
        if (outputs.putIfAbsent(name, value) != null) {
            throw new IllegalArgumentException("output " + name + " exists already");
        }
    }

    /// Names a value that a run can return; returns the value.
    public Value tap(String name, Value value) {
        if (taps.putIfAbsent(name, value) != null) {
            throw new IllegalArgumentException("tap " + name + " exists already");
        }
        return value;
    }

    /// Keeps a value for what it does rather than for its result; returns the value.
    public Value effect(Value value) {
        effects.add(value);
        return value;
    }

    /// Adds the values that `content` adds, as a block: a part of the network that can be computed again during the
    /// backward pass instead of being remembered. Blocks inside a block belong to the outer one.
    ///
    /// @param name tells blocks apart
    public Value block(String name, Supplier<Value> content) {
        if (!block.isEmpty()) {
            return content.get();
        }
        block = name;
        try {
            return content.get();
        } finally {
            block = "";
        }
    }

    /// All values, inputs before their users.
    public List<Value> values() {
        return Collections.unmodifiableList(values);
    }

    /// Inputs by name, in the order of their making.
    public Map<String, Value> inputs() {
        return Collections.unmodifiableMap(inputs);
    }

    /// Parameters by name, in the order of their making.
    public Map<String, Value> parameters() {
        return Collections.unmodifiableMap(parameters);
    }

    /// Outputs by name.
    public Map<String, Value> outputs() {
        return Collections.unmodifiableMap(outputs);
    }

    /// Taps by name.
    public Map<String, Value> taps() {
        return Collections.unmodifiableMap(taps);
    }

    /// Values kept for what they do, in the order of their making.
    public List<Value> effects() {
        return Collections.unmodifiableList(effects);
    }

    @Override
    public String toString() {
        return GraphPrinter.print(this);
    }
}
