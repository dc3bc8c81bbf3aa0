package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.weights.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class InspectCommandTest {
    private static final Path MODEL = Goldens.root().resolve("pipeline/model");

    @TempDir
    Path folder;

    private static JsonNode json(String... args) {
        String[] all = new String[args.length + 2];
        all[0] = "inspect";
        all[1] = "--json";
        System.arraycopy(args, 0, all, 2, args.length);
        Outcome outcome = Outcome.of(all);
        assertEquals(0, outcome.code(), outcome.err() + outcome.out());
        return Json.MAPPER.readTree(outcome.out());
    }

    @Test
    void aModelFolder() {
        JsonNode found = json(MODEL.toString());
        assertEquals("model folder", found.get("kind").stringValue());
        JsonNode unet = found.at("/components/unet");
        assertEquals("UNet2DConditionModel", unet.get("class").stringValue());
        assertEquals(unet.get("parameters").longValue() * 4, unet.get("bytes").longValue());
        assertEquals(unet.get("parameters"), unet.at("/types/F32"));
        assertTrue(unet.at("/settings/block_out_channels").isArray());
        assertTrue(found.at("/components/scheduler/settings").has("beta_schedule"));
        assertTrue(found.at("/components").has("tokenizer"));
        assertTrue(found.at("/run/stepFlops").doubleValue() > 0);
    }

    @Test
    void flopsGrowWithTheSize() {
        JsonNode small = json(MODEL.toString(), "--size", "64x64").get("run");
        JsonNode wide = json(MODEL.toString(), "--size", "128x64").get("run");
        assertEquals(128, wide.get("width").intValue());
        assertEquals(small.get("textFlops"), wide.get("textFlops"));
        assertTrue(wide.at("/memoryBytes/normal").longValue() > small.at("/memoryBytes/normal").longValue());
        assertTrue(small.at("/memoryBytes/normal").longValue() > small.at("/memoryBytes/low").longValue());
        assertTrue(wide.get("stepFlops").doubleValue() > 1.9 * small.get("stepFlops").doubleValue());
        assertTrue(wide.get("decodeFlops").doubleValue() > 1.9 * small.get("decodeFlops").doubleValue());
    }

    @Test
    void peopleGetATable() {
        Outcome outcome = Outcome.of("inspect", MODEL.toString());
        assertEquals(0, outcome.code(), outcome.err());
        for (String word : new String[] {"unet", "AutoencoderKL", "CLIPTokenizer", "together", "FLOP", "F32"}) {
            assertTrue(outcome.out().contains(word), word + " in " + outcome.out());
        }
    }

    @Test
    void aSingleFile() {
        JsonNode found = json(Goldens.root().resolve("checkpoints/ldm.ckpt").toString(),
                "--configs", MODEL.toString());
        assertEquals("single file", found.get("kind").stringValue());
        assertTrue(found.at("/components").has("unet"));
        assertEquals(found.at("/components/unet/tensors").intValue(),
                json(MODEL.toString()).at("/components/unet/tensors").intValue());
    }

    @Test
    void anyTensors() {
        JsonNode found = json(Goldens.root().resolve("ops/norm.safetensors").toString(), "--tensors");
        assertEquals("weight file", found.get("kind").stringValue());
        JsonNode tensors = found.at("/components/tensors");
        assertEquals(tensors.get("tensors").intValue(), tensors.get("list").size());
        assertTrue(tensors.at("/list/0/shape").isArray());
    }

    @Test
    void aMissingPartIsAProblem() throws IOException {
        Outcome copied = Outcome.of("convert", MODEL.toString(), folder.resolve("m").toString());
        assertEquals(0, copied.code(), copied.err());
        Files.delete(folder.resolve("m/vae/diffusion_pytorch_model.safetensors"));
        Outcome outcome = Outcome.of("inspect", folder.resolve("m").toString());
        assertEquals(1, outcome.code());
        assertTrue(outcome.out().contains("PROBLEM") && outcome.out().contains("vae"), outcome.out());
        assertTrue(outcome.out().contains("UNet2DConditionModel"), "the other parts are shown");
    }

    @Test
    void refusesBadInput() throws IOException {
        Path text = Files.writeString(folder.resolve("text.bin"), "not weights");
        for (String[] args : new String[][] {
            {"1", "nowhere: no such file", "inspect", "nowhere"},
            {"1", "text.bin", "inspect", text.toString()},
            {"2", "--size 60x64", "inspect", MODEL.toString(), "--size", "60x64"},
            {"2", "512x384", "inspect", MODEL.toString(), "--size", "wide"},
            {"1", folder.toString(), "inspect", folder.toString()},
            {"2", "Missing required parameter", "inspect"}}) {
            Outcome outcome = Outcome.of(Arrays.copyOfRange(args, 2, args.length));
            assertEquals(Integer.parseInt(args[0]), outcome.code(), outcome.err());
            assertTrue(outcome.err().contains(args[1]), outcome.err());
            assertEquals(1, outcome.err().lines().count(), outcome.err());
        }
    }
}
