package dev.cathode.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.weights.RenamedCheckpoint.Part;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ComponentNamesTest {
    private static final Goldens.Topic FILES = Goldens.topic("checkpoints");
    private static final Checkpoint LDM = FILES.file("ldm.ckpt");
    private static final Goldens.Topic PIPELINE = Goldens.topic("pipeline");
    private static final Checkpoint UNET = PIPELINE.file("model/unet/diffusion_pytorch_model.safetensors");
    private static final Checkpoint VAE = PIPELINE.file("model/vae/diffusion_pytorch_model.safetensors");
    private static final Checkpoint TEXT = PIPELINE.file("model/text_encoder/model.safetensors");

    @Test
    void originalFileToDiffusers() {
        TorchFileTest.assertEqual(UNET, ComponentNames.unet(LDM, false));
        TorchFileTest.assertEqual(VAE, ComponentNames.vae(LDM));
        TorchFileTest.assertEqual(ComponentNames.clipText(TEXT), ComponentNames.clipText(LDM));
    }

    @Test
    void diffusersToOriginalFile() {
        Checkpoint original = ComponentNames.toSingleFile(UNET, VAE, TEXT);
        JsonNode expected = FILES.json("ldm_names.json");
        List<String> names = new ArrayList<>();
        expected.forEach(component -> component.forEach(name -> names.add(name.asString())));
        names.forEach(name -> assertEqual(LDM.tensor(name), original.tensor(name)));
        TreeSet<String> others = new TreeSet<>(original.names());
        others.removeAll(names);
        others.removeIf(name -> name.endsWith("position_ids"));
        assertEquals(new TreeSet<>(), others);
    }

    /// Linear projections, and another number of layers a level: there is no original file of it, so both ways.
    @Test
    void secondGenerationBothWays() {
        Goldens.Topic topic = Goldens.topic("unet/sd2");
        Checkpoint unet = topic.file(topic.json().get("weights").asString());
        Checkpoint original = ComponentNames.toSingleFile(unet, VAE, ComponentNames.clipText(TEXT));
        TorchFileTest.assertEqual(unet, ComponentNames.unet(original, false));
        int layers = topic.json("config.json").get("layers_per_block").asInt();
        assertTrue(original.names().contains("model.diffusion_model.input_blocks." + (layers + 1) + ".0.op.weight"));
        assertTrue(original.names().contains("cond_stage_model.model.transformer.resblocks.0.attn.in_proj_weight"));
        assertTrue(original.names().contains("cond_stage_model.model.positional_embedding"));

        // Published files end with a block that is not used.
        int blocks = PIPELINE.json("model/text_encoder/config.json").get("num_hidden_layers").asInt();
        Map<String, Part> parts = new LinkedHashMap<>();
        original.names().forEach(name -> {
            parts.put(name, Part.of(name));
            parts.put(name.replace(".resblocks.0.", ".resblocks." + blocks + "."), Part.of(name));
        });
        parts.put("cond_stage_model.model.logit_scale", Part.of("cond_stage_model.model.ln_final.bias"));
        Checkpoint published = new RenamedCheckpoint(original, parts);
        TorchFileTest.assertEqual(ComponentNames.clipText(TEXT), ComponentNames.clipText(published));
    }

    @Test
    void movingAverageOfOriginalFile() {
        Map<String, Part> parts = new HashMap<>();
        LDM.names().forEach(name -> parts.put(name, Part.of(name)));
        LDM.names().stream().filter(name -> name.startsWith("model.diffusion_model.")).forEach(name ->
                // Something else of the same shape stands for the average.
                parts.put("model_ema." + name.substring("model.".length()).replace(".", ""),
                        Part.of(name.replace("to_k.weight", "to_v.weight"))));
        Checkpoint both = new RenamedCheckpoint(LDM, parts);
        String key = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k.weight";
        String value = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_v.weight";
        Goldens.assertClose("without", Goldens.floats(ComponentNames.unet(both, false).tensor(key)),
                Goldens.floats(UNET.tensor(key)), 0);
        Goldens.assertClose("with", Goldens.floats(ComponentNames.unet(both, true).tensor(key)),
                Goldens.floats(UNET.tensor(value)), 0);
        CheckpointException e = assertThrows(CheckpointException.class, () -> ComponentNames.unet(LDM, true));
        assertTrue(e.getMessage().contains("moving average"), e.getMessage());
    }

    @Test
    void oldNamesOfAutoencoders() {
        Checkpoint old = ComponentNames.vae(FILES.file("vae_old_names.safetensors"));
        assertEquals(new TreeSet<>(VAE.names()), new TreeSet<>(old.names()));
        VAE.names().forEach(name -> assertEquals(VAE.tensor(name).shape(), old.tensor(name).shape(), name));
        assertHalf(VAE, old);
        assertEquals(new TreeSet<>(VAE.names()), new TreeSet<>(ComponentNames.vae(VAE).names()));
    }

    @Test
    void originalAutoencoderAlone() {
        Map<String, Part> parts = new LinkedHashMap<>();
        LDM.names().stream().filter(name -> name.startsWith("first_stage_model."))
                .forEach(name -> parts.put(name.substring("first_stage_model.".length()), Part.of(name)));
        parts.put("loss.discriminator.main.0.weight", Part.of("betas"));
        TorchFileTest.assertEqual(VAE, ComponentNames.vae(new RenamedCheckpoint(LDM, parts)));
    }

    @Test
    void oldNamesOfBert() {
        Checkpoint bert = Goldens.topic("bert").file("model.safetensors");
        Checkpoint old = ComponentNames.bert(FILES.file("bert_old_names.safetensors"));
        Checkpoint plain = ComponentNames.bert(bert);
        assertEquals(new TreeSet<>(plain.names()), new TreeSet<>(old.names()));
        assertHalf(plain, old);
    }

    @Test
    void clipWithAndWithoutPrefix() {
        Checkpoint text = Goldens.topic("clip_text").file("model.safetensors");
        Map<String, Part> parts = new LinkedHashMap<>();
        text.names().forEach(name -> parts.put(name.replace("text_model.", ""), Part.of(name)));
        Checkpoint bare = ComponentNames.clipText(new RenamedCheckpoint(text, parts));
        TorchFileTest.assertEqual(ComponentNames.clipText(text), bare);
        assertTrue(bare.names().stream().allMatch(name -> name.startsWith("text_model.")));
        assertTrue(bare.names().stream().noneMatch(name -> name.endsWith("position_ids")));
        Checkpoint vision = Goldens.topic("clip_vision").file("model.safetensors");
        assertTrue(ComponentNames.clipVision(vision).names().contains("vision_model.embeddings.class_embedding"));
    }

    @Test
    void oldNamesOfDenseNet() {
        Checkpoint plain = Goldens.topic("densenet").file("model.safetensors");
        Map<String, Part> parts = new LinkedHashMap<>();
        plain.names().forEach(name -> parts.put(name.replaceAll("(denselayer.*)(norm|conv)(?=[12])", "$1$2."), Part.of(name)));
        assertTrue(parts.containsKey("features.denseblock1.denselayer2.norm.1.running_mean"));
        parts.put("op_threshs", Part.of("classifier.bias"));
        Checkpoint old = ComponentNames.denseNet(new RenamedCheckpoint(plain, parts));
        assertTrue(old.names().contains("features.transition1.norm.num_batches_tracked"));
        TorchFileTest.assertEqual(plain, old);
        TorchFileTest.assertEqual(plain, ComponentNames.denseNet(plain));
    }

    @Test
    void unknownParametersAreNamed() {
        Checkpoint unet = new RenamedCheckpoint(LDM, Map.of(
                "model.diffusion_model.input_blocks.0.0.weight", Part.of("betas"),
                "model.diffusion_model.adapter.weight", Part.of("betas")));
        CheckpointException e = assertThrows(CheckpointException.class, () -> ComponentNames.unet(unet, false));
        assertTrue(e.getMessage().contains("'model.diffusion_model.adapter.weight'"), e.getMessage());
    }

    private static void assertHalf(Checkpoint full, Checkpoint half) {
        for (String name : full.names()) {
            float[] values = Goldens.floats(full.tensor(name));
            for (int i = 0; i < values.length; i++) {
                values[i] = Float.float16ToFloat(Float.floatToFloat16(values[i]));
            }
            Goldens.assertClose(name, Goldens.floats(half.tensor(name)), values, 0);
        }
    }

    private static void assertEqual(FileTensor expected, FileTensor actual) {
        assertEquals(expected.shape(), actual.shape(), expected.name());
        assertEquals(-1, expected.data().mismatch(actual.data()), expected.name());
    }
}
