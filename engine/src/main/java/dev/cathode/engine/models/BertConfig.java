package dev.cathode.engine.models;

import dev.cathode.kernels.cpu.Activation;
import tools.jackson.databind.JsonNode;

/// The configuration of a [BertModel]: the keys of transformers' `config.json`.
///
/// @param vocabSize tokens
/// @param hiddenSize columns of the hidden states
/// @param numHiddenLayers layers
/// @param numAttentionHeads attention heads
/// @param intermediateSize columns inside the feed-forward networks
/// @param hiddenAct activation of the feed-forward networks
/// @param maxPositionEmbeddings longest text
/// @param typeVocabSize segments
/// @param layerNormEps epsilon of the normalisations
/// @param padTokenId the token that fills short texts up: training leaves its embedding alone
public record BertConfig(int vocabSize, int hiddenSize, int numHiddenLayers, int numAttentionHeads,
                         int intermediateSize, Activation hiddenAct, int maxPositionEmbeddings, int typeVocabSize,
                         double layerNormEps, int padTokenId) {
    /// Reads transformers' `config.json`; missing keys have transformers' defaults, the sizes of BERT base.
    ///
    /// @param file where it comes from, for messages
    /// @throws IllegalArgumentException if a key, its value or their combination is not supported
    public static BertConfig parse(JsonNode json, String file) {
        ConfigFields f = new ConfigFields(json, file);
        var config = new BertConfig(f.integer("vocab_size", 30522), f.integer("hidden_size", 768),
                f.integer("num_hidden_layers", 12), f.integer("num_attention_heads", 12),
                f.integer("intermediate_size", 3072), f.activation("hidden_act", "gelu"),
                f.integer("max_position_embeddings", 512), f.integer("type_vocab_size", 2),
                f.number("layer_norm_eps", 1e-12), f.integer("pad_token_id", 0));
        f.only("position_embedding_type", "absolute");
        f.ignore("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout", "bos_token_id",
                "eos_token_id", "directionality", "pooler_fc_size", "pooler_num_attention_heads",
                "pooler_num_fc_layers", "pooler_size_per_head", "pooler_type");
        GenerationFields.ignore(f);
        f.finish();
        f.require(config.vocabSize > 0 && config.maxPositionEmbeddings > 0 && config.numHiddenLayers > 0
                && config.intermediateSize > 0 && config.typeVocabSize > 0, "all sizes must be positive");
        f.require(config.hiddenSize > 0 && config.numAttentionHeads > 0
                && config.hiddenSize % config.numAttentionHeads == 0, "hidden_size, " + config.hiddenSize
                + ", must be a multiple of num_attention_heads, " + config.numAttentionHeads);
        return config;
    }
}
