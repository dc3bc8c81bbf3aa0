package dev.cathode.engine.runtime.cpu;

import dev.cathode.engine.compile.Fusion;
import dev.cathode.engine.compile.MemoryPlan;
import dev.cathode.engine.compile.Schedule;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.InsufficientMemoryException;
import dev.cathode.engine.runtime.SystemMemory;
import dev.cathode.engine.runtime.Variables;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Workers;
import dev.cathode.weights.Checkpoint;
import java.util.LinkedHashMap;
import java.util.Map;

/// The CPU as a device.
public final class CpuDevice implements Device {
    private final CpuOptions options;
    private final CpuKernels kernels;
    private final Workers workers;

    private CpuDevice(CpuOptions options, CpuKernels kernels) {
        this.options = options;
        this.kernels = kernels;
        workers = new Workers(options.threads());
    }

    /// Starts the worker threads, for the fastest kernels there are for this machine.
    public static CpuDevice open(CpuOptions options) {
        return open(options, CpuKernels.fastest());
    }

    /// Starts the worker threads for kernels of a certain kind.
    public static CpuDevice open(CpuOptions options, CpuKernels kernels) {
        return new CpuDevice(options, kernels);
    }

    @Override
    public String description() {
        String threads = workers.threads() == 1 ? " thread" : " threads";
        return "CPU, " + kernels.description() + ", " + workers.threads() + threads;
    }

    @Override
    public DeviceWeights weights(Checkpoint checkpoint, Variables variables) {
        return new CpuWeights(checkpoint, (CpuVariables) variables, kernels, workers, options.storage());
    }

    @Override
    public Variables variables() {
        return new CpuVariables();
    }

    /// A graph brought into the order and form in which it runs.
    private record Planned(Graph graph, MemoryPlan plan, Map<Value, CpuKernel> steps) {
        long requiredBytes() {
            return plan.arenaBytes() + steps.values().stream().mapToLong(CpuKernel::weightBytes).sum();
        }
    }

    private Planned plan(Graph graph, CpuWeights weights, CompileOptions compile) {
        weights.check(graph);
        Graph fused = compile.fuse() ? Fusion.apply(graph, compile.taps()) : Fusion.none(graph, compile.taps());
        Schedule schedule = Schedule.of(fused, compile.constantInputs(), weights.variables());
        CpuLowering lowering = new CpuLowering(kernels, workers, weights, options);
        Map<Value, CpuKernel> steps = new LinkedHashMap<>();
        schedule.steps().forEach(value -> steps.put(value, lowering.lower(value)));
        MemoryPlan plan = MemoryPlan.of(fused, schedule, value -> steps.get(value).workspaceBytes());
        return new Planned(fused, plan, steps);
    }

    @Override
    public Executable compile(Graph graph, DeviceWeights weights, CompileOptions compile) {
        Planned planned = plan(graph, (CpuWeights) weights, compile);
        long available = SystemMemory.available();
        if (planned.requiredBytes() > available) {
            throw new InsufficientMemoryException(planned.requiredBytes(), available);
        }
        return new CpuExecutable(planned.graph(), planned.plan(), planned.steps(), compile.constantInputs(),
                (CpuWeights) weights);
    }

    @Override
    public long requiredBytes(Graph graph, DeviceWeights weights, CompileOptions compile) {
        return plan(graph, (CpuWeights) weights, compile).requiredBytes();
    }

    @Override
    public void close() {
        workers.close();
    }
}
