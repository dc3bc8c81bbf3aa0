package dev.cathode.engine.models;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Scope;
import dev.cathode.weights.CheckpointException;
import tools.jackson.databind.JsonNode;

/// A network that turns token ids into the hidden states that condition a U-Net: CLIP's text encoder, or a BERT in its
/// place.
///
/// Padding is attended to, as in Stable Diffusion's training: no mask but CLIP's causal one.
public sealed interface TextModel {
    /// The most tokens that Stable Diffusion conditions on.
    int MAX_LENGTH = 77;

    /// CLIP's text encoder.
    record Clip(CLIPTextConfig config) implements TextModel { }

    /// BERT; its last hidden states.
    record Bert(BertConfig config) implements TextModel { }

    /// The network that a `config.json` of transformers describes.
    ///
    /// @param file where it comes from, for messages
    /// @throws CheckpointException if it is neither of these
    static TextModel parse(JsonNode config, String file) {
        String type = config.path("model_type").asString("");
        String name = config.path("architectures").path(0).asString("");
        if (type.equals("bert") || name.startsWith("Bert")) {
            return new Bert(BertConfig.parse(config, file));
        }
        if (type.startsWith("clip_text") || name.startsWith("CLIPText")) {
            return new Clip(CLIPTextConfig.parse(config, file));
        }
        throw new CheckpointException(file + ": model_type \"" + type + "\" is no text encoder known here; there are"
                + " clip_text_model and bert");
    }

    /// Tokens of a row.
    default int length() {
        return Math.min(MAX_LENGTH, switch (this) {
            case Clip(CLIPTextConfig c) -> c.maxPositionEmbeddings();
            case Bert(BertConfig c) -> c.maxPositionEmbeddings();
        });
    }

    /// Rows of the embedding table.
    default int vocabularySize() {
        return switch (this) {
            case Clip(CLIPTextConfig c) -> c.vocabSize();
            case Bert(BertConfig c) -> c.vocabSize();
        };
    }

    /// Numbers of one hidden state.
    default int hiddenSize() {
        return switch (this) {
            case Clip(CLIPTextConfig c) -> c.hiddenSize();
            case Bert(BertConfig c) -> c.hiddenSize();
        };
    }

    /// Adds the network to a graph: ids I32 `[N, L]` to the last hidden states F32 `[N, L, C]`.
    default Value forward(Scope at, Value ids) {
        return switch (this) {
            case Clip(CLIPTextConfig c) -> CLIPTextModel.forward(at, c, ids, null, null, 0).lastHiddenState();
            case Bert(BertConfig c) -> BertModel.forward(at, c, ids, null, null).lastHiddenState();
        };
    }

    /// The network in a graph of its own: input `input_ids`, output `last_hidden_state` and whatever else it gives.
    ///
    /// @param clipSkip layers left out at the end; only CLIP's
    default Graph graph(int batch, int clipSkip) {
        return switch (this) {
            case Clip(CLIPTextConfig c) -> CLIPTextModel.graph(c, batch, length(), false, clipSkip);
            case Bert(BertConfig c) -> BertModel.graph(c, batch, length(), false, false);
        };
    }
}
