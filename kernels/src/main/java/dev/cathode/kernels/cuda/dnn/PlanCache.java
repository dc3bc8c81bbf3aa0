package dev.cathode.kernels.cuda.dnn;

import dev.cathode.kernels.cuda.cache.DiskCache;
import dev.cathode.kernels.cuda.library.CudaException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/// Plans that were chosen once, kept on disk as text: by version of the library, GPU and task.
public final class PlanCache {
    private static final String NONE = "none";
    private static final String NOT_WORTH_IT = "not worth it";

    private final Cudnn cudnn;
    private final DeviceDescription device;
    private final DiskCache cache;
    private final boolean repeatable;

    /// Plans for one GPU.
    public PlanCache(Cudnn cudnn, DeviceDescription device, DiskCache cache) {
        this(cudnn, device, cache, false);
    }

    /// Plans for one GPU.
    ///
    /// @param repeatable only plans of which two runs give the same bytes
    public PlanCache(Cudnn cudnn, DeviceDescription device, DiskCache cache, boolean repeatable) {
        this.repeatable = repeatable;
        this.cudnn = cudnn;
        this.device = device;
        this.cache = cache;
    }

    /// The plan for a convolution: the one that is kept, or the one that `choice` picks of the suggested ones.
    ///
    /// @param most how many suggestions are wanted, if any
    /// @param choice the index of the best of the plans, for example by timing them
    /// @throws IllegalStateException if the library can do it in no way on that GPU
    public Plan plan(ConvolutionTask task, int most, ToIntFunction<List<Plan>> choice) {
        return planIfWorthIt(task, most, choice).orElseThrow();
    }

    /// The plan for a convolution that can be computed in another way too.
    ///
    /// @param choice the index of the best of the plans, or -1 if the other way is better than all of them; that is
    ///         kept as well
    /// @return empty if the other way is better
    /// @throws IllegalStateException if the library can do it in no way on that GPU
    public Optional<Plan> planIfWorthIt(ConvolutionTask task, int most, ToIntFunction<List<Plan>> choice) {
        return plan(task + (repeatable ? " repeatable" : ""), () -> Plans.of(cudnn, device, task, most, repeatable),
                choice);
    }

    /// The plan for attention: the one that is kept, or the one that `choice` picks of the suggested ones.
    ///
    /// @param most how many suggestions are wanted, if any
    /// @param choice the index of the best of the plans, for example by timing them
    /// @return empty if the library can do it in no way on that GPU; its gradient is never repeatable
    public Optional<AttentionPlan> plan(AttentionTask task, int most, ToIntFunction<List<AttentionPlan>> choice) {
        if (repeatable && task.work() != AttentionTask.Work.FORWARD) {
            return Optional.empty();
        }
        return plan(task.toString(), () -> Plans.of(cudnn, device, task, most), plans ->
                choice.applyAsInt(plans.stream().map(plan -> new AttentionPlan(task, plan)).toList()))
                .map(plan -> new AttentionPlan(task, plan));
    }

    private Optional<Plan> plan(String task, Supplier<Plans> suggestions, ToIntFunction<List<Plan>> choice) {
        DiskCache.Key key = new DiskCache.Key("plan", List.of("cuDNN " + cudnn.version(), device.json(), task));
        try {
            return read(key, suggestions, choice);
        } catch (CudaException e) { // kept by a library of the same version that was another one after all
            cache.remove(key);
            return read(key, suggestions, choice);
        }
    }

    private Optional<Plan> read(DiskCache.Key key, Supplier<Plans> suggestions, ToIntFunction<List<Plan>> choice) {
        String text = new String(cache.get(key, () -> {
            try (Plans plans = suggestions.get()) {
                return chosen(plans.list(), choice).getBytes(StandardCharsets.UTF_8);
            }
        }), StandardCharsets.UTF_8);
        if (text.equals(NONE)) {
            cache.remove(key); // another library beside cuDNN, such as NVRTC, may have been what was missing
            return Optional.empty();
        }
        return text.equals(NOT_WORTH_IT) ? Optional.empty() : Optional.of(Plan.of(cudnn, device, text));
    }

    private static String chosen(List<Plan> plans, ToIntFunction<List<Plan>> choice) {
        if (plans.isEmpty()) {
            return NONE;
        }
        int index = choice.applyAsInt(plans);
        return index < 0 ? NOT_WORTH_IT : plans.get(index).json();
    }
}
