package dev.cathode.kernels.cuda.gpu;

import dev.cathode.kernels.cuda.CudaMachine.PreparedOperation;
import dev.cathode.kernels.cuda.cache.DiskCache;
import dev.cathode.kernels.cuda.dnn.AttentionPlan;
import dev.cathode.kernels.cuda.dnn.AttentionTask;
import dev.cathode.kernels.cuda.dnn.ConvolutionTask;
import dev.cathode.kernels.cuda.dnn.Cudnn;
import dev.cathode.kernels.cuda.dnn.DeviceDescription;
import dev.cathode.kernels.cuda.dnn.Plan;
import dev.cathode.kernels.cuda.dnn.PlanCache;
import dev.cathode.kernels.cuda.dnn.PreparedPlan;
import dev.cathode.kernels.cuda.driver.CudaStream;
import dev.cathode.kernels.cuda.library.CudaException;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/// What a GPU does by cuDNN: each task by the plan that was seen to be fastest.
final class GpuDnn implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(GpuDnn.class.getName());
    /// Of what the library holds compiled, which takes milliseconds each.
    private static final int SUGGESTIONS = 16;
    /// Of what has to be compiled, which takes half a second each.
    private static final int COMPILED_SUGGESTIONS = 4;
    /// Bytes of an output from which on a pass over it takes longer than a launch.
    private static final long LEAST_FUSED = 1 << 20;
    /// Operations from which on attention does.
    private static final double LEAST_ATTENTION = 1 << 24;
    /// Where a second pass would write: a number that no tensor of a convolution has, and the last in their order.
    private static final long COPY = 1000;

    private final CudaStream stream;
    private final Tuner tuner;
    private final Runnable enter;
    private final Deque<Runnable> owned = new ArrayDeque<>();
    private final Cudnn.Handle cudnn;
    private final PlanCache plans;
    private final Map<ConvolutionTask, Optional<Plan>> convolutions = new HashMap<>();
    private final Map<AttentionTask, Optional<AttentionPlan>> attentions = new HashMap<>();

    /// @param repeatable whether two runs must give the same bytes
    /// @param enter has to be called before anything runs
    GpuDnn(Cudnn library, CudaStream stream, Tuner tuner, DiskCache cache, boolean repeatable, Runnable enter) {
        this.stream = stream;
        this.tuner = tuner;
        this.enter = enter;
        cudnn = own(library.handle(), Cudnn.Handle::close);
        try {
            cudnn.stream(stream.handle());
            plans = new PlanCache(library, own(DeviceDescription.of(library, cudnn), DeviceDescription::close), cache,
                    repeatable);
        } catch (RuntimeException e) {
            cudnn.close();
            throw e;
        }
    }

    private <C> C own(C part, Consumer<C> close) {
        owned.push(() -> close.accept(part));
        return part;
    }

    private <P extends PreparedPlan> P own(P plan) {
        return own(plan, PreparedPlan::close);
    }

    /// See [dev.cathode.kernels.cuda.CudaMachine#convolution].
    Optional<PreparedOperation> convolution(ConvolutionTask task) {
        Optional<Plan> plan = convolutions.get(task);
        if (plan == null) {
            plan = task.epilogue().isFused() ? fused(task) : Optional.of(own(plans.plan(task, SUGGESTIONS, suggested ->
                    tuner.fastest(task.toString(), task.tensors().values(), ways(suggested, task.tensors())))));
            convolutions.put(task, plan);
        }
        return plan.map(Prepared::new);
    }

    private List<Tuner.Way> ways(List<? extends PreparedPlan> suggested, Map<Long, Long> tensorBytes) {
        return suggested.stream().<Tuner.Way>map(plan -> new DnnWay(plan.workspace(), tensorBytes,
                (tensors, workspace) -> plan.run(cudnn, tensors, workspace))).toList();
    }

    /// A plan with the whole epilogue, if one is faster than the plan with the bias alone and another pass over its
    /// output, as fast as a copy at best. Small outputs are not worth the time to compile any.
    private Optional<Plan> fused(ConvolutionTask task) {
        if (task.tensors().get(ConvolutionTask.OUTPUT) < LEAST_FUSED) {
            return Optional.empty();
        }
        convolution(task.with(task.epilogue().biasOnly()));
        Plan plain = convolutions.get(task.with(task.epilogue().biasOnly())).orElseThrow();
        Map<Long, Long> operands = task.tensors();
        long output = operands.get(ConvolutionTask.OUTPUT);
        operands.put(COPY, output);
        Set<Long> plainTensors = task.with(task.epilogue().biasOnly()).tensors().keySet();
        Tuner.Way apart = new DnnWay(plain.workspace(), operands, (tensors, workspace) -> {
            Map<Long, Long> some = new HashMap<>(tensors);
            some.keySet().retainAll(plainTensors);
            plain.run(cudnn, some, workspace);
            stream.copy(tensors.get(ConvolutionTask.OUTPUT), tensors.get(COPY), output);
        });
        try {
            return plans.planIfWorthIt(task, COMPILED_SUGGESTIONS, suggested -> {
                List<Tuner.Way> ways = new ArrayList<>(ways(suggested, task.tensors()));
                ways.add(apart);
                int fastest = tuner.fastest(task.toString(), operands.values(), ways);
                return fastest == suggested.size() ? -1 : fastest;
            }).map(this::own);
        } catch (CudaException e) {
            throw e;
        } catch (IllegalStateException e) { // no engine
            return Optional.empty();
        }
    }

    /// See [dev.cathode.kernels.cuda.CudaMachine#attention].
    Optional<PreparedOperation> attention(AttentionTask task) {
        return task.shape().flops() < LEAST_ATTENTION ? Optional.empty()
                : attentions.computeIfAbsent(task, this::prepare).map(Prepared::new);
    }

    /// Empty as well if there are plans and none of them runs: then it is for our kernels, as if there were none.
    private Optional<AttentionPlan> prepare(AttentionTask task) {
        try {
            return plans.plan(task, COMPILED_SUGGESTIONS, suggested -> tuner.fastest(task.toString(),
                    task.tensors().values(), ways(suggested, task.tensors()))).map(this::own);
        } catch (CudaException e) {
            throw e;
        } catch (IllegalStateException e) {
            LOG.log(Level.WARNING, "{0}: {1}", task, Arrays.toString(e.getSuppressed()));
            return Optional.empty();
        }
    }

    /// A plan that is tried.
    private record DnnWay(long workspace, Map<Long, Long> tensors, BiConsumer<Map<Long, Long>, Long> plan)
            implements Tuner.Way {
        @Override
        public void run(long[] operands, long workspace) {
            Map<Long, Long> addresses = new HashMap<>();
            int next = 0;
            for (long id : tensors.keySet()) { // a way may need fewer operands than are there
                addresses.put(id, operands[next++]);
            }
            plan.accept(addresses, workspace);
        }
    }

    /// A plan in use. This closes it: several users that want the same share it.
    private final class Prepared implements PreparedOperation {
        private final PreparedPlan plan;

        private Prepared(PreparedPlan plan) {
            this.plan = plan;
        }

        @Override
        public long workspaceBytes() {
            return plan.workspace();
        }

        @Override
        public void run(Map<Long, Long> tensors, long workspace) {
            enter.run();
            plan.run(cudnn, tensors, workspace);
        }

        @Override
        public void close() { }
    }

    /// Closes everything, the last made first.
    @Override
    public void close() {
        while (!owned.isEmpty()) {
            owned.pop().run();
        }
    }
}
