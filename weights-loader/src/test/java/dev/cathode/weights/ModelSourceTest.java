package dev.cathode.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class ModelSourceTest {
    private static final Path MODEL = Goldens.topic("pipeline").path("model");
    private static final Path LDM = Goldens.topic("checkpoints").path("ldm.ckpt");

    @Test
    void folder() {
        try (ModelSource model = ModelSource.open(MODEL)) {
            assertEquals(Set.of("scheduler", "text_encoder", "tokenizer", "unet", "vae"), Set.copyOf(model.names()));
            assertEquals("UNet2DConditionModel", model.component("unet").className());
            assertEquals("PNDMScheduler", model.component("scheduler").config().get("_class_name").asString());
            assertEquals(model.component("unet").config().get("in_channels").asLong(),
                    model.component("unet").weights().tensor("conv_in.weight").shape().get(1));
            assertTrue(model.component("vae").weights().names().contains("quant_conv.weight"));
            assertTrue(model.component("text_encoder").weights().names().stream()
                    .allMatch(name -> name.startsWith("text_model.")));
            assertTrue(Files.exists(model.component("tokenizer").folder().orElseThrow().resolve("vocab.json")));
            assertMessage(() -> model.component("uned"), "'uned'", "'unet'");
            assertMessage(() -> model.component("scheduler").weights(), "scheduler", "has no weights");
        }
    }

    @Test
    void componentFolderAndFile() {
        try (ModelSource unet = ModelSource.open(MODEL.resolve("unet"));
                ModelSource file = ModelSource.open(MODEL.resolve("unet/diffusion_pytorch_model.safetensors"));
                ModelSource bert = ModelSource.open(Goldens.topic("bert").folder());
                ModelSource clip = ModelSource.open(Goldens.topic("clip_text").path("model.safetensors"));
                ModelSource oldVae = ModelSource.open(Goldens.topic("checkpoints").path("vae_old_names.safetensors"))) {
            TorchFileTest.assertEqual(unet.component("unet").weights(), file.component("unet").weights());
            assertEquals(unet.component("unet").config(), file.component("unet").config());
            assertEquals("BertModel", bert.component("text_encoder").className());
            assertEquals("CLIPTextModel", clip.component("text_encoder").className());
            assertEquals(Set.of("vae"), oldVae.names());
        }
    }

    @Test
    void singleFileFindsShapesAndTakesTheRestFromConfigs() {
        try (ModelSource folder = ModelSource.open(MODEL); ModelSource bare = ModelSource.open(LDM);
                ModelSource file = ModelSource.open(LDM, ModelOptions.DEFAULT.withConfigs(MODEL))) {
            for (String name : List.of("unet", "vae", "text_encoder")) {
                TorchFileTest.assertEqual(folder.component(name).weights(), bare.component(name).weights());
                assertEquals(folder.component(name).config(), file.component(name).config());
            }
            assertTrue(file.component("tokenizer").folder().isPresent());
            assertFalse(bare.has("tokenizer"));
            assertShapesAgree(folder, bare, "unet", "block_out_channels", "cross_attention_dim", "down_block_types",
                    "up_block_types", "in_channels", "out_channels", "layers_per_block", "use_linear_projection",
                    "mid_block_type", "norm_eps", "flip_sin_to_cos", "freq_shift", "downsample_padding", "act_fn");
            assertShapesAgree(folder, bare, "vae", "block_out_channels", "latent_channels", "layers_per_block",
                    "in_channels", "out_channels", "scaling_factor", "down_block_types", "up_block_types");
            assertShapesAgree(folder, bare, "text_encoder", "vocab_size", "hidden_size", "intermediate_size",
                    "num_hidden_layers", "max_position_embeddings", "hidden_act", "layer_norm_eps", "bos_token_id",
                    "eos_token_id");
            assertShapesAgree(folder, bare, "scheduler", "_class_name", "beta_start", "beta_end", "beta_schedule",
                    "steps_offset", "set_alpha_to_one", "skip_prk_steps", "clip_sample");
        }
    }

    @Test
    void secondGenerationPredictsVelocity(@TempDir Path folder) {
        Goldens.Topic topic = Goldens.topic("unet/sd2");
        Checkpoint unet = topic.file(topic.json().get("weights").asString());
        Path file = folder.resolve("sd2.safetensors");
        try (ModelSource model = ModelSource.open(MODEL)) {
            SafetensorsWriter.write(file, ComponentNames.toSingleFile(unet, model.component("vae").weights(),
                    model.component("text_encoder").weights()), Optional.empty());
        }
        Function<ModelOptions, String> type = options -> {
            try (ModelSource model = ModelSource.open(file, options)) {
                return model.component("scheduler").config().get("prediction_type").asString();
            }
        };
        assertEquals("v_prediction", type.apply(ModelOptions.DEFAULT));
        assertEquals("epsilon", type.apply(ModelOptions.DEFAULT.withPredictionType("epsilon")));
        try (ModelSource model = ModelSource.open(file); ModelSource first = ModelSource.open(LDM)) {
            assertEquals("gelu", model.component("text_encoder").config().get("hidden_act").asString());
            assertEquals(topic.json("config.json").get("block_out_channels"),
                    model.component("unet").config().get("block_out_channels"));
            assertEquals("epsilon", first.component("scheduler").config().get("prediction_type").asString());
        }
    }

    @Test
    void variantsAndShards(@TempDir Path folder) throws IOException {
        Goldens.Topic files = Goldens.topic("checkpoints");
        Path shards = folder.resolve("shards");
        Path half = folder.resolve("half");
        for (Path path : List.of(shards, half)) {
            Files.createDirectories(path);
            Files.writeString(path.resolve("config.json"), "{\"model_type\": \"other\"}");
        }
        try (Stream<Path> all = Files.list(files.path("sharded"))) {
            for (Path file : (Iterable<Path>) all::iterator) {
                Files.copy(file, shards.resolve(file.getFileName()));
            }
        }
        Files.copy(files.path("half/model.fp16.safetensors"), half.resolve("model.fp16.safetensors"));
        try (ModelSource sharded = ModelFolder.open(shards); ModelSource fp16 = ModelFolder.open(half, "fp16");
                ModelSource none = ModelFolder.open(half)) {
            assertEquals(files.file("sharded/expected.safetensors").names(),
                    sharded.component("model").weights().names());
            assertEquals(DType.F16, fp16.component("model").weights().tensor("block.0.weight").dtype());
            assertMessage(() -> none.component("model").weights(), "half", "model.fp16.safetensors", "variant");
        }
        // An index of a variant, and torch files.
        Files.move(shards.resolve("model.safetensors.index.json"),
                shards.resolve("model.safetensors.index.fp16.json"));
        Files.delete(half.resolve("model.fp16.safetensors"));
        Files.copy(files.path("state_zip.bin"), half.resolve("pytorch_model.bin"));
        try (ModelSource sharded = ModelFolder.open(shards, "fp16"); ModelSource torch = ModelFolder.open(half)) {
            assertTrue(sharded.component("model").weights().names().contains("block.8.weight"));
            assertTrue(torch.component("model").weights().names().contains("shared.tail"));
        }
    }

    @Test
    void clearErrors(@TempDir Path folder) throws IOException {
        assertMessage(() -> ModelSource.open(folder), "neither model_index.json nor config.json");
        assertMessage(() -> ModelSource.open(folder.resolve("none")), "no such file");
        Files.writeString(folder.resolve("model_index.json"), "{\"../unet\": [\"diffusers\", \"X\"]}");
        assertMessage(() -> ModelSource.open(folder), "'../unet'");
        Files.writeString(folder.resolve("model_index.json"), "{\"unet\": [\"diffusers\", \"UNet2DConditionModel\"]}");
        try (ModelSource model = ModelSource.open(folder)) {
            assertMessage(() -> model.component("unet").weights(), "unet", "no such folder");
            assertMessage(() -> model.component("unet").config(), "unet", "config.json");
        }
        assertMessage(() -> ModelSource.open(Goldens.topic("checkpoints").path("state_zip.bin")), "holds no U-Net");
        assertThrows(IllegalArgumentException.class, () -> ModelOptions.DEFAULT.withVariant("../fp16"));
        assertThrows(IllegalArgumentException.class, () -> ModelOptions.DEFAULT.withPredictionType("noise"));
    }

    private static void assertShapesAgree(ModelSource expected, ModelSource actual, String component, String... keys) {
        JsonNode want = expected.component(component).config();
        JsonNode got = actual.component(component).config();
        for (String key : keys) {
            assertEquals(want.get(key), got.get(key), component + " " + key);
        }
    }

    private static void assertMessage(org.junit.jupiter.api.function.Executable action, String... words) {
        CheckpointException e = assertThrows(CheckpointException.class, action);
        for (String word : words) {
            assertTrue(e.getMessage().contains(word), e.getMessage());
        }
    }
}
