package dev.cathode.engine.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Activation;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What a `config.json` may say.
class ConfigTest {
    private static final JsonMapper JSON = new JsonMapper();

    @Test
    void missingKeysHaveTheLibrariesDefaults() {
        var unet = UNet2DConditionConfig.parse(json("{}"), "unet/config.json");
        assertEquals(List.of(320, 640, 1280, 1280), unet.blockOutChannels());
        assertEquals(List.of(8, 8, 8, 8), unet.attentionHeadDim());
        assertEquals(1280, unet.crossAttentionDim());
        assertEquals(64, unet.sampleSize());
        var vae = AutoencoderKLConfig.parse(json("{}"), "vae/config.json");
        assertEquals(0.18215, vae.scalingFactor());
        assertEquals(1, vae.scaleFactor());
        assertEquals(512, CLIPTextConfig.parse(json("{}"), "text_encoder/config.json").hiddenSize());
        assertEquals(Activation.GELU, BertConfig.parse(json("{}"), "config.json").hiddenAct());
        assertEquals(32, CLIPVisionConfig.parse(json("{}"), "config.json").patchSize());
    }

    @Test
    void oneNumberOrAListForAllLevels() {
        var config = UNet2DConditionConfig.parse(json("""
                {"attention_head_dim": [5, 10, 20, 20], "layers_per_block": 1, "sample_size": [96, 96],
                 "transformer_layers_per_block": [1, 2, 4, 1], "only_cross_attention": [true, true, false, false]}"""),
                "unet/config.json");
        assertEquals(List.of(5, 10, 20, 20), config.attentionHeadDim());
        assertEquals(List.of(1, 1, 1, 1), config.layersPerBlock());
        assertEquals(List.of(1, 2, 4, 1), config.transformerLayersPerBlock());
        assertEquals(List.of(true, true, false, false), config.onlyCrossAttention());
        assertEquals(96, config.sampleSize());
    }

    /// Each is a setting of a network that this one is not.
    @ParameterizedTest
    @ValueSource(strings = {
        "'dual_cross_attention': true", "'class_embed_type': 'timestep'", "'addition_embed_type': 'text_time'",
        "'time_embedding_type': 'fourier'", "'resnet_time_scale_shift': 'scale_shift'", "'act_fn': 'gelu'",
        "'mid_block_type': 'UNetMidBlock2DSimpleCrossAttn'", "'mid_block_scale_factor': 1.5",
        "'center_input_sample': true", "'encoder_hid_dim': 4096", "'time_cond_proj_dim': 256",
        "'num_class_embeds': 1000", "'norm_num_groups': null", "'something_new': 3",
        "'cross_attention_dim': [768, 1024, 768, 768]", "'attention_head_dim': [8, 8]", "'attention_head_dim': 7",
        "'in_channels': 4.5", "'down_block_types': ['AttnDownBlock2D', 'DownBlock2D', 'DownBlock2D', 'DownBlock2D']",
        "'block_out_channels': [320, 640]", "'norm_num_groups': 30", "'use_linear_projection': 'yes'"
    })
    void unsupportedUnetsAreRefusedByName(String setting) {
        var error = assertThrows(IllegalArgumentException.class, () -> UNet2DConditionConfig.parse(
                json('{' + setting + '}'), "model/unet/config.json"));
        String key = setting.substring(1, setting.indexOf('\'', 1));
        assertTrue(error.getMessage().startsWith("model/unet/config.json: "), error.getMessage());
        assertTrue(error.getMessage().contains(key), error.getMessage());
    }

    @Test
    void messagesSayTheValueAndWhatWouldDo() {
        var error = assertThrows(IllegalArgumentException.class, () -> UNet2DConditionConfig.parse(
                json("{'time_embedding_type': 'fourier'}"), "unet/config.json"));
        assertEquals("unet/config.json: time_embedding_type is \"fourier\": only positional is supported",
                error.getMessage());
    }

    @Test
    void unsupportedAutoencodersAreRefused() {
        for (String setting : List.of("'shift_factor': 0.1", "'latents_mean': [0, 0, 0, 0]", "'act_fn': 'relu'",
                "'down_block_types': ['AttnDownEncoderBlock2D']", "'norm_num_groups': 48", "'new': 1")) {
            assertThrows(IllegalArgumentException.class,
                    () -> AutoencoderKLConfig.parse(json('{' + setting + '}'), "vae/config.json"), setting);
        }
    }

    @Test
    void unsupportedEncodersAreRefused() {
        for (String setting : List.of("'hidden_act': 'tanh'", "'num_attention_heads': 5", "'is_decoder': true",
                "'pruned_heads': {'0': [1]}", "'new': 1", "'hidden_size': '768'")) {
            assertThrows(IllegalArgumentException.class,
                    () -> CLIPTextConfig.parse(json('{' + setting + '}'), "config.json"), setting);
            assertThrows(IllegalArgumentException.class,
                    () -> CLIPVisionConfig.parse(json('{' + setting + '}'), "config.json"), setting);
            assertThrows(IllegalArgumentException.class,
                    () -> BertConfig.parse(json('{' + setting + '}'), "config.json"), setting);
        }
        assertThrows(IllegalArgumentException.class, () -> BertConfig.parse(
                json("{'position_embedding_type': 'relative_key'}"), "config.json"));
    }

    /// Keys as published files have them beside those that matter.
    @Test
    void harmlessKeysAreAccepted() {
        UNet2DConditionConfig.parse(json("""
                {'_class_name': 'UNet2DConditionModel', '_diffusers_version': '0.2.2', '_name_or_path': 'x',
                 'sample_size': null, 'something_new': null, 'upcast_attention': true, 'dropout': 0.1,
                 'mid_block_only_cross_attention': false, 'addition_embed_type_num_heads': 64}"""), "config.json");
        AutoencoderKLConfig.parse(json("{'force_upcast': true, '_class_name': 'AutoencoderKL'}"), "config.json");
        CLIPTextConfig.parse(json("""
                {'architectures': ['CLIPTextModel'], 'attention_dropout': 0.0, 'bos_token_id': 0, 'dropout': 0.0,
                 'initializer_factor': 1.0, 'initializer_range': 0.02, 'model_type': 'clip_text_model',
                 'pad_token_id': 1, 'torch_dtype': 'float32', 'transformers_version': '4.22.0', 'projection_dim': 768,
                 'id2label': {'0': 'a'}, 'pruned_heads': {}, 'top_p': 1.0}"""), "config.json");
        BertConfig.parse(json("""
                {'position_embedding_type': 'absolute', 'use_cache': true, 'gradient_checkpointing': false,
                 'hidden_dropout_prob': 0.1, 'attention_probs_dropout_prob': 0.1, 'classifier_dropout': null}"""),
                "config.json");
    }

    @Test
    void wholeClipsHoldTheirEncodersConfigurations() {
        JsonNode clip = json("""
                {'projection_dim': 640, 'logit_scale_init_value': 2.6592,
                 'text_config': {'hidden_size': 128, 'eos_token_id': 2},
                 'vision_config': {'hidden_size': 1024, 'num_attention_heads': 16, 'patch_size': 14}}""");
        assertEquals(128, CLIPTextConfig.parse(clip, "config.json").hiddenSize());
        var vision = CLIPVisionConfig.parse(clip, "config.json");
        assertEquals(14, vision.patchSize());
        assertEquals(640, vision.projectionDim());
    }

    private static JsonNode json(String text) {
        return JSON.readTree(text.replace('\'', '"'));
    }
}
