package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.Goldens;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs of very few steps with a tiny model.
class TrainCommandTest {
    private static final Path MODEL = Goldens.root().resolve("pipeline/model");

    @TempDir
    Path folder;

    private Path films;
    private Path out;

    /// A recipe with all that a run needs; the pictures are not there yet.
    private Path recipe(String... more) throws IOException {
        films = folder.resolve("films");
        out = folder.resolve("out");
        return Files.writeString(folder.resolve("recipe.yaml"), String.join("\n",
                "pretrained_model_name_or_path: " + MODEL, "train_data_dir: " + films, "output_dir: " + out, "resolution: 64", "train_batch_size: 1",
                "train_text_encoder: false", "max_train_steps: 2", "checkpointing_steps: 1",
                String.join("\n", more)) + "\n");
    }

    private void pictures(int count) throws IOException {
        Files.createDirectories(films);
        for (int i = 0; i < count; i++) {
            byte[] pixels = new byte[3 * 64 * 64];
            for (int j = 0; j < pixels.length; j++) {
                pixels[j] = (byte) (j / 3 % 64 * (i + 2));
            }
            ImageFiles.write(films.resolve(i + ".png"), new RgbImage(64, 64, pixels), ImageFormat.PNG, 90, Map.of());
            Files.writeString(films.resolve(i + ".txt"), "effusion number " + i);
        }
    }

    private static Outcome train(Path recipe, String... more) {
        List<String> args = new ArrayList<>(List.of("train", recipe.toString(), "--threads", "1"));
        args.addAll(List.of(more));
        return Outcome.of(args.toArray(String[]::new));
    }

    /// From pictures to a model that draws; a second run is refused, and resuming it changes nothing.
    @Test
    void trainsOnAFolderAndGoesOn() throws IOException {
        Path recipe = recipe("validation_split: 0.3");
        pictures(3);
        Files.writeString(films.resolve("broken.png"), "no picture");
        Files.writeString(films.resolve("broken.txt"), "whatever");
        Files.writeString(films.resolve("lonely.txt"), "a caption");
        Outcome outcome = train(recipe);
        assertEquals(0, outcome.code(), outcome.err());
        assertEquals(out.resolve("model").toString(), outcome.out().strip());
        for (String part : List.of("2 things are wrong", "broken.png", "lonely.txt", "3 pictures",
                "checkpoint-2 written", "step 2 of 2: loss ", "validation loss", "waited for data")) {
            assertTrue(outcome.err().contains(part), part + " is not in:\n" + outcome.err());
        }
        assertTrue(Files.exists(out.resolve("checkpoint-1/trainer_state.json")));
        assertEquals(3, Files.readAllLines(out.resolve("log.csv")).size());
        Path picture = folder.resolve("picture.png");
        Outcome drawn = Outcome.of("sample", "effusion", "--model", out.resolve("model").toString(), "--steps", "1",
                "--out", picture.toString());
        assertEquals(0, drawn.code(), drawn.err());

        Outcome again = train(recipe);
        assertEquals(1, again.code(), again.err());
        assertTrue(again.err().contains("checkpoint-2") && again.err().contains("--resume")
                && again.err().contains("--output DIR"), again.err());

        byte[] last = Files.readAllBytes(out.resolve("checkpoint-2/state/parameters.safetensors"));
        pictures(3); // the same pictures
        Outcome resumed = train(recipe, "--resume", "--set", "max_train_steps=3");
        assertEquals(0, resumed.code(), resumed.err());
        assertTrue(resumed.err().contains("broken.png"), "what was left out is still said: " + resumed.err());
        assertArrayEquals(last, Files.readAllBytes(out.resolve("checkpoint-2/state/parameters.safetensors")));
        assertTrue(Files.exists(out.resolve("checkpoint-3/trainer_state.json")), resumed.err());
    }

