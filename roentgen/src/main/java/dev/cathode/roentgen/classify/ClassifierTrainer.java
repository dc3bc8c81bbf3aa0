package dev.cathode.roentgen.classify;

import dev.cathode.engine.data.TableFile;
import dev.cathode.engine.evaluation.BinaryOutcomes;
import dev.cathode.engine.evaluation.ScoredLabels;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.models.DenseNet;
import dev.cathode.engine.random.RandomWeights;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.train.AtomicFolder;
import dev.cathode.engine.train.LearningRateSchedule;
import dev.cathode.engine.train.Optimizer;
import dev.cathode.engine.train.StepOptions;
import dev.cathode.engine.train.TrainingRandom;
import dev.cathode.engine.train.TrainingState;
import dev.cathode.engine.train.TrainingStep;
import dev.cathode.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import tools.jackson.databind.node.ObjectNode;

/// Trains a classifier from scratch and keeps the model that does best on the validation pictures.
///
/// The run's folder then holds the classifier (`config.json`, `model.safetensors`, of the best epoch), `log.csv`, the
/// last epoch's `checkpoint-N`, and the pictures at the size of training (`pictures.gray`). A run that was interrupted
/// goes on from its last whole epoch, and ends as if it had not been: everything drawn is a function of the seed and
/// the step.
public final class ClassifierTrainer implements AutoCloseable {
    private final ClassifierConfig config;
    private final ClassifierTraining training;
    private final LabelledImages images;
    private final int[] learned;
    private final int[] judged;
    private final Path folder;
    private final ClassifierListener listener;
    private final ObjectNode identity;
    private final int batch;
    private final LearningRateSchedule schedule;
    private final GrayPictures pictures;
    private final Checkpoint first;
    private final TrainingState tensors;
    private final TrainingStep step;
    private final DeviceWeights weights;
    private final Executable judge;
    private ClassifierState state;

