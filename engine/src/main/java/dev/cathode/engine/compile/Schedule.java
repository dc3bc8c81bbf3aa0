package dev.cathode.engine.compile;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// The order in which values are computed.
///
/// What depends on parameters and *constant* inputs alone (the keys and values of cross-attention, for a prompt that
/// stays the same for all steps) comes first, as the prologue: a run leaves it out as long as those inputs stay.
///
/// @param prologue values to compute when a constant input changed
/// @param body values to compute at every run
public record Schedule(List<Value> prologue, List<Value> body) {
    /// Orders the values of a graph; leaves and views need no computing and are left out.
    ///
    /// @param variables parameters that updates change: what depends on them changes too
    public static Schedule of(Graph graph, Set<String> constantInputs, Set<String> variables) {
        Set<Value> changing = new HashSet<>();
        List<Value> prologue = new ArrayList<>();
        List<Value> body = new ArrayList<>();
        for (Value value : graph.values()) {
            switch (value.op()) {
                case Op.Input(String name) -> {
                    if (!constantInputs.contains(name)) {
                        changing.add(value);
                    }
                }
                case Op.Parameter(String name) -> {
                    if (variables.contains(name)) {
                        changing.add(value);
                    }
                }
                default -> {
                    if (value.inputs().stream().anyMatch(changing::contains)) {
                        changing.add(value);
                        body.add(value);
                    } else {
                        prologue.add(value);
                    }
                }
            }
        }
        return new Schedule(computed(prologue), computed(body));
    }

    /// All values in order.
    public List<Value> steps() {
        return Stream.concat(prologue.stream(), body.stream()).toList();
    }

    /// The same with the optimizer's updates, and the moving averages of what they change, behind everything else, as
    /// far as nothing that comes after them needs what they change: so that all of them can be done at once. Their
    /// gradients stay in memory until then.
    public Schedule withUpdatesLast() {
        Set<Value> touched = new HashSet<>(); // parameters that what comes later, and is no update, reads or changes
        Set<Value> changed = new HashSet<>();
        List<Value> early = new ArrayList<>();
        List<Value> late = new ArrayList<>();
        for (Value value : body.reversed()) {
            List<Value> parameters = value.inputs().stream().filter(Placements::isParameter).map(Schedule::source)
                    .toList();
            List<Value> changes = value.op() instanceof UpdateOp op ? parameters.subList(0, op.variables()) : List.of();
            if (canWait(value) && Collections.disjoint(changes, touched) && Collections.disjoint(parameters, changed)) {
                late.addFirst(value);
            } else {
                early.addFirst(value);
                touched.addAll(parameters);
                changed.addAll(changes);
            }
        }
        return new Schedule(prologue, Stream.concat(early.stream(), late.stream()).toList());
    }

    private static boolean canWait(Value value) {
        return switch (value.op()) {
            case UpdateOp.Adam _, UpdateOp.Sgd _ -> true;
            case UpdateOp.Average _ -> Placements.isParameter(value.input(1));
            default -> false;
        };
    }

    private static Value source(Value parameter) {
        return parameter.op() instanceof Op.Parameter ? parameter : source(parameter.input(0));
    }

    private static List<Value> computed(List<Value> values) {
        return values.stream().filter(value -> !Placements.isView(value)).toList();
    }
}
