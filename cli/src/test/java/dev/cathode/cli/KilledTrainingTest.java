package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.weights.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Training as a process that is killed again and again, and ends with the bytes of a run that nobody disturbed.
///
/// `-Dcathode.kills=10` kills more often than the usual three times.
class KilledTrainingTest {
    private static final int KILLS = Integer.getInteger("cathode.kills", 3);
    /// Enough that no kill comes too late: each lets the run get a few steps further.
    private static final int STEPS = 10 * KILLS + 6;
    private static final int EVERY = 2;

    @TempDir
    Path folder;

    private Path recipe;

    @BeforeEach
    void makeRecipe() throws IOException {
        Path films = Files.createDirectories(folder.resolve("films"));
        for (int i = 0; i < 5; i++) {
            byte[] pixels = new byte[3 * 32 * 32];
            for (int j = 0; j < pixels.length; j++) {
                pixels[j] = (byte) (j / 3 % 32 * (i + 2));
            }
            ImageFiles.write(films.resolve(i + ".png"), new RgbImage(32, 32, pixels), ImageFormat.PNG, 90, Map.of());
            Files.writeString(films.resolve(i + ".txt"), "effusion number " + i);
        }
        recipe = Files.writeString(folder.resolve("recipe.yaml"), String.join("\n",
                "pretrained_model_name_or_path: " + Goldens.root().resolve("pipeline/model"),
                "train_data_dir: " + films, "resolution: 32", "image_fit: stretch", "train_batch_size: 2",
                "validation_split: 0.2", "validation_steps: 3", "conditioning_dropout: 0.2", "use_ema: true",
                "learning_rate: 1e-3", "lr_scheduler: cosine", "max_train_steps: " + STEPS,
                "checkpointing_steps: " + EVERY) + "\n");
    }

    private String[] train(Path output, String... more) {
        List<String> args = new ArrayList<>(List.of("train", recipe.toString(), "--threads", "1", "--output",
                output.toString()));
        args.addAll(List.of(more));
        return args.toArray(String[]::new);
    }

    private Outcome.Running start(Path output, String... more) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC",
                "-Xmx1g", "-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(List.of(train(output, more)));
        return Outcome.Running.start(command, Map.of());
    }

    /// Killed at any moment and resumed, training ends with the same bytes; nothing half-written is ever taken for a
    /// checkpoint.
    @Test
    void killingChangesNothing() throws Exception {
        Path whole = folder.resolve("whole");
        Outcome undisturbed = Outcome.of(train(whole));
        assertEquals(0, undisturbed.code(), undisturbed.err());
        Path killed = folder.resolve("killed");
        Random random = new Random(20);
        for (int kill = 0; kill < KILLS; kill++) {
            try (Outcome.Running running = start(killed, "--resume", "--set", "checkpoints_total_limit=3")) {
                if (kill % 4 == 3) {
                    Thread.sleep(random.nextInt(3000)); // perhaps before anything begins
                } else {
                    await(running, killed, steps(killed) / EVERY * EVERY + 1 + random.nextInt(4));
                    Thread.sleep(random.nextInt(50));
                }
                assertTrue(running.process().isAlive(), "it ended before it was killed: "
                        + Outcome.Running.text(running.err()));
                running.process().destroyForcibly().waitFor();
            }
            assertWhole(killed, whole);
        }
        Outcome last = Outcome.of(train(killed, "--resume"));
        assertEquals(0, last.code(), last.err());
        assertTrue(Files.exists(killed.resolve("checkpoint-" + STEPS)));
        assertWhole(killed, whole);
        for (String part : List.of("unet", "text_encoder", "vae")) {
            assertSame(whole.resolve("model").resolve(part), killed.resolve("model").resolve(part));
        }
        assertEquals(lossesOf(whole), lossesOf(killed));
        try (Stream<Path> files = Files.list(killed)) {
            assertEquals(List.of(), files.filter(f -> f.toString().endsWith(".part")).toList(), "left over");
        }
    }

    /// Ctrl-C lets the step finish, writes a checkpoint, and says how to go on.
    @Test
    @DisabledOnOs(OS.WINDOWS)
    void anInterruptedRunSaysHowToGoOn() throws Exception {
        Path output = folder.resolve("interrupted");
        Outcome outcome;
        try (Outcome.Running running = start(output, "--set", "checkpointing_steps=1000", "--set",
                "max_train_steps=100000")) {
            await(running, output, 2);
            running.signal("INT");
            outcome = running.end();
        }
        assertEquals(130, outcome.code(), outcome.err());
        assertEquals("", outcome.out());
        assertTrue(outcome.err().contains("stopping after this step") && outcome.err().contains("of 100000")
                && outcome.err().contains("--resume"), outcome.err());
        int steps = steps(output);
        assertTrue(Files.exists(output.resolve("checkpoint-" + steps + "/trainer_state.json")), outcome.err());
        Outcome resumed = Outcome.of(train(output, "--resume", "--set", "max_train_steps=" + (steps + 1), "--set",
                "lr_scheduler=constant"));
        assertEquals(1, resumed.code(), "a cosine that is cut off elsewhere is another run: " + resumed.err());
        assertTrue(resumed.err().contains("lr_scheduler was cosine"), resumed.err());
    }

    /// Waits until the log has so many steps.
    private static void await(Outcome.Running running, Path output, int steps) throws Exception {
        while (steps(output) < steps && running.process().isAlive()) {
            Thread.sleep(5);
        }
    }

    /// Lines of the log that are whole, without the header.
    private static int steps(Path output) throws IOException {
        Path log = output.resolve("log.csv");
        long lines = Files.exists(log) ? Files.readString(log).chars().filter(c -> c == '\n').count() : 0;
        return (int) Math.max(0, lines - 1);
    }

    /// Every folder that looks like a checkpoint is the same as the undisturbed run's.
    private static void assertWhole(Path killed, Path whole) throws IOException {
        try (Stream<Path> folders = Files.list(killed)) {
            for (Path checkpoint : folders.filter(f -> f.getFileName().toString().startsWith("checkpoint-")).toList()) {
                assertSame(whole.resolve(checkpoint.getFileName()), checkpoint);
            }
        }
    }

    /// The same files with the same bytes.
    private static void assertSame(Path expected, Path actual) throws IOException {
        List<Path> names = files(expected);
        assertTrue(!names.isEmpty(), expected.toString());
        assertEquals(names, files(actual), actual.toString());
        for (Path name : names) {
            assertArrayEquals(Files.readAllBytes(expected.resolve(name)), Files.readAllBytes(actual.resolve(name)),
                    actual.resolve(name).toString());
        }
    }

    private static List<Path> files(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(Files::isRegularFile).map(root::relativize).sorted().toList();
        }
    }

    /// What the log says of each step, without times.
    private static List<String> lossesOf(Path output) throws IOException {
        return Files.readAllLines(output.resolve("log.csv")).stream()
                .map(line -> String.join(",", List.of(line.split(",")).subList(0, 5))).toList();
    }
}
