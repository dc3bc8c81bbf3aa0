package dev.cathode.engine.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.weights.DType;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class GraphInterfaceTest {
    private final Graph graph = new Graph();
    private final Value x = graph.input("x", DType.F32, Shape.of(3, 16));
    private final Value ids = graph.input("ids", DType.I32, Shape.of(2));
    private final Value y = graph.block("mid", () ->
            Ops.linear(x, Ops.reshape(graph.parameter("w", Shape.of(8, 4, 4)), 8, 16), null));

    private GraphInterface border() {
        graph.output("y", y);
        graph.output("numbers", ids);
        return new GraphInterface(graph);
    }

    @Test
    void namesAndShapes() {
        GraphInterface border = border();
        assertEquals(List.of(Map.entry("x", Shape.of(3, 16)), Map.entry("ids", Shape.of(2))),
                List.copyOf(border.inputs().entrySet()));
        assertEquals(Map.of("y", Shape.of(3, 8), "numbers", Shape.of(2)), border.outputs());
        assertSame(x, border.input("x", DType.F32, 48));
        assertSame(ids, border.input("ids", DType.I32, 2));
        assertSame(y, border.output("y"));
    }

    @Test
    void whatDoesNotFitIsNamed() {
        GraphInterface border = border();
        assertRefused("there is no input z; there are [x, ids]", () -> border.input("z", DType.F32, 48));
        assertRefused("input x is F32 [3, 16], not 47 numbers of F32", () -> border.input("x", DType.F32, 47));
        assertRefused("input ids is I32 [2], not 2 numbers of F32", () -> border.input("ids", DType.F32, 2));
        assertRefused("there is no float32 output x; there are [y, numbers]", () -> border.output("x"));
        assertRefused("there is no float32 output numbers; there are [y, numbers]", () -> border.output("numbers"));
    }

    private static void assertRefused(String message, Supplier<Value> asking) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, asking::get).getMessage());
    }

    @Test
    void operationsInWords() {
        assertEquals("Linear [3, 16] x [8, 16] -> [3, 8]", GraphInterface.operation(y));
        assertEquals("Linear [3, 16] x [8, 16] -> [3, 8] with w in block mid", GraphInterface.place(y));
    }
}