    /// Phantoms in MIMIC-CXR-JPG's layout are recognised: the paper's rules choose, impressions are the captions.
    @Test
    void trainsOnMimic() throws IOException {
        Path recipe = recipe("views: [PA]", "max_train_samples: 3");
        assertEquals(0, Outcome.of("phantom", "--count", "24", "--size", "64", "--out", films.toString()).code());
        Outcome outcome = train(recipe, "--set", "max_train_steps=1");
        assertEquals(0, outcome.code(), outcome.err());
        for (String part : List.of("pictures left out", "of another view", "3 pictures")) {
            assertTrue(outcome.err().contains(part), part + " is not in:\n" + outcome.err());
        }
        assertFalse(outcome.err().contains("wrong"), outcome.err());
    }

    @Test
    void aFolderBelongsToOneRunAtATime() throws IOException {
        Path recipe = recipe();
        pictures(1);
        Files.createDirectories(out);
        try (FileChannel file = FileChannel.open(out.resolve(".cathode.lock"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE); var lock = file.lock()) {
            assertTrue(lock.isValid());
            assertFails(1, "another 'cathode train' writes", train(recipe));
        }
    }

    @Test
    void namesWhatIsWrong() throws IOException {
        Path recipe = recipe();
        assertFails(1, "train_data_dir " + films + ": no such file or folder", train(recipe));
        Files.createDirectories(films);
        assertFails(1, films + ": no picture with a caption", train(recipe));
        pictures(1);
        assertFails(1, "recipe.yaml: views [PA]", train(recipe, "--set", "views=[PA]"));
        assertFails(1, "pretrained_model_name_or_path nowhere/sd14: no such file or folder",
                train(recipe, "--set", "pretrained_model_name_or_path=nowhere/sd14"));
        assertFails(1, "learning_rte", train(recipe, "--set", "learning_rte=1"));
        assertFails(1, "recipe.yaml", train(recipe, "--set", "learning_rate=fast"));
        assertFails(2, "--threads", train(recipe, "--threads", "0"));
        assertFails(2, "'abacus' is no device: there are cpu, cuda, cuda:N and auto", train(recipe, "--device", "abacus"));
        assertFails(1, "my-own: no such file, and no recipe", Outcome.of("train", "my-own"));
        assertFails(2, "a RECIPE is missing", Outcome.of("train"));
        Files.writeString(films.resolve("0.png"), "no picture");
        assertFails(1, "none of its 1 pictures can be read", train(recipe));
        assertFalse(Files.exists(out.resolve("model")));
    }

    private static void assertFails(int code, String message, Outcome outcome) {
        assertEquals(code, outcome.code(), outcome.err());
        assertTrue(outcome.err().contains(message), outcome.err());
        assertEquals(1, outcome.err().lines().count(), outcome.err());
        assertEquals("", outcome.out());
    }

    @Test
    void recipesComeWithIt() throws IOException {
        Outcome list = Outcome.of("train", "--list");
        assertEquals(0, list.code(), list.err());
        List<String> names = list.out().lines().map(line -> line.split(" ")[0]).toList();
        assertTrue(names.containsAll(List.of("roentgen-5e-5-60k", "radbert-1k", "dreambooth")), list.out());
        assertTrue(list.out().lines().allMatch(line -> line.matches("\\S+ +\\S.*")), list.out());
        for (String name : names) {
            Outcome printed = Outcome.of("train", name, "--print", "--set", "seed=7");
            assertEquals(0, printed.code(), printed.err());
            TrainingRecipe recipe = TrainingRecipe.parse(printed.out(), name, List.of());
            assertEquals(7, recipe.steps().seed(), name);
        }
        Outcome missing = Outcome.of("train", "roentgen-5e-5-60k", "--output", folder.resolve("out").toString());
        assertEquals(1, missing.code());
        assertTrue(missing.err().contains("roentgen-5e-5-60k: pretrained_model_name_or_path") && missing.err().contains(
                "--set pretrained_model_name_or_path=FOLDER"), missing.err());
    }
}
