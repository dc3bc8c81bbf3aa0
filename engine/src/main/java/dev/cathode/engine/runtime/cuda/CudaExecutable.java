package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.compile.MemoryPlan;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Parts;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.GraphInterface;
import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.kernels.cuda.CudaMachine;
import dev.cathode.weights.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/// A list of launches and library calls with all addresses resolved. The first run makes them one by one, the second
/// records those of the body, and from then on a run is one replay, which returns before it is done: only [#get] and
/// [#await] wait.
///
/// Whether to stop is asked between kernels while they are called one by one, and once before a replay.
final class CudaExecutable implements Executable {
    private final CudaPlans plans;
    private final CudaMachine machine;
    private final GraphInterface border;
    private final MemoryPlan plan;
    private final Map<Value, CudaKernel> kernels;
    private final CudaWeights weights;
    private final Collection<Value> parameters;
    private final CudaWeights.Changes changes;
    private final Set<String> constantInputs;
    private final List<Value> values;
    private final Runnable[] calls;
    private final int body;
    private final long memory;
    private final Arena arena = Arena.ofShared();
    /// What is copied to and from the device passes through here.
    private final MemorySegment staging;
    private long nextTable;
    private boolean prologueDue = true;
    private boolean hasRun;
    private CudaMachine.Recording recording;

