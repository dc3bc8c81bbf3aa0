package dev.cathode.engine.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.weights.DType;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ScheduleTest {
    private static final Shape SHAPE = Shape.of(4);
    private static final Set<String> VARIABLES = Set.of("a", "a/slot", "b", "b/slot", "ema", "sum");

    private final Graph graph = new Graph();
    private final Value rate = graph.input("rate", DType.F32, Shape.of());
    private final Value step = graph.input("step", DType.I32, Shape.of());
    private final Value x = graph.input("x", DType.F32, SHAPE);

    private Value variable(String name) {
        return graph.parameter(name, SHAPE);
    }

    private Value update(String name, Value gradient) {
        return graph.effect(graph.add(new UpdateOp.Sgd(0.9, 0, false),
                List.of(variable(name), variable(name + "/slot"), gradient, rate, step, rate)));
    }

    private Value average(Value average, Value of) {
        return graph.effect(graph.add(new UpdateOp.Average(), List.of(average, of, rate, rate)));
    }

    private void assertLast(Value... body) {
        assertEquals(List.of(body), Schedule.of(graph, Set.of(), VARIABLES).withUpdatesLast().body());
    }

    @Test
    void updatesAndTheirAveragesWaitForEverythingElse() {
        Value gradient = Ops.multiply(x, variable("a"));
        Value first = update("a", gradient);
        Value mean = average(variable("ema"), variable("a"));
        Value other = Ops.multiply(gradient, Ops.reshape(variable("b"), 4));
        Value second = update("b", other);
        Value sum = graph.effect(graph.add(new UpdateOp.Accumulate(), List.of(variable("sum"), other)));
        assertLast(gradient, other, sum, first, mean, second);
    }

    @Test
    void whatNeedsTheNewNumbersComesAfterThem() {
        Value first = update("a", x);
        Value second = update("b", x);
        Value after = Ops.activate(Ops.reshape(variable("a"), 2, 2), Activation.SILU);
        assertLast(first, after, second);
    }

    @Test
    void whatAnUpdateReadsStaysUntilThen() {
        Value first = update("a", variable("sum"));
        Value clear = graph.effect(graph.add(new UpdateOp.Clear(), List.of(variable("sum"))));
        Value second = update("b", x);
        assertLast(first, clear, second);
    }

    @Test
    void twoUpdatesOfOneParameterStayInOrder() {
        Value first = update("a", x);
        Value again = update("a", x);
        Value other = Ops.silu(x);
        assertLast(other, first, again);
    }

    /// Running statistics are averages of what the step computed, which would have to be kept.
    @Test
    void otherAveragesStay() {
        Value mean = average(variable("ema"), x);
        Value other = Ops.unary(new Op.Affine(2, 0), x);
        assertLast(mean, other);
    }
}
