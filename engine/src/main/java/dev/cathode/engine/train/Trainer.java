package dev.cathode.engine.train;

import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.train.log.CsvLog;
import dev.cathode.engine.train.log.StepReport;
import dev.cathode.engine.train.log.StepTimer;
import dev.cathode.engine.train.log.TensorBoardLog;
import dev.cathode.engine.train.log.TrainingLog;
import dev.cathode.engine.train.recipe.MixedPrecision;
import dev.cathode.engine.train.recipe.OptimizerSettings;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.Checkpoints;
import dev.cathode.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// The training loop, the same for every method: batches, steps, logs, checkpoints, validation.
///
/// A run is a pure function of its recipe and data: killed at any moment and resumed from its latest checkpoint, it
/// ends with the same bytes as one that was never disturbed.
///
/// @param <S> what the task reads of a sample
public final class Trainer<S> {
    private static final String STATE = "state";
    private static final String VALIDATION_LOSS = "validation/loss";
    private static final int BATCHES_AHEAD = 4;

    private final Device device;
    private final TrainingRecipe recipe;
    private final TrainingTask<S> task;
    private final TrainingData data;
    private final TrainingListener listener;
    private final StepOptions options;
    private final SampleOrder order;
    private final CheckpointFolder checkpoints;
    private final long total;
    private final LearningRateSchedule schedule;

    /// Where a run ended.
    ///
    /// @param steps optimizer steps that are done
    /// @param completed whether that is all of them; otherwise it was told to stop, and there is a checkpoint
    /// @param waitedShare part of the time that training waited for data
    public record Outcome(long steps, boolean completed, double waitedShare) { }

    /// @param data what is trained on
    public Trainer(Device device, TrainingRecipe recipe, TrainingTask<S> task, TrainingData data,
                   TrainingListener listener) {
        this.device = device;
        this.recipe = recipe;
        this.task = task;
        this.data = data;
        this.listener = listener;
        options = new StepOptions(optimizer(recipe.optimizer()), recipe.steps().maxGradNorm(), recipe.ema().isPresent(),
                recipe.steps().gradientCheckpointing(), recipe.steps().mixedPrecision() == MixedPrecision.BF16);
        order = new SampleOrder(new TrainingRandom(recipe.steps().seed()), data.trained().length,
                recipe.steps().samplesPerStep());
        checkpoints = new CheckpointFolder(recipe.output().outputDir(), recipe.output().checkpointsTotalLimit());
        total = recipe.steps().totalSteps(data.trained().length);
        schedule = recipe.schedule(data.trained().length);
    }

    private static Optimizer optimizer(OptimizerSettings settings) {
        return switch (settings) {
            case OptimizerSettings.AdamW a -> new Optimizer.AdamW(a.beta1(), a.beta2(), a.epsilon(), a.weightDecay());
            case OptimizerSettings.Sgd s -> new Optimizer.Sgd(s.momentum(), 0, false);
        };
    }

    /// Trains, from the start or from a checkpoint if the recipe says so, and writes the model.
    ///
    /// @throws IOException if data cannot be read or results not be written
    /// @throws InterruptedException if the thread was interrupted while it waited for data
    /// @throws TrainingDivergedException if a loss or gradient is not finite
    public Outcome run() throws IOException, InterruptedException {
        Path output = recipe.output().outputDir();
        Files.createDirectories(output);
        checkpoints.removeLeftovers();
        Optional<CheckpointFolder.Checkpoint> from = recipe.output().resumeFromCheckpoint().isEmpty() ? Optional.empty()
                : checkpoints.find(recipe.output().resumeFromCheckpoint().get());
        if (from.isPresent()) {
            from.get().state().requireFits(from.get().folder(), recipe, order, data.digest());
        }
        boolean accumulate = recipe.steps().gradientAccumulationSteps() > 1;
        listener.onPhase("loading the parameters");
        try (var state = new TrainingState(device, task.trainable(), Map.of(), options, accumulate)) {
            if (from.isPresent()) {
                restore(from.get().folder(), state);
            } else {
                state.start(task.weights());
            }
            long start = from.map(CheckpointFolder.Checkpoint::step).orElse(0L);
            listener.onPhase("compiling");
            try (var step = new TrainingStep(device, task.weights(), state, options, accumulate, task::loss);
                    TrainingLog log = log(output, start)) {
                Outcome outcome = loop(start, step, state, log);
                if (outcome.completed()) {
                    listener.onPhase("writing the model");
                    writeModel(output, state);
                }
                return outcome;
            }
        }
    }

