package dev.cathode.engine.compile;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Value;
import java.util.ArrayList;
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

    private static List<Value> computed(List<Value> values) {
        return values.stream().filter(value -> !Placements.isView(value)).toList();
    }
}
