package dev.cathode.engine.models;

import dev.cathode.kernels.cpu.Activation;
import tools.jackson.databind.JsonNode;

/// The configuration of a [CLIPVisionModel]: the keys of transformers' `config.json`.
///
/// @param hiddenSize columns of the hidden states
/// @param intermediateSize columns inside the feed-forward networks
/// @param numHiddenLayers layers
/// @param numAttentionHeads attention heads
/// @param numChannels channels of pictures
/// @param imageSize side of pictures
/// @param patchSize side of the patches they are cut into
/// @param hiddenAct activation of the feed-forward networks
/// @param layerNormEps epsilon of the normalisations
/// @param projectionDim columns of the projected result
public record CLIPVisionConfig(int hiddenSize, int intermediateSize, int numHiddenLayers, int numAttentionHeads,
                               int numChannels, int imageSize, int patchSize, Activation hiddenAct,
                               double layerNormEps, int projectionDim) {
    /// Reads transformers' `config.json`, or the `vision_config` inside that of a whole CLIP; missing keys have
    /// transformers' defaults.
    ///
    /// @param file where it comes from, for messages
    /// @throws IllegalArgumentException if a key, its value or their combination is not supported
    public static CLIPVisionConfig parse(JsonNode json, String file) {
        boolean whole = json.path("vision_config").isObject();
        ConfigFields f = whole ? new ConfigFields(json.get("vision_config"), file + " (vision_config)")
                : new ConfigFields(json, file);
        int ownProjection = f.integer("projection_dim", 512);
        // The projection belongs to the whole CLIP: its own number counts there.
        int projection = whole ? new ConfigFields(json, file).integer("projection_dim", 512) : ownProjection;
        var config = new CLIPVisionConfig(f.integer("hidden_size", 768), f.integer("intermediate_size", 3072),
                f.integer("num_hidden_layers", 12), f.integer("num_attention_heads", 12), f.integer("num_channels", 3),
                f.sameInteger("image_size", 224), f.sameInteger("patch_size", 32),
                f.activation("hidden_act", "quick_gelu"), f.number("layer_norm_eps", 1e-5), projection);
        f.ignore("attention_dropout", "bos_token_id", "eos_token_id", "pad_token_id");
        GenerationFields.ignore(f);
        f.finish();
        f.require(config.numChannels > 0 && config.numHiddenLayers > 0 && config.intermediateSize > 0
                && config.projectionDim > 0, "all sizes must be positive");
        f.require(config.patchSize > 0 && config.imageSize >= config.patchSize, "image_size, " + config.imageSize
                + ", must be at least patch_size, " + config.patchSize + ", and both positive");
        f.require(config.hiddenSize > 0 && config.numAttentionHeads > 0
                && config.hiddenSize % config.numAttentionHeads == 0, "hidden_size, " + config.hiddenSize
                + ", must be a multiple of num_attention_heads, " + config.numAttentionHeads);
        return config;
    }
}
