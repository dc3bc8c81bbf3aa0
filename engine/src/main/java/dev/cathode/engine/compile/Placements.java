package dev.cathode.engine.compile;

import dev.cathode.engine.graph.GradientOp;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.kernels.cpu.Epilogue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/// Which values share a buffer, before anybody knows where the buffers lie.
///
/// * A view - a reshape, or a slice of the outermost axis - is a place in its input.
/// * A value that only a concatenation along the last axis reads is written straight into its slice, if its kernel can
///   write rows with a stride; then there is nothing left to copy.
/// * An operation that reads and writes element by element writes over an input that dies there.
final class Placements {
    /// Where a value lies: in which buffer, at which byte, and how many elements from one row (last axis) to the next.
    record Placement(Buffer buffer, long offset, int stride) { }

    /// A piece of the arena with a lifetime: steps `first` to `last`, both included.
    static final class Buffer {
        final long bytes;
        int first = Integer.MAX_VALUE;
        int last = -1;
        long address;

        Buffer(long bytes) {
            this.bytes = bytes;
        }

        void uses(int step) {
            first = Math.min(first, step);
            last = Math.max(last, step);
        }
    }

    private final Map<Value, Placement> placements = new HashMap<>();
    private final Map<Value, List<Value>> users = new HashMap<>();
    private final Map<Value, Integer> stepOf = new HashMap<>();
    private final Map<Buffer, Set<Value>> tenants = new HashMap<>();
    private final Set<Value> kept = new HashSet<>();
    private final Function<Value, KernelNeeds> needs;
    private final int bodyStart;
    private final int end;

    private Placements(Graph graph, Schedule schedule, Function<Value, KernelNeeds> needs) {
        this.needs = needs;
        bodyStart = schedule.prologue().size();
        for (Value value : schedule.steps()) {
            stepOf.put(value, stepOf.size());
        }
        end = stepOf.size();
        for (Value value : graph.values()) {
            value.inputs().forEach(input -> addUser(input, value));
        }
        graph.outputs().values().forEach(this::keep);
    }

    /// An output that is a view keeps what it is a view of.
    private void keep(Value value) {
        kept.add(value);
        if (isView(value)) {
            keep(value.input(0));
        }
    }

    /// Reading a view is reading what it is a view of.
    private void addUser(Value value, Value user) {
        users.computeIfAbsent(value, k -> new ArrayList<>()).add(user);
        if (isView(value)) {
            addUser(value.input(0), user);
        }
    }

    /// Places every value of the graph but its parameters and their reshapes.
    static Map<Value, Placement> of(Graph graph, Schedule schedule, Function<Value, KernelNeeds> needs) {
        Placements p = new Placements(graph, schedule, needs);
        graph.values().forEach(p::reserveSlices);
        graph.values().stream().filter(v -> !isParameter(v)).forEach(p::place);
        p.lifetimes();
        return p.placements;
    }

    /// Whether the value is a parameter, perhaps under another shape, or rounded: only products read rounded
    /// parameters, and round as they pack.
    static boolean isParameter(Value value) {
        return switch (value.op()) {
            case Op.Parameter _ -> true;
            case Op.Reshape _, Op.Cast _ -> isParameter(value.input(0));
            default -> false;
        };
    }

    /// Whether the value is a part of its input's memory: a reshape, or a slice of the outermost axis. (A slice of a
    /// parameter is not: parameters lie elsewhere.)
    static boolean isView(Value value) {
        return switch (value.op()) {
            case Op.Reshape _ -> true;
            case Op.Cast _ -> isParameter(value.input(0));
            case Op.Slice(int axis, int _, int _) -> value.shape().product(0, axis) == 1 && !isParameter(value.input(0));
            default -> false;
        };
    }

    private void place(Value value) {
        if (placements.containsKey(value)) {
            return; // lies in a concatenation, or is one
        }
        if (isView(value)) {
            // Rows with a stride have one reader, the concatenation, so the input of a view is contiguous.
            Placement whole = placements.get(value.input(0));
            long start = value.op() instanceof Op.Slice(int axis, int first, int _)
                    ? (long) first * value.shape().product(axis + 1, value.shape().rank()) * value.dtype().bytes() : 0;
            settle(value, new Placement(whole.buffer(), whole.offset() + start, stride(value.shape())));
            return;
        }
        Placement shared = overwritten(value);
        settle(value, new Placement(shared == null ? new Buffer(value.bytes()) : shared.buffer(), 0,
                stride(value.shape())));
    }