    /// Prepares a run, or goes on with the one that the folder holds.
    ///
    /// @param split which pictures to learn from and which to judge by; those that cannot be read or of which nothing
    ///         is known are left out
    /// @param folder of the run, made where it is missing
    /// @throws IOException if the folder cannot be written
    /// @throws IllegalArgumentException if there are too few pictures to learn from
    /// @throws dev.cathode.weights.CheckpointException if the folder holds another run
    public ClassifierTrainer(Device device, ClassifierConfig config, ClassifierTraining training, LabelledImages images,
                             PatientSplit split, Path folder, ClassifierListener listener) throws IOException {
        this.config = config;
        this.training = training;
        this.images = images;
        this.folder = Files.createDirectories(folder);
        this.listener = listener;
        pictures = GrayPictures.open(folder.resolve("pictures.gray"), images, config.fit(), config.imageSize(),
                listener);
        learned = usable(split.training());
        judged = usable(split.validation());
        batch = Math.min(training.batchSize(), learned.length);
        if (batch < 2 || judged.length == 0) {
            pictures.close();
            throw new IllegalArgumentException(learned.length + " pictures with labels to learn from and "
                    + judged.length + " to judge by are too few");
        }
        identity = RunIdentity.of(config, training, images, learned, judged);
        schedule = LearningRateSchedule.Cyclic.triangular(training.baseLearningRate(), training.maxLearningRate(),
                Math.max(1, Math.round(training.cycleEpochs() * stepsPerEpoch())));
        Graph objective = ClassifierObjective.graph(config, batch);
        first = new RandomWeights(training.seed(), RandomWeights.Filters.KAIMING_NORMAL, objective);
        var options = new StepOptions(new Optimizer.AdamW(0.9, 0.999, 1e-8, training.weightDecay()), 0, false);
        tensors = new TrainingState(device,
                TrainingStep.parameters(objective, ClassifierObjective.RUNNING.negate()),
                TrainingStep.parameters(objective, ClassifierObjective.RUNNING), options, false);
        step = new TrainingStep(device, first, tensors, options, false,
                size -> ClassifierObjective.graph(config, size));
        weights = device.weights(first, tensors.variables());
        judge = device.compile(DenseNet.graph(config.network(), batch, config.imageSize(), config.imageSize()), weights,
                CompileOptions.defaults());
        try {
            state = restore();
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private int[] usable(int[] positions) {
        return Arrays.stream(positions).filter(i -> pictures.isReadable(i) && hasKnown(images.truth(i))).toArray();
    }

    private static boolean hasKnown(float[] truth) {
        return IntStream.range(0, truth.length).anyMatch(j -> !Float.isNaN(truth[j]));
    }

    private int stepsPerEpoch() {
        return learned.length / batch;
    }

    private ClassifierState restore() throws IOException {
        AtomicFolder.removeLeftovers(folder);
        Path latest = ClassifierState.latest(folder).orElse(null);
        if (latest == null) {
            tensors.start(first);
            return ClassifierState.start(training.patience());
        }
        ClassifierState found = ClassifierState.read(latest, tensors, identity, training.patience());
        listener.resumed(found.stopping().epoch());
        publish(found); // the run may have ended between keeping the epoch and this
        return found;
    }

    /// Trains until nothing gets better or there were enough epochs; does nothing if that is so already.
    ///
    /// @param cancelled asked at each step; the epoch that was begun is lost then
    /// @return the validation's best epoch
    /// @throws IOException if the folder cannot be written
    /// @throws CancellationException if `cancelled` answered true
    /// @throws ArithmeticException if the loss is not finite; the last whole epoch is kept
    public EpochResult run(BooleanSupplier cancelled) throws IOException {
        while (!state.stopping().stop() && state.stopping().epoch() < training.maxEpochs()) {
            ClassifierState next = state.after(epoch(state.stopping().epoch(), cancelled));
            next.write(folder, tensors, identity);
            state = next;
            publish(next);
            listener.epoch(next.history().getLast(), next.stopping().improved());
        }
        return state.history().get(Math.max(1, state.stopping().bestEpoch()) - 1);
    }

    private EpochResult epoch(int epoch, BooleanSupplier cancelled) {
        int[] order = new TrainingRandom(training.seed()).permutation(TrainingRandom.Stream.ORDER, epoch,
                learned.length);
        double sum = 0;
        long number = state.step();
        for (int i = 0; i < stepsPerEpoch(); i++, number++) {
            int[] positions = IntStream.range(i * batch, (i + 1) * batch).map(k -> learned[order[k]]).toArray();
            if (cancelled.getAsBoolean()) {
                throw new CancellationException("epoch " + (epoch + 1) + " was interrupted");
            }
            var result = step.run(number + 1, schedule.at(number), 0, batch,
                    List.of(new TrainingStep.Batch(batch, executable -> inputs(executable, positions))).iterator());
            if (!result.finite()) {
                throw new ArithmeticException("the loss of step " + (number + 1) + " is " + result.loss()
                        + "; go on with a smaller learning rate in another folder");
            }
            sum += result.loss();
            listener.step(epoch + 1, i + 1, stepsPerEpoch(), result.loss());
        }
        ScoredLabels scored = judgement(cancelled);
        return new EpochResult(epoch + 1, number, schedule.at(number - 1), sum / stepsPerEpoch(),
                ScoredLabels.macro(scored.rocAuc()),
                ScoredLabels.macro(scored.each((s, l) -> BinaryOutcomes.of(s, l, 0).accuracy())));
    }

    private void inputs(Executable executable, int[] positions) {
        int classes = config.labels().size();
        float[] labels = new float[positions.length * classes];
        float[] known = new float[labels.length];
        for (int i = 0; i < positions.length; i++) {
            float[] truth = images.truth(positions[i]);
            for (int j = 0; j < classes; j++) {
                known[i * classes + j] = Float.isNaN(truth[j]) ? 0 : 1;
                labels[i * classes + j] = Float.isNaN(truth[j]) ? 0 : truth[j];
            }
        }
        executable.set("pixel_values", pixels(positions));
        executable.set("labels", labels);
        executable.set("known", known);
    }

    /// `[batch, 1, S, S]`; black where there are fewer pictures.
    private float[] pixels(int[] positions) {
        int plane = config.imageSize() * config.imageSize();
        float[] pixels = new float[batch * plane];
        for (int i = 0; i < positions.length; i++) {
            pictures.copy(positions[i], pixels, i * plane);
        }
        return pixels;
    }

    /// The logits of the validation pictures and what is true.
    private ScoredLabels judgement(BooleanSupplier cancelled) {
        int classes = config.labels().size();
        float[] scores = new float[judged.length * classes];
        float[] truth = new float[scores.length];
        for (int from = 0; from < judged.length; from += batch) {
            int[] positions = Arrays.copyOfRange(judged, from, Math.min(judged.length, from + batch));
            judge.set("pixel_values", pixels(positions));
            judge.run(cancelled);
            System.arraycopy(judge.get("logits"), 0, scores, from * classes, positions.length * classes);
            for (int i = 0; i < positions.length; i++) {
                System.arraycopy(images.truth(positions[i]), 0, truth, (from + i) * classes, classes);
            }
        }
        return new ScoredLabels(scores, truth, classes);
    }

    /// Writes what people look at: the log, and the model if the epoch was the best.
    private void publish(ClassifierState now) throws IOException {
        TableFile.write(folder.resolve("log.csv"), EpochResult.COLUMNS,
                now.history().stream().map(EpochResult::row).toList());
        if (now.stopping().improved() || now.history().size() == 1) {
            now.writeModel(folder.resolve(ClassifierConfig.WEIGHTS), tensors);
            Path file = folder.resolve(ClassifierConfig.FILE);
            Path temporary = file.resolveSibling("." + ClassifierConfig.FILE + ".part");
            Files.writeString(temporary, config.toJson().toPrettyString() + '\n');
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    @Override
    public void close() {
        judge.close();
        step.close();
        weights.close();
        tensors.close();
        first.close();
        pictures.close();
    }
}
