package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.Checkpoints;
import dev.cathode.weights.Conversions;
import dev.cathode.weights.DType;
import dev.cathode.weights.Goldens;
import dev.cathode.weights.ModelComponent;
import dev.cathode.weights.ModelSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConvertCommandTest {
    private static final String MODEL = Goldens.root().resolve("pipeline/model").toString();

    @TempDir
    Path folder;

    private String out(String name) {
        return folder.resolve(name).toString();
    }

    private static void convert(String... args) {
        String[] all = new String[args.length + 1];
        all[0] = "convert";
        System.arraycopy(args, 0, all, 1, args.length);
        Outcome outcome = Outcome.of(all);
        assertEquals(0, outcome.code(), outcome.err());
        assertEquals(args[1], outcome.out().strip());
    }

    private static void assertSameWeights(Path expected, Path actual) {
        try (ModelSource one = ModelSource.open(expected); ModelSource two = ModelSource.open(actual)) {
            for (String name : List.of("unet", "vae", "text_encoder")) {
                Checkpoint mine = one.component(name).weights();
                Checkpoint theirs = two.component(name).weights();
                assertEquals(mine.names().stream().sorted().toList(), theirs.names().stream().sorted().toList());
                for (String tensor : mine.names()) {
                    assertArrayEquals(Conversions.toFloats(mine.tensor(tensor)),
                            Conversions.toFloats(theirs.tensor(tensor)), name + " " + tensor);
                }
            }
        }
    }

    @Test
    void aFolderStaysAFolder() {
        convert(MODEL, out("copy"));
        assertSameWeights(Path.of(MODEL), folder.resolve("copy"));
        try (ModelSource before = ModelSource.open(Path.of(MODEL)); ModelSource after =
                ModelSource.open(folder.resolve("copy"))) {
            assertEquals(before.names(), after.names());
            for (ModelComponent component : before.components().values()) {
                ModelComponent copy = after.component(component.name());
                assertEquals(component.className(), copy.className());
                if (ComponentKind.of(component) != ComponentKind.FILES) {
                    assertEquals(component.config(), copy.config(), component.name());
                }
            }
        }
        assertTrue(Files.exists(folder.resolve("copy/tokenizer/vocab.json")));
        assertEquals(List.of("copy"), List.of(folder.toFile().list()), "nothing temporary stays");
    }

    @Test
    void toASingleFileAndBack() {
        convert(MODEL, out("one.safetensors"));
        convert(out("one.safetensors"), out("back"), "--configs", MODEL);
        assertSameWeights(Path.of(MODEL), folder.resolve("back"));
        assertTrue(Files.exists(folder.resolve("back/tokenizer/vocab.json")));
        assertTrue(Files.exists(folder.resolve("back/model_index.json")));
    }

    @Test
    void roundsToAnotherType() throws IOException {
        convert(MODEL, out("half"), "--dtype", "bfloat16");
        try (ModelSource before = ModelSource.open(Path.of(MODEL));
                ModelSource after = ModelSource.open(folder.resolve("half"))) {
            Checkpoint exact = before.component("unet").weights();
            Checkpoint rounded = after.component("unet").weights();
            for (String name : rounded.names()) {
                assertEquals(DType.BF16, rounded.tensor(name).dtype());
                float[] expected = Conversions.toFloats(exact.tensor(name));
                for (int i = 0; i < expected.length; i++) {
                    expected[i] = Conversions.bfloat16ToFloat(Conversions.floatToBfloat16(expected[i]));
                }
                assertArrayEquals(expected, Conversions.toFloats(rounded.tensor(name)), name);
            }
        }
    }

    @Test
    void aLoraIsMergedIntoTheWeights() {
        Path lora = Goldens.root().resolve("training/lora/kohya.safetensors");
        convert(MODEL, out("merged"), "--lora", lora + ":0.5", "--lora", lora.toString());
        String layer = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q.weight";
        String module = "lora_unet_" + layer.replace(".weight", "").replace('.', '_');
        try (ModelSource before = ModelSource.open(Path.of(MODEL));
                ModelSource after = ModelSource.open(folder.resolve("merged"));
                Checkpoint factors = Checkpoints.open(lora)) {
            float[] up = Conversions.toFloats(factors.tensor(module + ".lora_up.weight"));
            float[] down = Conversions.toFloats(factors.tensor(module + ".lora_down.weight"));
            float alpha = Conversions.toFloats(factors.tensor(module + ".alpha"))[0];
            int rank = Math.toIntExact(factors.tensor(module + ".lora_down.weight").shape().getFirst());
            float[] old = Conversions.toFloats(before.component("unet").weights().tensor(layer));
            float[] now = Conversions.toFloats(after.component("unet").weights().tensor(layer));
            double added = 0;
            for (int r = 0; r < rank; r++) { // to the first number
                added += 1.5 * alpha / rank * up[r] * down[r * (down.length / rank)];
            }
            assertEquals(old[0] + added, now[0], 1e-6);
        }
    }

    @Test
    void aLoraNeedsAModel() {
        Outcome file = Outcome.of("convert", MODEL + "/unet/diffusion_pytorch_model.safetensors", out("x.safetensors"),
                "--lora", "some.safetensors");
        assertEquals(2, file.code());
        assertTrue(file.err().contains("--lora"), file.err());
        Outcome scale = Outcome.of("convert", MODEL, out("y"), "--lora", "some.safetensors:much");
        assertEquals(2, scale.code());
        assertTrue(scale.err().contains("'much' is no number"), scale.err());
        Outcome missing = Outcome.of("convert", MODEL, out("y"), "--lora", "nowhere.safetensors");
        assertEquals(1, missing.code());
        assertTrue(missing.err().contains("nowhere.safetensors"), missing.err());
    }

    @Test
    void aWeightFileKeepsItsNames() {
        Path pickled = Goldens.root().resolve("checkpoints/ldm.ckpt");
        convert(pickled.toString(), out("ldm.safetensors"), "--dtype", "float16");
        try (Checkpoint before = Checkpoints.open(pickled);
                Checkpoint after = Checkpoints.open(folder.resolve("ldm.safetensors"))) {
            assertEquals(before.names().stream().sorted().toList(), after.names().stream().sorted().toList());
            for (String name : before.names()) {
                DType type = before.tensor(name).dtype();
                assertEquals(type.isFloat() ? DType.F16 : type, after.tensor(name).dtype(), name);
            }
        }
    }

    @Test
    void aFolderWithoutATokenizerIsWarnedOf() {
        convert(MODEL, out("one.safetensors"));
        Outcome outcome = Outcome.of("convert", out("one.safetensors"), out("back"));
        assertEquals(0, outcome.code(), outcome.err());
        assertTrue(outcome.err().contains("no tokenizer") && outcome.err().contains("--configs"), outcome.err());
    }

    @Test
    void refusesWhatIsThere() throws IOException {
        Path there = Files.writeString(folder.resolve("there.safetensors"), "precious");
        Outcome outcome = Outcome.of("convert", MODEL, there.toString());
        assertEquals(1, outcome.code());
        assertTrue(outcome.err().contains(there + ": is there already"), outcome.err());
        assertEquals("precious", Files.readString(there));
    }

    @Test
    void refusesBadInput() throws IOException {
        assertFails(1, "nowhere: no such file", "nowhere", out("x"));
        assertFails(2, "--layout single-file does not fit", MODEL, out("x"), "--layout", "SINGLE_FILE");
        assertFails(2, "--dtype", MODEL, out("x"), "--dtype", "float8");
        assertFails(2, "prediction", MODEL, out("x"), "--prediction", "noise");
        Path text = Files.writeString(folder.resolve("text.bin"), "not weights");
        assertFails(1, text.toString(), text.toString(), out("x.safetensors"));
        Path wall = Files.writeString(folder.resolve("wall"), "");
        assertFails(1, "cannot write here", MODEL, wall.resolve("x").toString());
        assertFalse(Files.exists(folder.resolve("x")));
        assertFalse(Files.exists(folder.resolve("x.safetensors")));
        assertEquals(2, folder.toFile().list().length, "nothing temporary stays");
    }

    private static void assertFails(int code, String message, String... args) {
        String[] all = new String[args.length + 1];
        all[0] = "convert";
        System.arraycopy(args, 0, all, 1, args.length);
        Outcome outcome = Outcome.of(all);
        assertEquals(code, outcome.code(), outcome.err());
        assertEquals("", outcome.out());
        assertTrue(outcome.err().contains(message), outcome.err());
        assertEquals(1, outcome.err().lines().count(), outcome.err());
    }
}
