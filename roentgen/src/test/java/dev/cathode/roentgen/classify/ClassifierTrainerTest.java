package dev.cathode.roentgen.classify;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.evaluation.ScoredLabels;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.Checkpoints;
import dev.cathode.weights.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A very small classifier is trained, interrupted, and used.
class ClassifierTrainerTest {
    private static final ClassifierFixtures.Squares IMAGES = new ClassifierFixtures.Squares(100);
    private static final PatientSplit SPLIT =
            PatientSplit.of(IntStream.range(0, IMAGES.size()).toArray(), 0.3, 1);
    private static final ClassifierTraining SETTINGS = new ClassifierTraining(16, 1e-3, 2e-2, 1.5, 1e-5, 4, 3, 3);

    @TempDir
    Path folder;

    @Test
    void learnsWhatThePicturesShow() throws IOException {
        List<Double> losses = new ArrayList<>();
        EpochResult best = train(folder, new ClassifierTraining(8, 1e-3, 2e-2, 2, 1e-5, 4, 8, 3), new ClassifierListener() {
            @Override
            public void epoch(EpochResult result, boolean isBest) {
                losses.add(result.trainingLoss());
            }
        }, () -> false);
        assertTrue(losses.getLast() < 0.5 * losses.getFirst(), losses.toString());
        assertTrue(best.auroc() > 0.9, best.toString());
        assertEquals(losses.size() + 1, Files.readAllLines(folder.resolve("log.csv")).size());
        checkPredictor(best);
        try (Checkpoint model = Checkpoints.open(folder.resolve("model.safetensors"))) {
            assertArrayEquals(new long[] {best.step()},
                    Goldens.longs(model.tensor("features.norm0.num_batches_tracked")));
        }
    }

    /// The folder's classifier is the best epoch's: it judges the validation pictures as that epoch's log says.
    private void checkPredictor(EpochResult best) throws IOException {
        List<RgbImage> images = new ArrayList<>();
        List<Float> truth = new ArrayList<>();
        for (int position : SPLIT.validation()) {
            images.add(IMAGES.image(position));
            for (float label : IMAGES.truth(position)) {
                truth.add(label);
            }
        }
        float[] labels = new float[truth.size()];
        IntStream.range(0, labels.length).forEach(i -> labels[i] = truth.get(i));
        try (Device device = CpuDevice.open(CpuOptions.defaults());
                ClassifierPredictor predictor = ClassifierPredictor.open(folder, device)) {
            var scored = new ScoredLabels(predictor.probabilities(images), labels, 2);
            assertEquals(best.auroc(), ScoredLabels.macro(scored.rocAuc()), 1e-9);
        }
    }

    @Test
    void anInterruptedRunEndsAsAnUndisturbedOne() throws IOException {
        train(folder.resolve("whole"), SETTINGS, ClassifierListener.NONE, () -> false);
        for (int steps : new int[] {2, 7}) { // in the first epoch and in the second
            AtomicInteger left = new AtomicInteger(steps);
            var listener = new ClassifierListener() {
                @Override
                public void step(int epoch, int step, int of, double loss) {
                    left.decrementAndGet();
                }
            };
            assertThrows(CancellationException.class,
                    () -> train(folder.resolve("parts"), SETTINGS, listener, () -> left.get() <= 0));
        }
        // what a killed process leaves
        Files.createDirectories(folder.resolve("parts/.checkpoint-3.new.part"));
        Files.writeString(folder.resolve("parts/.checkpoint-3.new.part/state.json"), "{");
        Files.deleteIfExists(folder.resolve("parts/log.csv"));
        train(folder.resolve("parts"), SETTINGS, ClassifierListener.NONE, () -> false);
        assertSame(folder.resolve("whole"), folder.resolve("parts"));
        // a run that has ended has nothing left to do
        train(folder.resolve("parts"), SETTINGS, ClassifierListener.NONE, () -> true);
        assertSame(folder.resolve("whole"), folder.resolve("parts"));
    }

    private static void assertSame(Path expected, Path actual) throws IOException {
        List<Path> files = files(expected);
        assertEquals(files, files(actual));
        for (Path file : files) {
            assertEquals(-1, Files.mismatch(expected.resolve(file), actual.resolve(file)), file.toString());
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        try (var paths = Files.walk(folder)) {
            return paths.filter(Files::isRegularFile).map(folder::relativize).sorted().toList();
        }
    }

    @Test
    void trainingEndsWhenPatienceDoes() throws IOException {
        var stuck = new ClassifierTraining(16, 0, 0, 1, 0, 2, 50, 3);
        AtomicInteger epochs = new AtomicInteger();
        var listener = new ClassifierListener() {
            @Override
            public void epoch(EpochResult result, boolean best) {
                epochs.incrementAndGet();
            }
        };
        EpochResult best = train(folder, stuck, listener, () -> false);
        assertTrue(epochs.get() >= 3 && epochs.get() < 50, epochs + " epochs");
        assertEquals(best.epoch() + 2, epochs.get());
        var resumed = new AtomicInteger();
        train(folder, stuck, new ClassifierListener() {
            @Override
            public void resumed(int epoch) {
                resumed.set(epoch);
            }
        }, () -> true);
        assertEquals(epochs.get(), resumed.get());
    }

    @Test
    void aFolderOfAnotherRunIsRefused() throws IOException {
        var once = new ClassifierTraining(16, 1e-3, 1e-2, 1.5, 1e-5, 4, 1, 3);
        train(folder, once, ClassifierListener.NONE, () -> false);
        var other = new ClassifierTraining(16, 1e-3, 1e-2, 1.5, 1e-5, 4, 1, 4);
        var error = assertThrows(CheckpointException.class,
                () -> train(folder, other, ClassifierListener.NONE, () -> false));
        assertTrue(error.getMessage().contains("belongs to a run with other pictures, labels or settings"),
                error.getMessage());
        var few = new PatientSplit(new int[] {4}, new int[] {5});
        try (Device device = CpuDevice.open(CpuOptions.defaults())) {
            assertThrows(IllegalArgumentException.class, () -> new ClassifierTrainer(device, ClassifierFixtures.CONFIG,
                    once, IMAGES, few, folder, ClassifierListener.NONE).close());
        }
    }

    private static EpochResult train(Path folder, ClassifierTraining settings, ClassifierListener listener,
            BooleanSupplier cancelled) throws IOException {
        try (Device device = CpuDevice.open(CpuOptions.defaults());
                ClassifierTrainer trainer = new ClassifierTrainer(device, ClassifierFixtures.CONFIG, settings, IMAGES,
                        SPLIT, folder, listener)) {
            return trainer.run(cancelled);
        }
    }
}
