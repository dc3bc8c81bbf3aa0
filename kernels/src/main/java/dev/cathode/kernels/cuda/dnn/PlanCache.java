package dev.cathode.kernels.cuda.dnn;

import dev.cathode.kernels.cuda.cache.DiskCache;
import dev.cathode.kernels.cuda.library.CudaException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.ToIntFunction;

/// Plans that were chosen once, kept on disk as text: by version of the library, GPU and task.
public final class PlanCache {
    private final Cudnn cudnn;
    private final DeviceDescription device;
    private final DiskCache cache;

    /// Plans for one GPU.
    public PlanCache(Cudnn cudnn, DeviceDescription device, DiskCache cache) {
        this.cudnn = cudnn;
        this.device = device;
        this.cache = cache;
    }

    /// The plan for a task: the one that is kept, or the one that `choice` picks of the suggested ones.
    ///
    /// @param most how many suggestions are wanted, if any
    /// @param choice the index of the best of the plans, for example by timing them
    /// @throws IllegalStateException if the library can do it in no way on that GPU
    public Plan plan(ConvolutionTask task, int most, ToIntFunction<List<Plan>> choice) {
        DiskCache.Key key = new DiskCache.Key("plan", List.of("cuDNN " + cudnn.version(), device.json(),
                task.toString()));
        try {
            return read(key, task, most, choice);
        } catch (CudaException e) { // kept by a library of the same version that was another one after all
            cache.remove(key);
            return read(key, task, most, choice);
        }
    }

    private Plan read(DiskCache.Key key, ConvolutionTask task, int most, ToIntFunction<List<Plan>> choice) {
        byte[] text = cache.get(key, () -> {
            try (Plans plans = Plans.of(cudnn, device, task, most)) {
                return plans.list().get(choice.applyAsInt(plans.list())).json().getBytes(StandardCharsets.UTF_8);
            }
        });
        return Plan.of(cudnn, device, new String(text, StandardCharsets.UTF_8));
    }
}
