package dev.cathode.kernels.cuda.dnn;

import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.dnn.BackendDescriptor.Type;
import dev.cathode.kernels.cuda.library.CudaException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// The plans that cuDNN's heuristics suggest for a task on a GPU, best first.
public final class Plans implements AutoCloseable {
    private static final int HEURISTICS = 4;
    private static final int HEURISTICS_MODE = 200;
    private static final int HEURISTICS_GRAPH = 201;
    private static final int HEURISTICS_RESULTS = 202;
    private static final int HEURISTICS_DEVICE = 204;
    private static final int ENGINE_CONFIGURATION = 3;
    /// `CUDNN_HEUR_MODE_A`, by decision trees, and `CUDNN_HEUR_MODE_FALLBACK`, what works anyway
    private static final int[] MODES = {3, 2};
    private static final int NOT_SUPPORTED = 3;
    private static final int ENGINE = 2;
    private static final int ENGINE_OF_CONFIGURATION = 300;
    private static final int NUMERICAL_NOTES = 1303;
    /// `cudnnBackendNumericalNote_t`: what an engine says of its arithmetic
    private static final int TENSOR_CORE = 0;
    private static final int ROUNDED_INPUTS = 1;
    private static final int NONDETERMINISTIC = 4;
    private static final int MOST_NOTES = 32;

    private final OperationGraph graph;
    private final Set<Integer> refusedNotes;
    private final List<Plan> list = new ArrayList<>();
    private CudaException refusal;

    /// @param refusedNotes what engines may not say of their arithmetic
    private Plans(OperationGraph graph, Set<Integer> refusedNotes) {
        this.graph = graph;
        this.refusedNotes = refusedNotes;
    }

    /// Makes plans for a convolution; that needs no GPU.
    ///
    /// @param most how many are wanted
    /// @throws IllegalStateException if the library can do it in no way on that GPU
    public static Plans of(Cudnn cudnn, DeviceDescription device, ConvolutionTask task, int most) {
        return of(cudnn, device, task, most, false);
    }

    /// Makes plans for a convolution.
    ///
    /// @param repeatable only plans of which two runs give the same bytes
    public static Plans of(Cudnn cudnn, DeviceDescription device, ConvolutionTask task, int most, boolean repeatable) {
        Set<Integer> refused = new HashSet<>(repeatable ? Set.of(NONDETERMINISTIC) : Set.of());
        if (task.element() == Element.FLOAT32 && !task.tf32()) {
            refused.addAll(Set.of(TENSOR_CORE, ROUNDED_INPUTS));
        }
        Plans plans = suggested(cudnn, device, task::describe, most, refused);
        if (plans.list.isEmpty()) {
            plans.close();
            throw new IllegalStateException("cuDNN " + cudnn.version() + " has no " + (repeatable ? "deterministic " : "")
                    + "engine for " + task + " on this GPU", plans.refusal);
        }
        return plans;
    }

    /// Makes plans for attention; that needs no GPU, but cuDNN compiles kernels for it and loads them, which needs a
    /// driver.
    ///
    /// @param most how many are wanted
    /// @return empty if the library can do it in no way on that GPU
    public static Plans of(Cudnn cudnn, DeviceDescription device, AttentionTask task, int most) {
        return task.supported(cudnn.version())
                ? suggested(cudnn, device, graph -> AttentionGraph.describe(task, graph), most, Set.of())
                : new Plans(new OperationGraph(cudnn), Set.of());
    }

    private static Plans suggested(Cudnn cudnn, DeviceDescription device, Consumer<OperationGraph> task, int most,
                                   Set<Integer> refusedNotes) {
        Plans plans = new Plans(new OperationGraph(cudnn), refusedNotes);
        try {
            task.accept(plans.graph);
            BackendDescriptor operations = plans.graph.finish();
            for (int i = 0; i < MODES.length && plans.list.size() < most; i++) {
                plans.add(cudnn, device, operations, MODES[i], most);
            }
            return plans;
        } catch (RuntimeException e) {
            plans.close();
            throw e;
        }
    }

    private void add(Cudnn cudnn, DeviceDescription device, BackendDescriptor operations, int mode, int most) {
        List<BackendDescriptor> configurations = new ArrayList<>();
        try (BackendDescriptor heuristics = new BackendDescriptor(cudnn, HEURISTICS)) {
            heuristics.ints(HEURISTICS_MODE, Type.HEURISTIC_MODE, mode).descriptors(HEURISTICS_GRAPH, operations)
                    .descriptors(HEURISTICS_DEVICE, device.descriptor()).finish();
            long count = heuristics.count(HEURISTICS_RESULTS, Type.DESCRIPTOR);
            for (long i = 0; i < count; i++) {
                configurations.add(new BackendDescriptor(cudnn, ENGINE_CONFIGURATION));
            }
            int filled = heuristics.fill(HEURISTICS_RESULTS, configurations.toArray(BackendDescriptor[]::new));
            for (int i = 0; i < filled && list.size() < most; i++) {
                if (refusedNotes.isEmpty() || isAllowed(cudnn, configurations.get(i))) {
                    plan(cudnn, device, configurations.get(i));
                }
            }
        } catch (CudaException e) {
            refuse(e); // the other heuristics may know more
        } finally {
            configurations.forEach(BackendDescriptor::close);
        }
    }

    /// Whether an engine says nothing of its arithmetic that is refused: that it adds in an order that changes, or
    /// rounds.
    private boolean isAllowed(Cudnn cudnn, BackendDescriptor configuration) {
        try (BackendDescriptor engine = new BackendDescriptor(cudnn, ENGINE)) {
            configuration.fill(ENGINE_OF_CONFIGURATION, engine);
            return IntStream.of(engine.readInts(NUMERICAL_NOTES, Type.NUMERICAL_NOTE, MOST_NOTES))
                    .noneMatch(refusedNotes::contains);
        }
    }

    /// Adds a plan, unless its engine turns out not to do this after all.
    private void plan(Cudnn cudnn, DeviceDescription device, BackendDescriptor configuration) {
        BackendDescriptor plan = new BackendDescriptor(cudnn, Plan.KIND);
        try {
            list.add(new Plan(cudnn, plan.descriptors(Plan.DEVICE, device.descriptor())
                    .descriptors(Plan.ENGINE, configuration).finish()));
        } catch (CudaException e) {
            plan.close();
            refuse(e);
        }
    }

    /// Goes on after "not supported", and after nothing else.
    private void refuse(CudaException e) {
        if (e.code() / 1000 != NOT_SUPPORTED) {
            throw e;
        }
        refusal = e;
    }

    /// The plans, best first; they live as long as this.
    public List<Plan> list() {
        return List.copyOf(list);
    }

    @Override
    public void close() {
        list.forEach(Plan::close);
        list.clear();
        graph.close();
    }
}
