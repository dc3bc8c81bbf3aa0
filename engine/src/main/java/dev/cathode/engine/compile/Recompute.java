package dev.cathode.engine.compile;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Gradient checkpointing (Chen et al. 2016, https://arxiv.org/abs/1604.06174): between the forward and the backward
/// pass a block of the network ([Graph#block]) remembers what it read and what others read of it; the rest is computed
/// again when the backward pass comes to the block, from the same numbers in the same way.
///
/// What is computed again stands right before its first reader, for the order of a graph is the order in which it runs;
/// and before any update of a parameter that it reads. The block whose backward pass comes first is left as it is: all
/// its numbers are there when they are needed, and forgetting them would save nothing.
public final class Recompute {
    private final Graph source;
    private final int forwardEnd;
    private final Map<Value, List<Value>> users = new HashMap<>();
    /// For each block what the backward pass needs again, in order.
    private final Map<String, List<Value>> blocks = new LinkedHashMap<>();
    /// What stands in the place of a value in the backward pass.
    private final Map<Value, Value> again = new HashMap<>();

    private Recompute(Graph source, Value loss) {
        this.source = source;
        forwardEnd = loss.id();
        for (Value value : source.values()) {
            value.inputs().forEach(input -> users.computeIfAbsent(input, k -> new ArrayList<>()).add(value));
        }
    }

    /// The graph with what is inside blocks computed again for the backward pass.
    ///
    /// @param graph a network, its loss, and after it gradients and updates
    /// @param loss the last value of the forward pass
    public static Graph apply(Graph graph, Value loss) {
        return new Recompute(graph, loss).rewrite();
    }

    private Graph rewrite() {
        needed().stream().sorted(Comparator.comparingInt(Value::id))
                .forEach(value -> blocks.computeIfAbsent(value.block(), k -> new ArrayList<>()).add(value));
        Map<Value, List<String>> starts = new TreeMap<>(Comparator.comparingInt(Value::id));
        blocks.keySet().forEach(block -> starts.computeIfAbsent(start(block), k -> new ArrayList<>()).add(block));
        if (!starts.isEmpty()) {
            starts.remove(starts.keySet().iterator().next());
        }
        var copy = new GraphCopy(source);
        for (Value value : source.values()) {
            for (String block : starts.getOrDefault(value, List.of())) {
                for (Value inner : blocks.get(block)) {
                    again.put(inner, copy.inBlock(inner, () -> copy.emit(inner, operands(inner, copy))));
                }
            }
            if (value.id() > forwardEnd) {
                copy.put(value, () -> copy.emit(value, operands(value, copy)));
            } else {
                copy.put(value);
            }
        }
        return copy.finish();
    }

    private List<Value> operands(Value value, GraphCopy copy) {
        return value.inputs().stream().map(input -> again.getOrDefault(input, copy.of(input))).toList();
    }

    /// What the backward pass reads of the insides of blocks, and what is needed to compute that again.
    private Set<Value> needed() {
        Set<Value> remembered = remembered();
        Set<Value> needed = new HashSet<>();
        var open = new ArrayList<Value>();
        for (Value value : source.values()) {
            if (value.id() > forwardEnd) {
                open.addAll(value.inputs());
            }
        }
        while (!open.isEmpty()) {
            Value value = open.removeLast();
            if (isInner(value) && !remembered.contains(value) && needed.add(value)) {
                open.addAll(value.inputs());
            }
        }
        return needed;
    }

    private boolean isInner(Value value) {
        return value.id() <= forwardEnd && !value.block().isEmpty() && !value.inputs().isEmpty();
    }

    /// The results of blocks - what the forward pass reads elsewhere, or a run returns - and what they are views of;
    /// and whatever could not be computed again because a parameter changes in between.
    private Set<Value> remembered() {
        Set<Value> changed = new HashSet<>();
        Set<Value> remembered = new HashSet<>(source.outputs().values());
        for (Value value : source.values()) {
            if (value.id() > forwardEnd) {
                break;
            }
            if (value.op() instanceof UpdateOp) {
                changed.addAll(value.inputs());
            }
            if (users.getOrDefault(value, List.of()).stream()
                    .anyMatch(user -> user.id() <= forwardEnd && !user.block().equals(value.block()))) {
                remembered.add(value);
            }
        }
        for (Value value : source.values().reversed()) {
            if (remembered.contains(value) && Placements.isView(value)) {
                remembered.add(value.input(0));
            }
            if (value.op() instanceof UpdateOp || value.inputs().stream()
                    .anyMatch(input -> input.op() instanceof Op.Parameter && changed.contains(input))) {
                remembered.add(value);
            }
        }
        return remembered;
    }

    /// The first value of the backward pass that needs the block: it reads from its inside, or changes a parameter that
    /// the block will read again.
    private Value start(String block) {
        Set<Value> insides = new HashSet<>(blocks.get(block));
        Set<Value> read = new HashSet<>();
        insides.forEach(value -> read.addAll(value.inputs()));
        return source.values().stream().filter(value -> value.id() > forwardEnd && value.inputs().stream().anyMatch(
                input -> insides.contains(input) || value.op() instanceof UpdateOp && read.contains(input)))
                .findFirst().orElseThrow();
    }
}