    CudaExecutable(CudaPlans plans, Graph graph, MemoryPlan plan, Map<Value, CudaKernel> kernels,
                   Set<String> constantInputs, CudaWeights weights, Collection<Value> parameters) {
        this.plans = plans;
        machine = plans.machine();
        border = new GraphInterface(graph);
        this.plan = plan;
        this.kernels = kernels;
        this.constantInputs = constantInputs;
        this.weights = weights;
        this.parameters = parameters;
        values = plan.schedule().steps();
        changes = weights.changes(values, parameters);
        body = plan.schedule().prologue().size();
        calls = new Runnable[values.size()];
        staging = OffHeap.allocate(Math.max(largest(graph.inputs()), largest(graph.outputs())), arena);
        memory = machine.allocate(Math.max(1, bytes(plan, kernels)));
        nextTable = memory + plan.arenaBytes();
        try {
            for (int i = 0; i < calls.length; i++) {
                calls[i] = kernels.get(values.get(i)).binder().bind(new ArenaAddresses(i));
            }
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /// Bytes that an executable takes: the arena, and tables behind it.
    static long bytes(MemoryPlan plan, Map<Value, CudaKernel> kernels) {
        return plan.arenaBytes() + kernels.values().stream().mapToLong(k -> Scratch.align(k.constantBytes())).sum();
    }

    private static long largest(Map<String, Value> values) {
        return values.values().stream().mapToLong(Value::bytes).max().orElse(0);
    }

    private final class ArenaAddresses implements CudaKernel.Addresses {
        private final int step;

        ArenaAddresses(int step) {
            this.step = step;
        }

        @Override
        public long of(Value value) {
            return MemoryPlan.isParameter(value) ? weights.address(value) : memory + plan.offset(value);
        }

        @Override
        public long workspace() {
            return memory + plan.workspaceOffset(step);
        }

        @Override
        public long reserve(long bytes) {
            long address = nextTable;
            nextTable += Scratch.align(bytes);
            return address;
        }

        @Override
        public long table(MemorySegment content) {
            long address = reserve(content.byteSize());
            machine.upload(content, address);
            return address;
        }
    }

    @Override
    public MemoryPlan plan() {
        return plan;
    }

    @Override
    public Map<String, Shape> inputs() {
        return border.inputs();
    }

    @Override
    public Map<String, Shape> outputs() {
        return border.outputs();
    }

    @Override
    public void set(String input, float[] numbers) {
        long address = checkInput(input, DType.F32, numbers.length);
        MemorySegment.copy(numbers, 0, staging, ValueLayout.JAVA_FLOAT, 0, numbers.length);
        machine.upload(staging.asSlice(0, 4L * numbers.length), address);
    }

    @Override
    public void set(String input, int[] numbers) {
        long address = checkInput(input, DType.I32, numbers.length);
        MemorySegment.copy(numbers, 0, staging, ValueLayout.JAVA_INT, 0, numbers.length);
        machine.upload(staging.asSlice(0, 4L * numbers.length), address);
    }

    private long checkInput(String name, DType dtype, int count) {
        Value value = border.input(name, dtype, count);
        prologueDue |= constantInputs.contains(name);
        return memory + plan.offset(value);
    }

    @Override
    public void run(BooleanSupplier cancelled) {
        if (prologueDue) {
            run(0, body, cancelled);
            prologueDue = false;
        }
        refuse(cancelled);
        weights.refresh(parameters, plans);
        try {
            if (!hasRun) {
                body(cancelled);
                hasRun = true;
                return;
            }
            if (recording == null) {
                recording = machine.record(() -> body(() -> false));
            }
            recording.replay();
        } finally {
            weights.hasRun(changes);
        }
    }

    private void body(BooleanSupplier cancelled) {
        convert();
        run(body, calls.length, cancelled);
    }

    /// What the graph itself changed in its last run is read in 16 bits now.
    private void convert() {
        changes.inside().forEach(parameter -> weights.convert(parameter, plans));
    }

    private void run(int from, int to, BooleanSupplier cancelled) {
        for (int i = from; i < to; i++) {
            refuse(cancelled);
            calls[i].run();
        }
    }

    private static void refuse(BooleanSupplier cancelled) {
        if (cancelled.getAsBoolean()) {
            throw new CancellationException("cancelled");
        }
    }

    @Override
    public void await() {
        machine.synchronize();
    }

    @Override
    public Supplier<float[]> fetch(String output) {
        Value value = border.output(output);
        return machine.fetch(memory + plan.offset(value), value.shape().intCount());
    }

    @Override
    public float[] get(String output) {
        Value value = border.output(output);
        machine.download(memory + plan.offset(value), staging.asSlice(0, value.bytes()));
        float[] numbers = new float[value.shape().intCount()];
        MemorySegment.copy(staging, ValueLayout.JAVA_FLOAT, 0, numbers, 0, numbers.length);
        return numbers;
    }

    @Override
    public Optional<String> firstNonFinite() {
        weights.refresh(parameters, plans);
        convert();
        weights.hasRun(changes);
        for (int i = 0; i < calls.length; i++) {
            calls[i].run();
            Value value = values.get(i);
            if (value.dtype() != DType.I32 && !(value.op() instanceof UpdateOp) && !isFinite(value)) {
                return Optional.of(GraphInterface.place(value));
            }
        }
        prologueDue = false;
        return Optional.empty();
    }

    /// Looks at all numbers; between the parts of a vector of several results there are some that nobody writes.
    private boolean isFinite(Value value) {
        if (!Parts.isVector(value)) {
            return isFinite(value.dtype(), memory + plan.offset(value), value.shape().count());
        }
        Parts parts = Parts.of(value);
        return IntStream.range(0, parts.shapes().size()).allMatch(i -> isFinite(value.dtype(),
                memory + plan.offset(value) + (long) parts.offset(i) * value.dtype().bytes(), parts.shapes().get(i).count()));
    }

    private boolean isFinite(DType type, long address, long count) {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment numbers = OffHeap.allocate(count * type.bytes(), local).asSlice(0, count * type.bytes());
            machine.download(address, numbers);
            for (long i = 0; i < count; i++) {
                float number = switch (type) {
                    case BF16 -> Float.intBitsToFloat(numbers.getAtIndex(ValueLayout.JAVA_SHORT, i) << 16);
                    case F16 -> Float.float16ToFloat(numbers.getAtIndex(ValueLayout.JAVA_SHORT, i));
                    default -> numbers.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                };
                if (!Float.isFinite(number)) {
                    return false;
                }
            }
            return true;
        }
    }

    @Override
    public List<StepProfile> profile() {
        List<StepProfile> profile = new ArrayList<>();
        weights.refresh(parameters, plans);
        convert();
        weights.hasRun(changes);
        machine.synchronize();
        for (int i = 0; i < calls.length; i++) {
            long start = System.nanoTime();
            calls[i].run();
            machine.synchronize();
            double seconds = (System.nanoTime() - start) * 1e-9;
            CudaKernel kernel = kernels.get(values.get(i));
            profile.add(new StepProfile(GraphInterface.operation(values.get(i)), kernel.description(), kernel.flops(),
                    false, seconds));
        }
        prologueDue = false;
        return profile;
    }

    @Override
    public String describe() {
        StringBuilder text = new StringBuilder();
        for (Value value : values) {
            text.append(value).append(' ').append(GraphInterface.operation(value)).append(' ').append(value.dtype())
                    .append(": ").append(kernels.get(value).description()).append('\n');
        }
        return text.toString();
    }

    @Override
    public void close() {
        if (recording != null) {
            recording.close();
        }
        machine.free(memory);
        arena.close();
    }
}