    private void settle(Value value, Placement placement) {
        placements.put(value, placement);
        tenants.computeIfAbsent(placement.buffer(), k -> new HashSet<>()).add(value);
    }

    /// Gives the inputs of a concatenation their slices.
    private void reserveSlices(Value concat) {
        if (!(concat.op() instanceof Op.Concat(int axis)) || axis != concat.shape().rank() - 1) {
            return;
        }
        Buffer buffer = new Buffer(concat.bytes());
        settle(concat, new Placement(buffer, 0, stride(concat.shape())));
        long offset = 0;
        for (Value input : concat.inputs()) {
            if (stepOf.containsKey(input) && needs.apply(input).writesRows(offset, concat.shape().last()
                    * input.dtype().bytes()) && users.get(input).size() == 1 && !kept.contains(input)) {
                settle(input, new Placement(buffer, offset, stride(concat.shape())));
            }
            offset += (long) input.shape().last() * input.dtype().bytes();
        }
    }

    /// The place of an input that the operation may overwrite and nobody needs afterwards, or null.
    private Placement overwritten(Value value) {
        if (!stepOf.containsKey(value) || !needs.apply(value).overwrites()) {
            return null;
        }
        for (Value input : overwritable(value)) {
            Placement place = placements.get(input);
            if (place != null && input.bytes() == value.bytes() && place.buffer().bytes == value.bytes()
                    && diesAt(place.buffer(), value)) {
                return place;
            }
        }
        return null;
    }

    private static List<Value> overwritable(Value value) {
        return switch (value.op()) {
            case Op.Activate _, Op.Affine _, Op.GroupNorm _, Op.LayerNorm _, Op.BatchNorm _, Op.Softmax _,
                 Op.LogSoftmax _ -> List.of(value.input(0));
            case Op.Pairwise _ -> value.inputs();
            case GradientOp.Activate _, GradientOp.Softmax _, GradientOp.LogSoftmax _ -> List.of(value.input(1)); // dy
            case Op.Linear(Epilogue epilogue) when epilogue.residual() -> List.of(value.inputs().getLast());
            case Op.Conv2d(Op.Geometry _, Epilogue epilogue) when epilogue.residual() ->
                    List.of(value.inputs().getLast());
            default -> List.of();
        };
    }

    /// Whether `value` is the last reader of everything in the buffer, and reads it through one operand only.
    private boolean diesAt(Buffer buffer, Value value) {
        int step = stepOf.getOrDefault(value, -1);
        int reads = 0;
        for (Value tenant : tenants.get(buffer)) {
            int made = stepOf.getOrDefault(tenant, step);
            // The results of the prologue must outlive every run of the body.
            if (kept.contains(tenant) || tenant.op() instanceof Op.Input || made < bodyStart && step >= bodyStart) {
                return false;
            }
            for (Value user : users.getOrDefault(tenant, List.of())) {
                if (stepOf.getOrDefault(user, -1) > step) {
                    return false;
                }
                reads += user == value && !isView(tenant) ? 1 : 0;
            }
        }
        return reads == 1;
    }

    private void lifetimes() {
        placements.forEach((value, place) -> {
            Buffer buffer = place.buffer();
            if (value.op() instanceof Op.Input || kept.contains(value)) {
                buffer.uses(value.op() instanceof Op.Input ? 0 : end);
                buffer.uses(end);
            }
            if (stepOf.containsKey(value)) {
                buffer.uses(stepOf.get(value));
            }
            for (Value user : users.getOrDefault(value, List.of())) {
                if (stepOf.containsKey(user)) {
                    buffer.uses(stepOf.get(user));
                }
            }
        });
        for (Buffer buffer : tenants.keySet()) {
            if (buffer.first < bodyStart && buffer.last >= bodyStart) {
                buffer.last = end; // read at every run of the body, so alive through all of it
            }
        }
    }

    private static int stride(Shape shape) {
        return shape.rank() == 0 ? 1 : shape.last();
    }
}
