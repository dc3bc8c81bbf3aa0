package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.ParameterSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// An optimizer's updates that follow one another by the same rule, with nothing but moving averages of the same
/// parameters between them: so that one launch can do them all in the place of the last one. Nothing is written between
/// the first and the last that any of them reads.
final class UpdateRun {
    private final Value first;
    private final Map<String, Value> updates = new LinkedHashMap<>();
    private final Map<String, Value> averages = new LinkedHashMap<>();
    private final List<Value> steps = new ArrayList<>();

    private UpdateRun(Value first) {
        this.first = first;
        updates.put(ParameterSource.name(first.input(0)), first);
        steps.add(first);
    }

    /// A single update.
    static UpdateRun of(Value update) {
        return new UpdateRun(update);
    }

    /// The runs among steps.
    static List<UpdateRun> of(List<Value> steps) {
        List<UpdateRun> runs = new ArrayList<>();
        UpdateRun open = null;
        for (Value step : steps) {
            if (open == null || !open.take(step)) {
                open = isUpdate(step.op()) ? new UpdateRun(step) : null;
                if (open != null) {
                    runs.add(open);
                }
            }
        }
        return runs;
    }

    private static boolean isUpdate(Op op) {
        return op instanceof UpdateOp.Adam || op instanceof UpdateOp.Sgd;
    }

    /// Takes a step in, if it belongs here.
    private boolean take(Value step) {
        if (step.op().equals(first.op()) && scalars(step).equals(scalars(first))) {
            if (updates.putIfAbsent(ParameterSource.name(step.input(0)), step) != null) {
                return false;
            }
        } else if (first.op() instanceof UpdateOp.Adam && step.op() instanceof UpdateOp.Average
                && step.input(1).op() instanceof Op.Parameter(String name) && updates.containsKey(name)
                && step.input(3) == scalars(first).getLast()
                && averages.values().stream().allMatch(other -> other.input(2) == step.input(2))) {
            if (averages.putIfAbsent(name, step) != null) {
                return false;
            }
        } else {
            return false;
        }
        steps.add(step);
        return true;
    }

    /// Learning rate, step, factor.
    private static List<Value> scalars(Value update) {
        return update.inputs().subList(update.inputs().size() - 3, update.inputs().size());
    }

    /// What all updates are.
    UpdateOp rule() {
        return (UpdateOp) first.op();
    }

    Value learningRate() {
        return scalars(first).get(0);
    }

    Value step() {
        return scalars(first).get(1);
    }

    Value factor() {
        return scalars(first).get(2);
    }

    /// What moving averages take of the new parameter; null if there are none.
    Value averageWeight() {
        return averages.isEmpty() ? null : averages.values().iterator().next().input(2);
    }

    /// The updates, one for each parameter.
    List<Value> updates() {
        return List.copyOf(updates.values());
    }

    /// The moving average of a parameter; null if there is none.
    Value average(Value parameter) {
        Value average = averages.get(ParameterSource.name(parameter));
        return average == null ? null : average.input(0);
    }

    /// All steps, in order.
    List<Value> steps() {
        return List.copyOf(steps);
    }
}
