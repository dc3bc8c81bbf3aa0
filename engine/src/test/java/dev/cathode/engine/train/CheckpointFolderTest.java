package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.train.CheckpointFolder.Checkpoint;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointFolderTest {
    private static final TrainingRecipe RECIPE = TrainingRecipe.parse("pretrained_model_name_or_path: sd\n"
            + "train_data_dir: films\nmax_train_steps: 9000\nlr_scheduler: linear\ntrain_batch_size: 4\n", "r", List.of());
    private static final SampleOrder ORDER = new SampleOrder(new TrainingRandom(10), 11, 4);

    @TempDir
    Path temporary;

    private static TrainerState state(long step) {
        return TrainerState.of(step, RECIPE, ORDER, "abc", Map.of("cathode", "0.1.0"));
    }

    private CheckpointFolder folder(int limit) {
        return new CheckpointFolder(temporary.resolve("out"), OptionalInt.of(limit));
    }

    private static void write(CheckpointFolder folder, long... steps) throws IOException {
        for (long step : steps) {
            folder.write(state(step), part -> Files.writeString(part.resolve("weights"), "step " + step));
        }
    }

    private static List<Long> steps(CheckpointFolder folder) throws IOException {
        return folder.all().stream().map(Checkpoint::step).toList();
    }

    @Test
    void aCheckpointSaysWhereTheRunIs() throws IOException {
        CheckpointFolder folder = folder(3);
        assertEquals(Optional.empty(), folder.latest());
        write(folder, 7);
        Checkpoint checkpoint = folder.latest().orElseThrow();
        assertEquals("checkpoint-7", checkpoint.folder().getFileName().toString());
        assertEquals("step 7", Files.readString(checkpoint.folder().resolve("weights")));
        TrainerState state = checkpoint.state();
        assertEquals(state(7), state);
        assertEquals(new SampleOrder.Position(2, 4), state.position());
        assertEquals(10, state.seed());
        assertEquals("4", state.recipe().get("train_batch_size"));
        state.requireFits(checkpoint.folder(), RECIPE, ORDER, "abc");
    }

    @Test
    void theOldestGoAndTheNewestStays() throws IOException {
        CheckpointFolder folder = folder(2);
        write(folder, 8, 9, 10, 1000);
        assertEquals(List.of(10L, 1000L), steps(folder));
        // A run that went on from further back: what it writes stays.
        write(folder, 9);
        assertEquals(List.of(9L, 1000L), steps(folder));
        write(folder(1), 9);
        assertEquals(List.of(9L), steps(folder));
        CheckpointFolder all = new CheckpointFolder(temporary.resolve("all"), OptionalInt.empty());
        write(all, LongStream.range(0, 5).toArray());
        assertEquals(5, all.all().size());
    }

    @Test
    void aFailureDeletesNothing() throws IOException {
        CheckpointFolder folder = folder(1);
        write(folder, 1);
        assertThrows(IOException.class, () -> folder.write(state(2), part -> {
            Files.writeString(part.resolve("weights"), "half");
            throw new IOException("disk full");
        }));
        assertEquals(List.of(1L), steps(folder));
    }

    @Test
    void whatIsNoCheckpointIsNotTakenForOne() throws IOException {
        CheckpointFolder folder = folder(9);
        write(folder, 1);
        for (String name : List.of("checkpoint-5", ".checkpoint-6.new.part", "checkpoint-7x", "checkpoint-08",
                "checkpoint-99999999999999999999")) {
            Path other = Files.createDirectories(folder.outputDir().resolve(name));
            if (!name.equals("checkpoint-5")) { // that one has no state
                Files.copy(folder.outputDir().resolve("checkpoint-1").resolve(TrainerState.FILE),
                        other.resolve(TrainerState.FILE));
            }
        }
        assertEquals(List.of(1L), steps(folder));
        folder.removeLeftovers();
        assertTrue(Files.notExists(folder.outputDir().resolve(".checkpoint-6.new.part")));
        assertTrue(Files.exists(folder.outputDir().resolve("checkpoint-5")));
    }

    @Test
    void aCheckpointIsFoundByNameAndPath() throws IOException {
        CheckpointFolder folder = folder(9);
        assertEquals(Optional.empty(), folder.find("latest"));
        write(folder, 1, 2);
        assertEquals(2, folder.find("latest").orElseThrow().step());
        assertEquals(1, folder.find("checkpoint-1").orElseThrow().step());
        assertEquals(1, new CheckpointFolder(temporary.resolve("elsewhere"), OptionalInt.empty())
                .find(folder.outputDir().resolve("checkpoint-1").toString()).orElseThrow().step());
        assertTrue(assertThrows(IOException.class, () -> folder.find("checkpoint-3")).getMessage()
                .contains("are checkpoint-1, checkpoint-2"));
        assertThrows(IllegalArgumentException.class, () -> folder(0));
    }

    @Test
    void anotherRunIsRefused() throws IOException {
        Path at = Path.of("checkpoint-7");
        TrainerState state = state(7);
        TrainingRecipe other = TrainingRecipe.parse(RECIPE.toYaml(), "r",
                List.of("learning_rate=1e-4", "snr_gamma=5", "output_dir=elsewhere"));
        assertRefused("learning_rate was 5.0E-5 and is 1.0E-4; snr_gamma was not set and is 5.0",
                () -> state.requireFits(at, other, ORDER, "abc"));
        assertRefused("11 samples and has 12", () -> state.requireFits(at, RECIPE,
                new SampleOrder(new TrainingRandom(10), 12, 4), "abc"));
        assertRefused("other names or captions", () -> state.requireFits(at, RECIPE, ORDER, "abd"));
        assertRefused("step 7 was at", () -> state.requireFits(at, RECIPE,
                new SampleOrder(new TrainingRandom(10), 11, 5), "abc"));
    }

    private static void assertRefused(String message, Runnable check) {
        String actual = assertThrows(IllegalArgumentException.class, check::run).getMessage();
        assertTrue(actual.startsWith("checkpoint-7: ") && actual.contains(message), actual);
    }

    @Test
    void brokenStatesAreNamed() throws IOException {
        CheckpointFolder folder = folder(9);
        write(folder, 1);
        Checkpoint checkpoint = folder.latest().orElseThrow();
        Path file = checkpoint.folder().resolve(TrainerState.FILE);
        String text = Files.readString(file);
        for (String broken : List.of(text.replace("\"format\" : 1", "\"format\" : 2"),
                text.replace("splitmix64", "mt19937"), text.replace("global_step", "globalstep"),
                text.replace("\"samples\" : 11", "\"samples\" : -1"), text.replace("\"epoch\" : 0", "\"epoch\" : {}"))) {
            Files.writeString(file, broken);
            assertTrue(assertThrows(IOException.class, checkpoint::state).getMessage().contains(TrainerState.FILE));
        }
    }
}
