package dev.cathode.engine.train;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.weights.Checkpoint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import java.util.function.Supplier;

/// One optimizer step, again and again: a loss over one or several batches, its gradients, and the update of the
/// parameters.
///
/// The loss is a graph with an output `loss`, the mean over the samples of its batch; it is traced and compiled for
/// every batch size that occurs.
///
/// A step may be [asked for](#ask) while earlier ones still run on a device of its own, so that the device never waits
/// for this process. Once a step was not finite, no later one changes anything: it may have been asked for by then.
public final class TrainingStep implements AutoCloseable {
    private static final int AHEAD = 2;

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
        /// Whether the step was made; otherwise parameters are as they were, and stay so.
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

    /// How many more steps to ask for before the result of one is waited for, so that the device always has work; none
    /// where a step is done once [#ask] returns.
    public int ahead() {
        return device.isRemote() ? AHEAD : 0;
    }

    /// Makes a step and waits for it; parameters as for [#ask].
    public Result run(long step, double learningRate, double emaDecay, int samples, Iterator<Batch> batches) {
        return ask(step, learningRate, emaDecay, samples, batches).get();
    }

    /// Asks for a step.
    ///
    /// @param step 1 in the first
    /// @param learningRate step size
    /// @param emaDecay how much of the moving average stays; not read where there is none
    /// @param samples of all batches together
    /// @param batches one, or several if gradients accumulate; asked for one after the other, so that not all need to
    ///         be in memory
    /// @return waits for the result; to be called at most once
    public Supplier<Result> ask(long step, double learningRate, double emaDecay, int samples, Iterator<Batch> batches) {
        if (!accumulate) {
            Batch batch = batches.next();
            if (batch.size() != samples) {
                throw new IllegalArgumentException("this step has one batch of all " + samples + " samples, not of "
                        + batch.size());
            }
            Executable executable = executable(samples);
            batch.inputs().accept(executable);
            Supplier<float[]> norm = update(executable, step, learningRate, emaDecay);
            Supplier<float[]> loss = executable.fetch(StepGraphs.LOSS);
            return () -> new Result(loss.get()[0], norm.get()[0]);
        }
        List<DoubleSupplier> losses = new ArrayList<>();
        while (batches.hasNext()) {
            Batch batch = batches.next();
            Executable executable = executable(batch.size());
            batch.inputs().accept(executable);
            executable.set(StepGraphs.SHARE, new float[] {(float) batch.size() / samples});
            executable.run();
            Supplier<float[]> loss = executable.fetch(StepGraphs.LOSS);
            losses.add(() -> loss.get()[0] * (double) batch.size() / samples);
        }
        if (apply == null) {
            apply = device.compile(StepGraphs.applying(state.trainable(), options), weights, CompileOptions.defaults());
        }
        Supplier<float[]> norm = update(apply, step, learningRate, emaDecay);
        return () -> new Result(sum(losses), norm.get()[0]);
    }

    private static double sum(List<DoubleSupplier> numbers) {
        double sum = 0;
        for (DoubleSupplier number : numbers) {
            sum += number.getAsDouble();
        }
        return sum;
    }

    /// Makes the update; gives the norm of the gradients where it was computed, else 0.
    private Supplier<float[]> update(Executable executable, long step, double learningRate, double emaDecay) {
        executable.set(StepGraphs.LEARNING_RATE, new float[] {(float) learningRate});
        executable.set(StepGraphs.STEP, new int[] {Math.toIntExact(step)});
        if (options.ema()) {
            executable.set(StepGraphs.EMA_WEIGHT, new float[] {(float) (1 - emaDecay)});
        }
        executable.run();
        return executable.outputs().containsKey(StepGraphs.GRADIENT_NORM)
                ? executable.fetch(StepGraphs.GRADIENT_NORM) : () -> new float[1];
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

    /// Computes a batch again and says what the first value is that is not finite: after a step that changed nothing,
    /// which value was to blame.
    public Optional<String> firstNonFinite(Batch batch) {
        Executable executable = executable(batch.size());
        batch.inputs().accept(executable);
        return executable.firstNonFinite();
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
