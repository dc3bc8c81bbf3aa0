package dev.cathode.engine.runtime.cpu;

import dev.cathode.engine.compile.MemoryPlan;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.GraphInterface;
import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.weights.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/// A list of kernel calls with all addresses resolved.
final class CpuExecutable implements Executable {
    private final GraphInterface border;
    private final MemoryPlan plan;
    private final Map<Value, CpuKernel> kernels;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;
    private final List<Value> values;
    private final Runnable[] calls;
    private final int body;
    private final Set<String> constantInputs;
    private boolean prologueDue = true;

    CpuExecutable(Graph graph, MemoryPlan plan, Map<Value, CpuKernel> kernels, Set<String> constantInputs,
                  CpuWeights weights) {
        border = new GraphInterface(graph);
        this.plan = plan;
        this.kernels = kernels;
        this.constantInputs = constantInputs;
        memory = OffHeap.allocate(plan.arenaBytes(), arena);
        values = plan.schedule().steps();
        body = plan.schedule().prologue().size();
        calls = new Runnable[values.size()];
        try {
            for (int i = 0; i < calls.length; i++) {
                calls[i] = kernels.get(values.get(i)).binder().bind(new ArenaAddresses(i, weights));
            }
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    private final class ArenaAddresses implements CpuKernel.Addresses {
        private final int step;
        private final CpuWeights weights;

        ArenaAddresses(int step, CpuWeights weights) {
            this.step = step;
            this.weights = weights;
        }

        @Override
        public long of(Value value) {
            return MemoryPlan.isParameter(value) ? weights.vector(value) : memory.address() + plan.offset(value);
        }

        @Override
        public int stride(Value value) {
            return MemoryPlan.isParameter(value) ? value.shape().last() : plan.stride(value);
        }

        @Override
        public boolean inPlace(Value concat, Value input) {
            return !MemoryPlan.isParameter(input) && plan.sameBuffer(concat, input);
        }

        @Override
        public long workspace() {
            return memory.address() + plan.workspaceOffset(step);
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
        long offset = checkInput(input, DType.F32, numbers.length);
        MemorySegment.copy(numbers, 0, memory, ValueLayout.JAVA_FLOAT, offset, numbers.length);
    }

    @Override
    public void set(String input, int[] numbers) {
        long offset = checkInput(input, DType.I32, numbers.length);
        MemorySegment.copy(numbers, 0, memory, ValueLayout.JAVA_INT, offset, numbers.length);
    }

    private long checkInput(String name, DType dtype, int count) {
        Value value = border.input(name, dtype, count);
        prologueDue |= constantInputs.contains(name);
        return plan.offset(value);
    }

    @Override
    public void run(BooleanSupplier cancelled) {
        for (int i = prologueDue ? 0 : body; i < calls.length; i++) {
            if (cancelled.getAsBoolean()) {
                throw new CancellationException("cancelled");
            }
            calls[i].run();
            if (i == body - 1) {
                prologueDue = false;
            }
        }
    }

    @Override
    public float[] get(String output) {
        Value value = border.output(output);
        float[] numbers = new float[value.shape().intCount()];
        MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT, plan.offset(value), numbers, 0, numbers.length);
        return numbers;
    }

    @Override
    public Optional<String> firstNonFinite() {
        for (int i = 0; i < calls.length; i++) {
            calls[i].run();
            Value value = values.get(i);
            if (value.dtype() == DType.F32 && !(value.op() instanceof UpdateOp) && !isFinite(value)) {
                return Optional.of(GraphInterface.place(value));
            }
        }
        return Optional.empty();
    }

    /// Looks at the rows of a value; those of a slice of a concatenation have others between them.
    private boolean isFinite(Value value) {
        int columns = value.shape().rank() == 0 ? 1 : value.shape().last();
        long rows = value.shape().count() / columns;
        long stride = value.shape().rank() == 0 ? 1 : plan.stride(value);
        for (long row = 0; row < rows; row++) {
            for (int c = 0; c < columns; c++) {
                long at = plan.offset(value) + (row * stride + c) * Float.BYTES;
                if (!Float.isFinite(memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at))) {
                    return false;
                }
            }
        }
        return true;
    }

    @Override
    public List<StepProfile> profile() {
        List<StepProfile> profile = new ArrayList<>();
        for (int i = 0; i < calls.length; i++) {
            long start = System.nanoTime();
            calls[i].run();
            double seconds = (System.nanoTime() - start) * 1e-9;
            CpuKernel kernel = kernels.get(values.get(i));
            profile.add(new StepProfile(GraphInterface.operation(values.get(i)), kernel.description(), kernel.flops(),
                    kernel.mixed(), seconds));
        }
        return profile;
    }

    @Override
    public String describe() {
        StringBuilder text = new StringBuilder();
        for (Value value : values) {
            text.append(value).append(' ').append(GraphInterface.operation(value)).append(": ")
                    .append(kernels.get(value).description()).append('\n');
        }
        return text.toString();
    }

    @Override
    public void close() {
        arena.close();
    }
}