    private TrainingLog log(Path output, long start) throws IOException {
        List<TrainingLog> logs = new ArrayList<>();
        if (recipe.output().reportTo().csv()) {
            logs.add(CsvLog.open(output, start));
        }
        if (recipe.output().reportTo().tensorboard()) {
            logs.add(TensorBoardLog.open(output, start));
        }
        return TrainingLog.of(logs);
    }

    private Outcome loop(long start, TrainingStep step, TrainingState state, TrainingLog log)
            throws IOException, InterruptedException {
        long begun = System.nanoTime();
        long done = start;
        long saved = start;
        try (var loader = new DataLoader<>(order, recipe.steps().trainBatchSize(), start, total,
                new DataLoader.Options(recipe.data().dataloaderNumWorkers(), BATCHES_AHEAD),
                index -> task.read(data.trained()[index]))) {
            var steps = new Steps(step, state, log, loader);
            while (done < total && !listener.isCancelled()) {
                steps.ask(++done);
                boolean validates = done % recipe.validation().steps() == 0 || done == total;
                boolean saves = done % recipe.output().checkpointingSteps() == 0;
                steps.report(validates || saves ? 0 : step.ahead(), saved);
                if (validates) {
                    validate(done, step, state, log);
                }
                if (saves) {
                    checkpoint(done, state);
                    saved = done;
                }
            }
            steps.report(0, saved);
            if (done < total && saved != done) {
                checkpoint(done, state);
            }
            double seconds = (System.nanoTime() - begun) * 1e-9;
            return new Outcome(done, done == total, loader.waitedSeconds() / seconds);
        }
    }

    /// The steps on their way: a device of its own has some more to do while the results of one are told.
    private final class Steps {
        private final TrainingStep step;
        private final TrainingState state;
        private final TrainingLog log;
        private final DataLoader<S> loader;
        private final StepTimer timer = new StepTimer();
        private final Deque<Asked> asked = new ArrayDeque<>();

        /// @param number of the step, from 1
        /// @param begun by the timer
        /// @param waited seconds that it waited for data
        private record Asked(long number, int samples, TrainingStep.Batch last, Supplier<TrainingStep.Result> result,
                             long begun, double waited) { }

        Steps(TrainingStep step, TrainingState state, TrainingLog log, DataLoader<S> loader) {
            this.step = step;
            this.state = state;
            this.log = log;
            this.loader = loader;
        }

        void ask(long number) throws IOException, InterruptedException {
            long begun = timer.begin();
            double waited = loader.waitedSeconds();
            StepBatches batches = new StepBatches(loader);
            var result = step.ask(number, schedule.at(number - 1), emaDecay(number), batches.samples, batches);
            batches.finish();
            asked.add(new Asked(number, batches.samples, batches.last, result, begun, loader.waitedSeconds() - waited));
        }

        /// Tells of steps until so many are left on their way.
        void report(int left, long saved) throws IOException {
            while (asked.size() > left) {
                Asked next = asked.remove();
                long number = next.number;
                TrainingStep.Result result = next.result.get();
                if (!result.finite()) {
                    diverged(step, state, number - 1, saved, next.last);
                }
                timer.end(next.begun, next.samples);
                StepReport report = new StepReport(number, order.position(number - 1).epoch(), (float) result.loss(),
                        schedule.at(number - 1), (float) result.gradientNorm(), timer.imagesPerSecond(), next.waited);
                log.step(report);
                listener.onStep(report, total, timer.remaining(total - number));
            }
        }
    }

    private double emaDecay(long steps) {
        return recipe.ema().map(decay -> decay.at(steps)).orElse(0.0);
    }

    /// The batches of one step, read as they are needed.
    private final class StepBatches implements Iterator<TrainingStep.Batch> {
        private final DataLoader<S> loader;
        private DataLoader.Batch<S> next;
        private final int samples;
        private TrainingStep.Batch last;
        private Exception failure;

