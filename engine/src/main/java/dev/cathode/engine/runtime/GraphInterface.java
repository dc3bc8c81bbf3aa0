package dev.cathode.engine.runtime;

import dev.cathode.engine.compile.MemoryPlan;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.weights.DType;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/// What executables of all devices show of their graph: inputs and outputs by name, and operations in words.
public final class GraphInterface {
    private final Graph graph;
    private final Map<String, Shape> inputs;
    private final Map<String, Shape> outputs;

    /// Of a graph that does not change any more.
    public GraphInterface(Graph graph) {
        this.graph = graph;
        inputs = shapes(graph.inputs());
        outputs = shapes(graph.outputs());
    }

    private static Map<String, Shape> shapes(Map<String, Value> values) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        values.forEach((name, value) -> shapes.put(name, value.shape()));
        return Collections.unmodifiableMap(shapes);
    }

    /// See [Executable#inputs].
    public Map<String, Shape> inputs() {
        return inputs;
    }

    /// See [Executable#outputs].
    public Map<String, Shape> outputs() {
        return outputs;
    }

    /// The input that numbers are meant for.
    ///
    /// @param dtype of the numbers
    /// @param count how many there are
    /// @throws IllegalArgumentException if there is no such input, or it is another type or size
    public Value input(String name, DType dtype, int count) {
        Value value = graph.inputs().get(name);
        if (value == null) {
            throw new IllegalArgumentException("there is no input " + name + "; there are " + graph.inputs().keySet());
        }
        if (value.dtype() != dtype || value.shape().count() != count) {
            throw new IllegalArgumentException("input " + name + " is " + value.dtype() + ' ' + value.shape()
                    + ", not " + count + " numbers of " + dtype);
        }
        return value;
    }

    /// A float32 output.
    ///
    /// @throws IllegalArgumentException if there is none of this name
    public Value output(String name) {
        Value value = graph.outputs().get(name);
        if (value == null || value.dtype() != DType.F32) {
            throw new IllegalArgumentException("there is no float32 output " + name + "; there are "
                    + graph.outputs().keySet());
        }
        return value;
    }

    /// "Conv2d [2, 64, 64, 320] x [320, 3, 3, 320] -> [2, 64, 64, 320]"
    public static String operation(Value value) {
        StringBuilder text = new StringBuilder(value.op().getClass().getSimpleName());
        String separator = " ";
        for (Value input : value.inputs()) {
            if (input.shape().rank() > 1) {
                text.append(separator).append(input.shape());
                separator = " x ";
            }
        }
        return text.append(" -> ").append(value.shape()).toString();
    }

    /// The operation, the parameters it reads, and the block it is in.
    public static String place(Value value) {
        String parameters = value.inputs().stream().filter(MemoryPlan::isParameter).map(ParameterSource::name)
                .collect(Collectors.joining(", "));
        return operation(value) + (parameters.isEmpty() ? "" : " with " + parameters)
                + (value.block().isEmpty() ? "" : " in block " + value.block());
    }
}
