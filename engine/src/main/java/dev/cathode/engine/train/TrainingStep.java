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
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
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
    private final Map<Integer, Executable> evaluations = new HashMap<>();
    private Executable apply;

    /// What a step found.
    ///
    /// @param loss the mean over all samples of the step
    /// @param gradientNorm L2 norm of all gradients before clipping; 0 where it was not computed
    public record Result(double loss, double gradientNorm) {
        /// Whether the step was made; otherwise parameters are as they were.
        public boolean finite() {
            return Double.isFinite(loss) && Double.isFinite(gradientNorm);
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
    /// @param samples of all batches together
    /// @param batches one, or several if gradients accumulate; asked for one after the other, so that not all need to be
    ///         in memory
    public Result run(long step, double learningRate, double emaDecay, int samples, Iterator<Batch> batches) {
        if (!accumulate) {
            Batch batch = batches.next();
            if (batch.size() != samples) {
                throw new IllegalArgumentException("this step has one batch of all " + samples + " samples, not of "
                        + batch.size());
            }
            Executable executable = executable(samples);
            batch.inputs().accept(executable);
            double norm = update(executable, step, learningRate, emaDecay);
            return new Result(executable.get(StepGraphs.LOSS)[0], norm);
        }
        double loss = 0;
        while (batches.hasNext()) {
            Batch batch = batches.next();
            Executable executable = executable(batch.size());
            batch.inputs().accept(executable);
            executable.set(StepGraphs.SHARE, new float[] {(float) batch.size() / samples});
            executable.run();
            loss += executable.get(StepGraphs.LOSS)[0] * (double) batch.size() / samples;
        }
        if (apply == null) {
            apply = device.compile(StepGraphs.applying(state.trainable(), options), weights, CompileOptions.defaults());
        }
        return new Result(loss, update(apply, step, learningRate, emaDecay));
    }

    /// Makes the update; gives the norm of the gradients where it was computed, else 0.
    private double update(Executable executable, long step, double learningRate, double emaDecay) {
        executable.set(StepGraphs.LEARNING_RATE, new float[] {(float) learningRate});
        executable.set(StepGraphs.STEP, new int[] {Math.toIntExact(step)});
        if (options.ema()) {
            executable.set(StepGraphs.EMA_WEIGHT, new float[] {(float) (1 - emaDecay)});
        }
        executable.run();
        return executable.outputs().containsKey(StepGraphs.GRADIENT_NORM)
                ? executable.get(StepGraphs.GRADIENT_NORM)[0] : 0;
    }

    /// The executable for a batch size, for reading results and profiles of the last run.
    public Executable executable(int batch) {
        return executables.computeIfAbsent(batch, size -> device.compile(accumulate
                ? StepGraphs.accumulating(objective.apply(size), state.trainable().keySet(), options)
                : StepGraphs.whole(objective.apply(size), state.trainable().keySet(), options), weights,
                CompileOptions.defaults()));
    }

    /// The loss of a batch without a step, with the parameters as they are.
    public double evaluate(Batch batch) {
        Executable executable = evaluations.computeIfAbsent(batch.size(), size -> device.compile(
                StepGraphs.evaluating(objective.apply(size), options), weights, CompileOptions.defaults()));
        batch.inputs().accept(executable);
        executable.run();
        return executable.get(StepGraphs.LOSS)[0];
    }

    /// Computes the last batch of a size again and says what the first value is that is not finite: after a step that
    /// changed nothing, which value was to blame.
    public Optional<String> firstNonFinite(int batch) {
        return executable(batch).firstNonFinite();
    }

    @Override
    public void close() {
        evaluations.values().forEach(Executable::close);
        executables.values().forEach(Executable::close);
        if (apply != null) {
            apply.close();
        }
        weights.close();
    }
}
