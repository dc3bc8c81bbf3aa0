package dev.cathode.engine.compile;

import dev.cathode.engine.compile.Placements.Buffer;
import dev.cathode.engine.compile.Placements.Placement;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Value;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/// Where every value of a graph lies in one arena. Known before anything is allocated, exact, and fixed for all runs.
///
/// Buffers are laid out largest first, each at the lowest address where it overlaps no buffer that lives at the same
/// time. The scratch memory of a kernel is a buffer that lives for its step.
public final class MemoryPlan {
    private static final long ALIGNMENT = 64;

    private final long alignment;
    private final Graph graph;
    private final Schedule schedule;
    private final Map<Value, Placement> placements;
    private final List<Buffer> workspaces;
    private final long arenaBytes;
    private final long floorBytes;

    private MemoryPlan(Graph graph, Schedule schedule, Map<Value, Placement> placements, List<Buffer> workspaces,
                       long alignment) {
        this.alignment = alignment;
        this.graph = graph;
        this.schedule = schedule;
        this.placements = placements;
        this.workspaces = workspaces;
        List<Buffer> buffers = new ArrayList<>(placements.values().stream().map(Placement::buffer).distinct().toList());
        buffers.addAll(workspaces);
        arenaBytes = layOut(buffers, schedule.steps().size());
        floorBytes = mostAlive(buffers, schedule.steps().size());
    }

    /// Plans a graph for the CPU's kernels; `workspaceBytes` says how much scratch memory that of a value needs.
    public static MemoryPlan of(Graph graph, Schedule schedule, ToLongFunction<Value> workspaceBytes) {
        return of(graph, schedule, ALIGNMENT, value -> new KernelNeeds(workspaceBytes.applyAsLong(value),
                value.op() instanceof Op.Conv2d || value.op() instanceof Op.Linear ? 1 : 0, true));
    }

    /// Plans a graph.
    ///
    /// @param alignment what the address of every buffer is a multiple of, if the arena's is
    /// @param needs what the kernel of a value needs, of every value of the schedule
    public static MemoryPlan of(Graph graph, Schedule schedule, long alignment, Function<Value, KernelNeeds> needs) {
        List<Buffer> workspaces = new ArrayList<>();
        for (Value value : schedule.steps()) {
            Buffer buffer = new Buffer(needs.apply(value).workspaceBytes());
            buffer.uses(workspaces.size());
            workspaces.add(buffer);
        }
        return new MemoryPlan(graph, schedule, Placements.of(graph, schedule, needs), workspaces, alignment);
    }

    /// Bytes of the arena: activations, inputs, outputs and scratch memory, not the weights.
    public long arenaBytes() {
        return arenaBytes;
    }

    /// The most bytes that are alive at one step: no layout can need less.
    public long floorBytes() {
        return floorBytes;
    }

    /// The order of the steps.
    public Schedule schedule() {
        return schedule;
    }

    /// Whether the value is a parameter, perhaps under another shape or rounded: it does not lie in the arena.
    public static boolean isParameter(Value value) {
        return Placements.isParameter(value);
    }

    /// Byte offset of a value in the arena; the value must not be a parameter.
    public long offset(Value value) {
        Placement place = placements.get(value);
        return place.buffer().address + place.offset();
    }

    /// Elements from one row (last axis) of the value to the next.
    public int stride(Value value) {
        return placements.get(value).stride();
    }

    /// Byte offset of the scratch memory of a step.
    public long workspaceOffset(int step) {
        return workspaces.get(step).address;
    }

    /// Whether two values share a buffer: for a concatenation and its input, that there is nothing to copy.
    public boolean sameBuffer(Value a, Value b) {
        return placements.get(a).buffer() == placements.get(b).buffer();
    }

    private long layOut(List<Buffer> buffers, int steps) {
        List<Buffer> order = new ArrayList<>(buffers);
        order.sort(Comparator.comparingLong((Buffer b) -> -b.bytes).thenComparingInt(b -> b.first));
        List<Buffer> placed = new ArrayList<>();
        long top = 0;
        for (Buffer buffer : order) {
            if (buffer.last < 0) { // nobody reads or writes it
                buffer.uses(steps);
            }
            List<Buffer> neighbours = placed.stream().filter(b -> b.first <= buffer.last && buffer.first <= b.last)
                    .sorted(Comparator.comparingLong(b -> b.address)).toList();
            long address = 0;
            for (Buffer neighbour : neighbours) {
                if (address + buffer.bytes <= neighbour.address) {
                    break;
                }
                address = Math.max(address, align(neighbour.address + neighbour.bytes));
            }
            buffer.address = address;
            placed.add(buffer);
            top = Math.max(top, align(address + buffer.bytes));
        }
        return top;
    }

    private long mostAlive(List<Buffer> buffers, int steps) {
        long[] change = new long[steps + 2];
        for (Buffer buffer : buffers) {
            change[buffer.first] += align(buffer.bytes);
            change[buffer.last + 1] -= align(buffer.bytes);
        }
        long alive = 0;
        long most = 0;
        for (long c : change) {
            alive += c;
            most = Math.max(most, alive);
        }
        return most;
    }

    private long align(long bytes) {
        return (bytes + alignment - 1) / alignment * alignment;
    }

    /// One line a step: value, operation, where its result lies, how long, and its scratch memory.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        text.append(String.format("arena %,d bytes, %,d alive at the peak%n", arenaBytes, floorBytes));
        var inputs = new TreeSet<>(Comparator.comparingInt(Value::id));
        inputs.addAll(graph.inputs().values());
        inputs.forEach(input -> line(text, "     ", input, 0));
        List<Value> steps = schedule.steps();
        for (int i = 0; i < steps.size(); i++) {
            line(text, i < schedule.prologue().size() ? "once " : "     ", steps.get(i), workspaces.get(i).bytes);
        }
        return text.toString();
    }

    private void line(StringBuilder text, String when, Value value, long workspace) {
        Placement place = placements.get(value);
        text.append(String.format("%s%s = %s %s @%,d..%,d alive %d-%d", when, value, value.op(), value.shape(),
                offset(value), offset(value) + value.bytes(), place.buffer().first, place.buffer().last));
        text.append(workspace == 0 ? "\n" : String.format(", scratch %,d%n", workspace));
    }
}
