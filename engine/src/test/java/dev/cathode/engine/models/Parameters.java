package dev.cathode.engine.models;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.engine.graph.Graph;
import dev.cathode.weights.Checkpoint;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// A graph's parameters as PyTorch would list them.
final class Parameters {
    private Parameters() { }

    /// Names and shapes, filters as `[O, I, KH, KW]`.
    static Map<String, List<Long>> torchShapes(Graph... graphs) {
        Map<String, List<Long>> shapes = new TreeMap<>();
        for (Graph graph : graphs) {
            graph.parameters().forEach((name, value) -> shapes.put(name, value.shape().torch()));
        }
        return shapes;
    }

    /// Numbers in all of them.
    static long count(Map<String, List<Long>> shapes) {
        return shapes.values().stream().mapToLong(s -> s.stream().reduce(1L, Math::multiplyExact)).sum();
    }

    /// Asserts that the graphs have exactly the parameters of a file.
    static void assertSame(Checkpoint file, Graph... graphs) {
        Map<String, List<Long>> expected = file.names().stream().filter(n -> !n.endsWith(".position_ids"))
                .collect(Collectors.toMap(n -> n, n -> file.tensor(n).shape(), (a, b) -> a, TreeMap::new));
        assertEquals(expected, torchShapes(graphs), file.source());
    }
}
