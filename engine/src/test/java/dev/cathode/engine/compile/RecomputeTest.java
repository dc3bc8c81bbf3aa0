package dev.cathode.engine.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.gradients.Gradients;
import dev.cathode.engine.graph.GradientOp;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Layers;
import dev.cathode.engine.nn.Scope;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.weights.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RecomputeTest {
    private final Graph graph = new Graph();
    private final Scope root = Scope.root(graph);
    private final Value x = graph.input("x", DType.F32, Shape.of(4, 16));

    /// A linear layer, an activation, and another linear layer.
    private Value block(String name, Value from) {
        Scope at = root.at(name);
        return at.block(() -> Layers.linear(at.at("down"),
                Ops.silu(Layers.linear(at.at("up"), from, 64)), 16));
    }

    /// Two blocks and a loss.
    private Value network() {
        Value loss = Ops.meanSquaredError(block("second", block("first", x)), x);
        graph.output("loss", loss);
        return loss;
    }

    private List<Value> parameters() {
        return List.copyOf(graph.parameters().values());
    }

    private static List<Value> linears(Graph graph, String weight) {
        return graph.values().stream().filter(v -> v.op() instanceof Op.Linear
                && v.input(1).op().equals(new Op.Parameter(weight))).toList();
    }

    @Test
    void whatTheBackwardPassReadsInsideABlockIsComputedAgain() {
        Value loss = network();
        Gradients.of(loss, parameters()).values().forEach(graph::effect);
        Graph again = Recompute.apply(graph, loss);
        assertEquals(2, linears(again, "first.up.weight").size());
        // The block's result is remembered; so is everything of the block whose backward pass comes first.
        assertEquals(1, linears(again, "first.down.weight").size());
        assertEquals(1, linears(again, "second.up.weight").size());
        assertEquals(graph.values().size() + 2, again.values().size());
    }

    @Test
    void itStandsRightBeforeItsFirstReader() {
        Value loss = network();
        Gradients.of(loss, parameters()).values().forEach(graph::effect);
        Graph again = Recompute.apply(graph, loss);
        Value hidden = linears(again, "first.up.weight").getLast();
        Value activated = again.values().get(hidden.id() + 1);
        assertEquals(List.of(hidden), activated.inputs());
        Value reader = again.values().get(hidden.id() + 2);
        assertTrue(reader.op() instanceof GradientOp.LinearWeight, reader.op().toString());
        assertEquals(activated, reader.input(0));
        assertTrue(hidden.id() > again.outputs().get("loss").id());
    }

    /// Each parameter is updated as soon as its gradient is known: a block is computed again before, never after.
    @Test
    void itReadsParametersBeforeTheyChange() {
        Value loss = network();
        List<Value> updates = new ArrayList<>();
        Gradients.each(loss, parameters(), (parameter, gradient) ->
                updates.add(graph.effect(graph.add(new UpdateOp.Accumulate(), List.of(parameter, gradient)))));
        assertUpdatesComeLast(Recompute.apply(graph, loss), updates.size());
    }

    /// An update in the middle of a block's backward pass, before anything inside the block is read again.
    @Test
    void evenBeforeAnUpdateThatNeedsNothingOfTheBlock() {
        Value loss = network();
        Value early = graph.parameters().get("first.up.bias");
        graph.effect(graph.add(new UpdateOp.Accumulate(), List.of(early, early)));
        List<Value> others = parameters().stream().filter(p -> p != early).toList();
        Gradients.of(loss, others).values().forEach(graph::effect);
        assertUpdatesComeLast(Recompute.apply(graph, loss), 1);
    }

    private static void assertUpdatesComeLast(Graph graph, int count) {
        List<Value> updates = graph.effects().stream().filter(v -> v.op() instanceof UpdateOp).toList();
        assertEquals(count, updates.size());
        for (Value update : updates) {
            graph.values().stream().filter(v -> v.id() > update.id()).forEach(v ->
                    assertTrue(!v.inputs().contains(update.input(0)) || v.op() instanceof UpdateOp,
                            v.op() + " reads " + update.input(0).op() + " after its update"));
        }
    }

    @Test
    void theArenaShrinks() {
        Value h = x;
        for (int i = 0; i < 8; i++) {
            h = block("layers." + i, h);
        }
        Value loss = Ops.meanSquaredError(Ops.activate(h, Activation.TANH), x);
        graph.output("loss", loss);
        Gradients.of(loss, List.of(x)).forEach((value, gradient) -> graph.output("gradient", gradient));
        long before = MemoryPlan.of(graph, Schedule.of(graph, Set.of(), Set.of()), v -> 0).arenaBytes();
        Graph again = Fusion.none(Recompute.apply(graph, loss), Set.of());
        long after = MemoryPlan.of(again, Schedule.of(again, Set.of(), Set.of()), v -> 0).arenaBytes();
        // Of each layer 64 numbers a row were remembered, of one now; and 16 of each.
        assertTrue(after < before / 2, before + " to " + after);
    }
}
