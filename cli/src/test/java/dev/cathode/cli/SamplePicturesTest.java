package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.Checkpoints;
import dev.cathode.weights.Conversions;
import dev.cathode.weights.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// `sample` with a tiny model: files, dumps, and the reference's numbers.
class SamplePicturesTest {
    private static final Goldens.Topic GOLDEN = Goldens.topic("pipeline");
    private static final String MODEL = GOLDEN.path("model").toString();

    @TempDir
    Path folder;

    private Outcome sample(String... args) {
        List<String> all = new ArrayList<>(List.of("sample", "--model", MODEL));
        all.addAll(List.of(args));
        if (!all.contains("--steps")) {
            all.addAll(List.of("--steps", "2"));
        }
        Outcome outcome = Outcome.of(all.toArray(String[]::new));
        assertEquals(0, outcome.code(), outcome.err());
        return outcome;
    }

    private String at(String name) {
        return folder.resolve(name).toString();
    }

    private RgbImage read(String name) throws IOException {
        return ImageFiles.read(folder.resolve(name));
    }

    /// The cases from noise by the model's own scheduler, each picture by itself.
    @Test
    void theReferencesNumbers() {
        int compared = 0;
        for (JsonNode item : GOLDEN.json("cases.json").get("cases")) {
            if (!item.has("prompts") || item.has("scheduler")) {
                continue;
            }
            for (int i = 0; i < item.get("prompts").size(); i++) {
                compare(item, i);
                compared++;
            }
        }
        assertTrue(compared > 0);
    }

    private void compare(JsonNode item, int index) {
        String name = item.get("name").stringValue();
        sample(item.get("prompts").get(index).stringValue(), "--negative", item.get("negative").stringValue(),
                "--steps", item.get("steps").toString(), "--guidance", item.get("guidance").toString(),
                "--seed", item.get("seeds").get(index).toString(), "--size", item.get("width") + "x"
                + item.get("height"), "--out", at("golden.png"), "--dump", at("dump.safetensors"));
        String file = name + ".safetensors";
        try (Checkpoint dump = Checkpoints.open(folder.resolve("dump.safetensors"))) {
            assertClose(name, part(GOLDEN.floats(file, "latents"), GOLDEN.shape(file, "latents"), index),
                    Conversions.toFloats(dump.tensor("initial_latents")), 1e-5);
            // the default algorithms round ten times as coarsely as direct convolutions
            assertClose(name, part(GOLDEN.floats(file, "final_latents"), GOLDEN.shape(file, "final_latents"), index),
                    Conversions.toFloats(dump.tensor("final_latents")), 10 * GOLDEN.tol(file, "final_latents"));
            if (GOLDEN.has(file, "decoded")) {
                float[] decoded = part(GOLDEN.floats(file, "decoded"), GOLDEN.shape(file, "decoded"), index);
                for (int i = 0; i < decoded.length; i++) {
                    decoded[i] = Math.clamp(decoded[i] / 2 + 0.5f, 0f, 1f);
                }
                assertClose(name, decoded, Conversions.toFloats(dump.tensor("image")),
                        5 * GOLDEN.tol(file, "decoded"));
            }
        }
    }

    private static float[] part(float[] batch, int[] shape, int index) {
        int each = batch.length / shape[0];
        return Arrays.copyOfRange(batch, index * each, (index + 1) * each);
    }

