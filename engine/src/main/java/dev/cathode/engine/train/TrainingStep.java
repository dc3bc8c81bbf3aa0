package dev.cathode.engine.train;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.weights.Checkpoint;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.Predicate;

/// One optimizer step, again and again: a loss over one or several batches, its gradients, and the update of the
/// parameters.
///
/// The loss is a graph with an output `loss`, the mean over the samples of its batch; it is traced and compiled for every
/// batch size that occurs.
public final class TrainingStep implements AutoCloseable {
    private final Device device;
    private final TrainingState state;
    private final StepOptions options;
    private final boolean accumulate;
    private final IntFunction<Graph> objective;
    private final DeviceWeights weights;
    private final Map<Integer, Executable> executables = new HashMap<>();
    private Executable apply;

    /// What a step found.
    ///
    /// @param loss the mean over all samples of the step
    /// @param gradientNorm L2 norm of all gradients before clipping; NaN where it was not computed
    public record Result(double loss, double gradientNorm) {
        /// Whether the step was made; otherwise parameters are as they were.
        public boolean finite() {
            return Double.isFinite(loss) && !Double.isInfinite(gradientNorm);
        }
    }

    /// A batch: how many samples, and who sets the inputs of the loss.
    public record Batch(int size, Consumer<Executable> inputs) { }

    /// @param frozen the parameters of the loss that are not in the state; stays open
    /// @param state the parameters that change
    /// @param accumulate whether a step may have several batches; the state must have been made for it
    /// @param objective the graph of the loss for a batch size
    public TrainingStep(Device device, Checkpoint frozen, TrainingState state, StepOptions options, boolean accumulate,
                        IntFunction<Graph> objective) {
        this.device = device;
        this.state = state;
        this.options = options;
        this.accumulate = accumulate;
        this.objective = objective;
        weights = device.weights(frozen, state.variables());
    }

    /// The parameters of a loss that fulfil a condition, with their shapes: what to make a [TrainingState] for.
    public static Map<String, Shape> parameters(Graph objective, Predicate<String> condition) {
        Map<String, Shape> found = new LinkedHashMap<>();
        objective.parameters().forEach((name, value) -> {
            if (condition.test(name)) {
                found.put(name, value.shape());
            }
        });
        return found;
    }

    /// Makes a step.
    ///
    /// @param step 1 in the first
    /// @param learningRate step size
    /// @param emaDecay how much of the moving average stays; not read where there is none
    /// @param batches one, or several if gradients accumulate
    /// @param cancelled asked between kernels; a step that was cancelled has changed nothing that is saved, unless its
    ///         update had begun
    public Result run(long step, double learningRate, double emaDecay, List<Batch> batches, BooleanSupplier cancelled) {
        if (!accumulate && batches.size() != 1) {
            throw new IllegalArgumentException("this step has one batch, not " + batches.size());
        }
        if (!accumulate) {
            Executable executable = executable(batches.getFirst().size());
            batches.getFirst().inputs().accept(executable);
            return update(executable, step, learningRate, emaDecay, cancelled, Double.NaN);
        }
        int samples = batches.stream().mapToInt(Batch::size).sum();
        double loss = 0;
        for (Batch batch : batches) {
            Executable executable = executable(batch.size());
            batch.inputs().accept(executable);
            executable.set(StepGraphs.SHARE, new float[] {(float) batch.size() / samples});
            executable.run(cancelled);
            loss += executable.get(StepGraphs.LOSS)[0] * (double) batch.size() / samples;
        }
        if (apply == null) {
            apply = device.compile(StepGraphs.applying(state.trainable(), options), weights, CompileOptions.defaults());
        }
        return update(apply, step, learningRate, emaDecay, () -> false, loss);
    }

    private Result update(Executable executable, long step, double learningRate, double emaDecay,
                          BooleanSupplier cancelled, double loss) {
        executable.set(StepGraphs.LEARNING_RATE, new float[] {(float) learningRate});
        executable.set(StepGraphs.STEP, new int[] {Math.toIntExact(step)});
        if (options.ema()) {
            executable.set(StepGraphs.EMA_WEIGHT, new float[] {(float) (1 - emaDecay)});
        }
        executable.run(cancelled);
        return new Result(Double.isNaN(loss) && executable != apply ? executable.get(StepGraphs.LOSS)[0] : loss,
                executable.outputs().containsKey(StepGraphs.GRADIENT_NORM)
                        ? executable.get(StepGraphs.GRADIENT_NORM)[0] : Double.NaN);
    }

    /// The executable for a batch size, for reading results and profiles of the last run.
    public Executable executable(int batch) {
        return executables.computeIfAbsent(batch, size -> device.compile(accumulate
                ? StepGraphs.accumulating(objective.apply(size), state.trainable().keySet())
                : StepGraphs.whole(objective.apply(size), state.trainable().keySet(), options), weights,
                CompileOptions.defaults()));
    }

    @Override
    public void close() {
        executables.values().forEach(Executable::close);
        if (apply != null) {
            apply.close();
        }
        weights.close();
    }
}
