package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.compile.Fusion;
import dev.cathode.engine.compile.HalfPrecision;
import dev.cathode.engine.compile.MemoryPlan;
import dev.cathode.engine.compile.Schedule;
import dev.cathode.engine.compile.StackedProducts;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.InsufficientMemoryException;
import dev.cathode.engine.runtime.Variables;
import dev.cathode.kernels.cuda.CudaMachine;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/// An NVIDIA GPU as a device.
public final class CudaDevice implements Device {
    /// What there may be too little of.
    static final String MEMORY = "GPU memory";
    private static final long ALIGNMENT = 256;

    private final CudaMachine machine;
    private final CudaOptions options;
    private final CudaPlans plans;

    /// A device on a machine, which it closes with itself.
    public CudaDevice(CudaMachine machine, CudaOptions options) {
        this.machine = machine;
        this.options = options;
        plans = new CudaPlans(machine);
    }

    @Override
    public String description() {
        String type = switch (options.dtype()) {
            case BF16 -> "bfloat16";
            case F16 -> "float16";
            default -> options.tf32() ? "float32 with TF32 products" : "float32";
        };
        return "GPU, " + machine.description() + ", " + type;
    }

    @Override
    public boolean isRemote() {
        return true;
    }

    @Override
    public DeviceWeights weights(Checkpoint checkpoint, Variables variables) {
        return new CudaWeights(checkpoint, (CudaVariables) variables, machine);
    }

    @Override
    public Variables variables() {
        return new CudaVariables(machine);
    }

    /// A graph brought into the order and form in which it runs.
    private record Planned(Graph graph, MemoryPlan plan, Map<Value, CudaKernel> steps, Collection<Value> parameters) {
        long requiredBytes(CudaWeights weights) {
            return CudaExecutable.bytes(plan, steps) + weights.missingBytes(parameters);
        }
    }

    /// All updates in one launch at the end, unless there is no memory for all their gradients at once.
    private Planned plan(Graph graph, CudaWeights weights, CompileOptions compile) {
        weights.check(graph);
        Graph fused = compile.fuse() ? Fusion.apply(graph, compile.taps()) : Fusion.none(graph, compile.taps());
        Graph typed = options.dtype() == DType.F32 ? fused : HalfPrecision.apply(fused, options.dtype());
        Graph stacked = compile.fuse()
                ? StackedProducts.apply(typed, compile.constantInputs(), weights.variables()) : typed;
        Schedule written = Schedule.of(stacked, compile.constantInputs(), weights.variables());
        Schedule together = written.withUpdatesLast();
        Planned planned = plan(stacked, together, weights);
        return together.equals(written) || planned.requiredBytes(weights) <= machine.available() ? planned
                : plan(stacked, written, weights);
    }

    private Planned plan(Graph graph, Schedule schedule, CudaWeights weights) {
        CudaLowering lowering = new CudaLowering(plans, weights, options.tf32(), schedule.steps());
        Map<Value, CudaKernel> steps = new LinkedHashMap<>();
        schedule.steps().forEach(value -> steps.put(value, lowering.lower(value)));
        steps.putAll(lowering.merged(schedule.body()));
        MemoryPlan plan = MemoryPlan.of(graph, schedule, ALIGNMENT, value -> steps.get(value).needs());
        return new Planned(graph, plan, steps, CudaWeights.read(schedule.steps()));
    }

    /// @throws InsufficientMemoryException if the plan does not fit what the GPU has free
    @Override
    public Executable compile(Graph graph, DeviceWeights weights, CompileOptions compile) {
        CudaWeights held = (CudaWeights) weights;
        Planned planned = plan(graph, held, compile);
        long required = planned.requiredBytes(held);
        long available = machine.available();
        if (required > available) {
            throw new InsufficientMemoryException(required, available, MEMORY);
        }
        held.load(planned.parameters());
        return new CudaExecutable(plans, planned.graph(), planned.plan(), planned.steps(), compile.constantInputs(), held,
                planned.parameters());
    }

    @Override
    public long requiredBytes(Graph graph, DeviceWeights weights, CompileOptions compile) {
        return plan(graph, (CudaWeights) weights, compile).requiredBytes((CudaWeights) weights);
    }

    @Override
    public void close() {
        plans.close();
        machine.close();
    }
}
