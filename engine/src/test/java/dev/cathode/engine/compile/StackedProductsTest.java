package dev.cathode.engine.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.models.GoldenNetworks;
import dev.cathode.weights.DType;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StackedProductsTest {
    private final Graph graph = new Graph();
    private final Value x = graph.input("x", DType.F32, Shape.of(2, 64, 16));

    private Value linear(Value of, String name, int outputs, boolean bias) {
        return Ops.linear(of, graph.parameter(name + ".weight", Shape.of(outputs, of.shape().last())),
                bias ? graph.parameter(name + ".bias", Shape.of(outputs)) : null);
    }

    private static List<Value> products(Graph graph) {
        return graph.values().stream().filter(value -> value.op() instanceof Op.Linear).toList();
    }

    @Test
    void queriesKeysAndValuesAreOneProduct() {
        Value q = linear(x, "q", 16, false), other = linear(x, "other", 32, false);
        Value k = linear(x, "k", 16, false), v = linear(x, "v", 16, false);
        graph.output("y", linear(Ops.attention(q, k, v, 2, false, null), "out", 16, true));
        graph.output("other", other);

        Graph stacked = StackedProducts.apply(graph, Set.of(), Set.of());
        assertEquals(List.of(Shape.of(3, 2, 64, 16), Shape.of(2, 64, 32), Shape.of(2, 64, 16)),
                products(stacked).stream().map(Value::shape).toList());
        Schedule schedule = Schedule.of(stacked, Set.of(), Set.of());
        assertEquals(1, schedule.prologue().size(), "the weights are stacked once");
        assertEquals(4, schedule.body().size(), "slices are views");
        Value attention = schedule.body().stream().filter(value -> value.op() instanceof Op.Attention).findFirst()
                .orElseThrow();
        assertEquals(List.of(Shape.of(2, 64, 16), Shape.of(2, 64, 16), Shape.of(2, 64, 16)),
                attention.inputs().stream().map(Value::shape).toList());
    }

    @Test
    void biasesAreAResidualOfAFewRows() {
        Value time = graph.input("time", DType.F32, Shape.of(2, 16));
        graph.output("a", linear(time, "a", 8, true));
        graph.output("b", linear(time, "b", 8, true));
        graph.output("c", linear(x, "c", 8, true)); // of many rows
        graph.output("d", linear(x, "d", 8, true));

        List<Value> products = products(StackedProducts.apply(graph, Set.of(), Set.of()));
        assertEquals(List.of(Shape.of(2, 2, 8), Shape.of(2, 64, 8), Shape.of(2, 64, 8)),
                products.stream().map(Value::shape).toList());
        assertEquals(Shape.of(2, 2, 8), products.getFirst().input(2).shape());
    }

    @Test
    void whatChangesOrIsComputedOnceStays() {
        graph.output("a", linear(x, "a", 8, false));
        graph.output("b", linear(x, "b", 8, false));
        assertEquals(1, products(StackedProducts.apply(graph, Set.of(), Set.of())).size());
        assertEquals(2, products(StackedProducts.apply(graph, Set.of(), Set.of("a.weight"))).size());
        assertEquals(2, products(StackedProducts.apply(graph, Set.of("x"), Set.of())).size());
    }

    /// 16 self-attentions save two products each, 22 time embeddings of three sizes 19.
    @Test
    void aUNetHasFiftyOneProductsLess() {
        Graph unet = HalfPrecision.apply(Fusion.apply(GoldenNetworks.published().get("U-Net"), Set.of()), DType.BF16);
        Graph stacked = StackedProducts.apply(unet, Set.of("encoder_hidden_states"), Set.of());
        assertEquals(products(unet).size() - 2 * 16 - 19, products(stacked).size());
    }
}