        StepBatches(DataLoader<S> loader) throws IOException, InterruptedException {
            this.loader = loader;
            next = loader.next();
            samples = next.ofStep();
        }

        @Override
        public boolean hasNext() {
            return next != null;
        }

        @Override
        public TrainingStep.Batch next() {
            DataLoader.Batch<S> batch = next;
            try {
                next = batch.endsStep() ? null : loader.next();
            } catch (IOException | InterruptedException e) {
                failure = e;
                next = null;
            }
            var place = new TrainingTask.Place(false, batch.step(), batch.first());
            last = new TrainingStep.Batch(batch.samples().size(),
                    executable -> task.set(executable, place, batch.samples()));
            return last;
        }

        /// What went wrong while the step ran, where an iterator cannot say it.
        void finish() throws IOException, InterruptedException {
            switch (failure) {
                case null -> { }
                case IOException e -> throw e;
                case InterruptedException e -> throw e;
                default -> throw new IllegalStateException(failure);
            }
        }
    }

    private void diverged(TrainingStep step, TrainingState state, long done, long saved, TrainingStep.Batch batch)
            throws IOException {
        String where = step.firstNonFinite(batch).orElse("the sum of all gradients");
        if (saved != done) {
            checkpoint(done, state);
        }
        throw new TrainingDivergedException("step " + (done + 1) + ": " + where + " is not finite. The parameters are those"
                + " of step " + done + ", in " + recipe.output().outputDir().resolve("checkpoint-" + done)
                + ": go on from there with a smaller learning_rate, a smaller max_grad_norm, or mixed_precision: no");
    }

    private void validate(long done, TrainingStep step, TrainingState state, TrainingLog log) throws IOException {
        int[] heldOut = data.heldOut();
        double sum = 0;
        int batchSize = recipe.steps().trainBatchSize();
        for (int first = 0; first < heldOut.length; first += batchSize) {
            int count = Math.min(batchSize, heldOut.length - first);
            List<S> samples = new ArrayList<>();
            for (int i = first; i < first + count; i++) {
                samples.add(task.read(heldOut[i]));
            }
            var place = new TrainingTask.Place(true, 0, first);
            sum += step.evaluate(new TrainingStep.Batch(count, executable -> task.set(executable, place, samples))) * count;
        }
        if (heldOut.length > 0) {
            log.scalar(done, VALIDATION_LOSS, sum / heldOut.length);
            listener.onValidation(done, sum / heldOut.length);
        }
        for (var picture : task.pictures(state).entrySet()) {
            log.image(done, picture.getKey(), picture.getValue());
        }
    }

    // ---- files

    private void checkpoint(long done, TrainingState state) throws IOException {
        listener.onPhase("writing checkpoint " + done);
        var written = checkpoints.write(TrainerState.of(done, recipe, order, data.digest(), versions()), folder -> {
            task.write(folder, state, false);
            Path tensors = Files.createDirectory(folder.resolve(STATE));
            SafetensorsWriter.write(tensors.resolve("parameters.safetensors"), state.tensors(""), Map.of());
            for (String kind : state.kinds()) {
                SafetensorsWriter.write(tensors.resolve(kind + ".safetensors"), state.tensors(kind), Map.of());
            }
        });
        listener.onCheckpoint(written.folder());
    }

    private static Map<String, String> versions() {
        String own = Trainer.class.getModule().getDescriptor() == null ? null
                : Trainer.class.getPackage().getImplementationVersion();
        return Map.of("cathode", own == null ? "development" : own, "java", Runtime.version().toString());
    }

    private void restore(Path folder, TrainingState state) {
        restore(folder, "parameters", "", state);
        for (String kind : state.kinds()) {
            restore(folder, kind, kind, state);
        }
    }

    private static void restore(Path folder, String file, String kind, TrainingState state) {
        try (Checkpoint tensors = Checkpoints.open(folder.resolve(STATE).resolve(file + ".safetensors"))) {
            state.read(kind, tensors);
        }
    }

    /// The trained model, and beside it the recipe it came from.
    private void writeModel(Path output, TrainingState state) throws IOException {
        AtomicFolder.write(output.resolve("model"), folder -> {
            task.write(folder, state, options.ema());
            Files.writeString(folder.resolve("recipe.yaml"), recipe.toYaml());
        });
    }
}
