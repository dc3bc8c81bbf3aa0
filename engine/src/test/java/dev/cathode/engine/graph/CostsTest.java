package dev.cathode.engine.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.engine.nn.Layers;
import dev.cathode.engine.nn.Scope;
import dev.cathode.weights.DType;
import java.util.List;
import org.junit.jupiter.api.Test;

class CostsTest {
    @Test
    void productsCountTwoPerMultiplyAndAdd() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(3, 5));
        Value y = Layers.linear(Scope.root(graph).at("a"), x, 7);
        graph.output("y", Layers.linear(Scope.root(graph).at("b"), Ops.silu(y), 2));
        Costs costs = Costs.of(graph);
        assertEquals(List.of("Linear", "Activate"), List.copyOf(costs.perOperation().keySet()));
        assertEquals(2, costs.perOperation().get("Linear").count());
        assertEquals(2 * 3 * 5 * 7 + 2 * 3 * 7 * 2, costs.flops());
        assertEquals(5 * 7 + 7 + 7 * 2 + 2, costs.parameters());
        assertEquals(4 * 2 * 3 * 7, costs.perOperation().get("Activate").bytes());
        assertEquals(4 * (3 * 5 + 5 * 7 + 7 + 3 * 7) + 4 * (3 * 7 + 7 * 2 + 2 + 3 * 2),
                costs.perOperation().get("Linear").bytes());
    }

    @Test
    void attentionCountsAllScores() {
        Graph graph = new Graph();
        Value q = graph.input("q", DType.F32, Shape.of(2, 9, 24));
        Value k = graph.input("k", DType.F32, Shape.of(2, 6, 24));
        Value y = Ops.attention(q, k, k, 3, true, null);
        assertEquals(2 * 2.0 * 2 * 9 * 6 * 24, Costs.flops(y));
    }

    @Test
    void tablesAreReadInPart() {
        Graph graph = new Graph();
        Value ids = graph.input("ids", DType.I32, Shape.of(4));
        Value rows = Layers.embedding(Scope.root(graph), ids, 1000, 8);
        Ops.reshape(rows, 2, 16);
        assertEquals(2 * 4 * 4 * 8, Costs.of(graph).total().bytes());
    }
}
