package dev.cathode.engine.graph;

import java.util.stream.Collectors;

/// A graph as text, one line a value.
final class GraphPrinter {
    private GraphPrinter() { }

    static String print(Graph graph) {
        StringBuilder text = new StringBuilder();
        for (Value value : graph.values()) {
            text.append(value).append(" = ").append(value.op());
            if (!value.inputs().isEmpty()) {
                text.append(value.inputs().stream().map(Value::toString).collect(Collectors.joining(", ", " (", ")")));
            }
            text.append(" : ").append(value.dtype()).append(' ').append(value.shape()).append('\n');
        }
        graph.taps().forEach((name, value) -> text.append("tap ").append(name).append(" = ").append(value).append('\n'));
        graph.outputs().forEach((name, value) ->
                text.append("output ").append(name).append(" = ").append(value).append('\n'));
        return text.toString();
    }
}