    private static void assertClose(String what, float[] expected, float[] actual, double tolerance) {
        assertEquals(expected.length, actual.length, what);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], tolerance, what + " [" + i + "]");
        }
    }

    @Test
    void picturesAreNamedBySeedAndCarryTheirRecipe() throws IOException {
        Outcome outcome = sample("a cat", "--seed", "7", "--count", "2", "--out", at("out"));
        assertEquals("", outcome.err());
        assertEquals(List.of(at("out/cathode-7.png"), at("out/cathode-8.png")), outcome.out().lines().toList());
        assertNotEquals(read("out/cathode-7.png"), read("out/cathode-8.png"));
        JsonNode recipe = Json.MAPPER.readTree(ImageFiles.texts(folder.resolve("out/cathode-8.png")).get("cathode"));
        assertEquals(8, recipe.get("seed").intValue());
        assertEquals(64, recipe.get("width").intValue(), "the model's own size");
        sample("a cat", "--seed", "8", "--out", at("alone.png"));
        assertEquals(read("out/cathode-8.png"), read("alone.png"), "a picture depends on its own seed only");
    }

    @Test
    void aLoraChangesThePictureAndIsNoted() throws IOException {
        String lora = Goldens.root().resolve("training/lora/kohya.safetensors").toString();
        sample("a cat", "--seed", "7", "--out", at("without.png"));
        sample("a cat", "--seed", "7", "--lora", lora + ":0", "--out", at("none.png"));
        sample("a cat", "--seed", "7", "--lora", lora, "--out", at("with.png"));
        assertEquals(read("without.png"), read("none.png"));
        assertNotEquals(read("without.png"), read("with.png"));
        JsonNode recipe = Json.MAPPER.readTree(ImageFiles.texts(folder.resolve("with.png")).get("cathode"));
        assertEquals("kohya.safetensors", recipe.at("/loras/0/name").stringValue());
        assertEquals(1, recipe.at("/loras/0/scale").doubleValue());
    }

    @Test
    void aDumpHoldsAllPicturesBeforeRounding() throws IOException {
        sample("a cat", "--seed", "7", "--count", "2", "--out", at("a.png"), "--dump", at("d.safetensors"));
        try (Checkpoint dump = Checkpoints.open(folder.resolve("d.safetensors"))) {
            assertEquals(List.of(2L, 4L, 8L, 8L), dump.tensor("initial_latents").shape());
            assertEquals(List.of(2L, 4L, 8L, 8L), dump.tensor("final_latents").shape());
            assertEquals(List.of(2L, 3L, 64L, 64L), dump.tensor("image").shape());
            float[] planes = Conversions.toFloats(dump.tensor("image"));
            assertEquals(read("a-2.png"),
                    RgbImage.ofPlanes(Arrays.copyOfRange(planes, planes.length / 2, planes.length), 64, 64));
        }
    }

    @Test
    void givenLatentsReplaceTheSeed() throws IOException {
        sample("a cat", "--seed", "6000", "--out", at("seed.png"));
        sample("a cat", "--seed", "1", "--latents", GOLDEN.path("pndm10_g4.safetensors").toString(),
                "--out", at("given.png"));
        assertEquals(4, folder.toFile().list().length, "one picture for each of the three latents");
        assertClosePictures(read("seed.png"), read("given-1.png"));
    }

    /// The generator's normal numbers may differ from the reference's in the last bit.
    private static void assertClosePictures(RgbImage one, RgbImage two) {
        for (int i = 0; i < one.pixels().length; i++) {
            assertEquals(one.pixels()[i] & 0xff, two.pixels()[i] & 0xff, 1, "byte " + i);
        }
    }

    @Test
    void startsFromAPictureOfAnySize() throws IOException {
        sample("a cat", "--seed", "1", "--size", "96x64", "--out", at("start.png"));
        String[] gentle = {"a dog", "--image", at("start.png"), "--seed", "2", "--steps", "20", "--strength"};
        Outcome same = sample(with(gentle, "0.1", "--out", at("gentle.png")));
        assertEquals("", same.err());
        assertEquals(96, read("gentle.png").width(), "the size is the picture's");
        sample(with(gentle, "1", "--out", at("strong.png")));
        assertTrue(difference(read("start.png"), read("gentle.png"))
                < difference(read("start.png"), read("strong.png")));
        Outcome stretched = sample(with(gentle, "0.1", "--out", at("square.png"), "--size", "64"));
        assertEquals(64, read("square.png").width());
        assertTrue(stretched.err().contains("stretched to 64x64"), stretched.err());
    }

    private static String[] with(String[] args, String... more) {
        String[] all = Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return all;
    }

    private static double difference(RgbImage one, RgbImage two) {
        double sum = 0;
        for (int i = 0; i < one.pixels().length; i++) {
            sum += Math.abs((one.pixels()[i] & 0xff) - (two.pixels()[i] & 0xff));
        }
        return sum / one.pixels().length;
    }

    @Test
    void changesOnlyWhereTheMaskIsWhite() throws IOException {
        sample("a cat", "--seed", "1", "--out", at("start.png"));
        byte[] white = new byte[64 * 64 * 3];
        Arrays.fill(white, (byte) 255);
        for (String color : List.of("black", "white")) {
            ImageFiles.write(folder.resolve(color + "-mask.png"),
                    new RgbImage(64, 64, color.equals("white") ? white : new byte[white.length]), ImageFormat.PNG, 90,
                    Map.of());
            for (String prompt : List.of("dog", "effusion")) {
                sample(prompt, "--image", at("start.png"), "--mask", at(color + "-mask.png"), "--seed", "2",
                        "--strength", "1", "--out", at(color + "-" + prompt + ".png"));
            }
        }
        assertEquals(read("black-dog.png"), read("black-effusion.png"), "nothing to paint");
        assertNotEquals(read("white-dog.png"), read("white-effusion.png"));
    }

    @Test
    void aLongPromptIsWarnedOf() {
        String prompt = "no acute cardiopulmonary process ".repeat(30) + "zebra";
        Outcome outcome = sample(prompt, "--seed", "1", "--count", "2", "--out", at("a.png"));
        assertTrue(outcome.err().contains("too long") && outcome.err().contains("zebra"), outcome.err());
        assertEquals(1, outcome.err().lines().count());
    }

    @Test
    void aBatchGoesOnWhereItStopped() throws IOException {
        Path prompts = Files.writeString(folder.resolve("p.csv"), """
                prompt,seed,guidance,out
                a cat,,,
                a dog,5,1,dog.jpg
                """);
        String[] batch = {"--prompts", prompts.toString(), "--out", at("out"), "--json"};
        List<JsonNode> first = sample(batch).out().lines().<JsonNode>map(Json.MAPPER::readTree).toList();
        assertEquals(List.of(false, false), first.stream().map(l -> l.get("skipped").booleanValue()).toList());
        assertEquals(at("out/dog.jpg"), first.get(1).get("file").stringValue());
        assertEquals(5, first.get(1).at("/recipe/seed").intValue());
        Files.delete(folder.resolve("out/dog.jpg"));
        List<JsonNode> second = sample(batch).out().lines().<JsonNode>map(Json.MAPPER::readTree).toList();
        assertEquals(List.of(true, false), second.stream().map(l -> l.get("skipped").booleanValue()).toList());
        List<String> changed = new ArrayList<>(List.of("sample", "--model", MODEL, "--steps", "3"));
        changed.addAll(List.of(batch));
        Outcome refused = Outcome.of(changed.toArray(String[]::new));
        assertEquals(1, refused.code());
        assertTrue(refused.err().contains("0001.png") && refused.err().contains("steps 2, not 3"), refused.err());
        changed.add("--overwrite");
        assertEquals(0, Outcome.of(changed.toArray(String[]::new)).code());
        assertFalse(ImageFiles.texts(folder.resolve("out/0001.png")).get("cathode").contains("\"steps\":2"));
    }

    @Test
    void otherTypesAndModesGiveNearlyTheSame() throws IOException {
        sample("a cat", "--seed", "1", "--out", at("plain.png"));
        for (String[] other : new String[][] {{"--memory", "low"}, {"--threads", "2"}, {"--dtype", "bfloat16"}}) {
            sample(with(new String[] {"a cat", "--seed", "1", "--out", at("other.png")}, other));
            assertTrue(difference(read("plain.png"), read("other.png")) < 3, String.join(" ", other));
        }
    }
}
