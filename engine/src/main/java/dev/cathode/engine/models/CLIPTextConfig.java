package dev.cathode.engine.models;

import dev.cathode.kernels.cpu.Activation;
import tools.jackson.databind.JsonNode;

/// The configuration of a [CLIPTextModel]: the keys of transformers' `config.json`.
///
/// @param vocabSize tokens
/// @param hiddenSize columns of the hidden states
/// @param intermediateSize columns inside the feed-forward networks
/// @param numHiddenLayers layers
/// @param numAttentionHeads attention heads
/// @param maxPositionEmbeddings longest text
/// @param hiddenAct activation of the feed-forward networks
/// @param layerNormEps epsilon of the normalisations
/// @param eosTokenId the end token, whose first position is pooled; 2 means the position of the largest id, as in the
/// files of Stable Diffusion 1
public record CLIPTextConfig(int vocabSize, int hiddenSize, int intermediateSize, int numHiddenLayers,
                             int numAttentionHeads, int maxPositionEmbeddings, Activation hiddenAct,
                             double layerNormEps, int eosTokenId) {
    /// A value of `eos_token_id` that old files hold although it is not the end token's.
    private static final int LARGEST_ID = 2;

    /// Reads transformers' `config.json`, or the `text_config` inside that of a whole CLIP; missing keys have
    /// transformers' defaults.
    ///
    /// @param file where it comes from, for messages
    /// @throws IllegalArgumentException if a key, its value or their combination is not supported
    public static CLIPTextConfig parse(JsonNode json, String file) {
        ConfigFields f = json.path("text_config").isObject()
                ? new ConfigFields(json.get("text_config"), file + " (text_config)") : new ConfigFields(json, file);
        var config = new CLIPTextConfig(f.integer("vocab_size", 49408), f.integer("hidden_size", 512),
                f.integer("intermediate_size", 2048), f.integer("num_hidden_layers", 12),
                f.integer("num_attention_heads", 8), f.integer("max_position_embeddings", 77),
                f.activation("hidden_act", "quick_gelu"), f.number("layer_norm_eps", 1e-5),
                f.integer("eos_token_id", 49407));
        f.ignore("attention_dropout", "bos_token_id", "pad_token_id", "projection_dim");
        GenerationFields.ignore(f);
        f.finish();
        f.require(config.vocabSize > 0 && config.maxPositionEmbeddings > 0 && config.numHiddenLayers > 0
                && config.intermediateSize > 0, "all sizes must be positive");
        f.require(config.hiddenSize > 0 && config.numAttentionHeads > 0
                && config.hiddenSize % config.numAttentionHeads == 0, "hidden_size, " + config.hiddenSize
                + ", must be a multiple of num_attention_heads, " + config.numAttentionHeads);
        return config;
    }

    /// Where each text's pooled row is: at its first end token (row 0 if it has none).
    ///
    /// @param inputIds `[N, length]`
    /// @param length positions of a text
    /// @return `[N]`, the network's input `pooled_positions`
    public int[] pooledPositions(int[] inputIds, int length) {
        int[] positions = new int[inputIds.length / length];
        for (int n = 0; n < positions.length; n++) {
            int best = 0;
            for (int i = 1; i < length; i++) {
                if (rank(inputIds[n * length + i]) > rank(inputIds[n * length + best])) {
                    best = i;
                }
            }
            positions[n] = best;
        }
        return positions;
    }

    private int rank(int id) {
        return eosTokenId == LARGEST_ID || id == eosTokenId ? id : -1;
    }
}
