package dev.cathode.engine.models;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Layers;
import dev.cathode.engine.nn.Scope;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.DType;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

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

    /// Another of these with a small network behind it that makes the states of each token what the U-Net knows:
    /// `linear, GELU, linear`, trained by textual projection. In `config.json` it is an object [#PROJECTION] with the
    /// keys `intermediate_size` and `hidden_size`.
    ///
    /// @param encoder what it is behind
    /// @param intermediate columns between the linear layers
    /// @param out columns of the result
    record Projected(TextModel encoder, int intermediate, int out) implements TextModel {
        /// Adds the small network alone: `[N, L, C]` to `[N, L, out]`.
        ///
        /// @param at where the text encoder is
        public Value project(Scope at, Value states) {
            Value h = Layers.linear(at.at(PROJECTION + ".linear_1"), states, intermediate);
            return Layers.linear(at.at(PROJECTION + ".linear_2"), Ops.activate(h, Activation.GELU), out);
        }
    }

    /// The name of [Projected]'s network in configurations and parameters.
    String PROJECTION = "text_projection";

    /// The network that a `config.json` of transformers describes.
    ///
    /// @param file where it comes from, for messages
    /// @throws CheckpointException if it is neither of these
    static TextModel parse(JsonNode config, String file) {
        if (config.path(PROJECTION) instanceof ObjectNode projection) {
            TextModel encoder = parse(((ObjectNode) config).deepCopy().without(PROJECTION), file);
            ConfigFields f = new ConfigFields(projection, file + " (" + PROJECTION + ")");
            var projected = new Projected(encoder, f.integer("intermediate_size", 0), f.integer("hidden_size", 0));
            f.finish();
            f.require(projected.intermediate > 0 && projected.out > 0, "all sizes must be positive");
            return projected;
        }
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
            case Projected p -> p.encoder.length();
        });
    }

    /// Rows of the embedding table.
    default int vocabularySize() {
        return switch (this) {
            case Clip(CLIPTextConfig c) -> c.vocabSize();
            case Bert(BertConfig c) -> c.vocabSize();
            case Projected p -> p.encoder.vocabularySize();
        };
    }

    /// Numbers of one hidden state.
    default int hiddenSize() {
        return switch (this) {
            case Clip(CLIPTextConfig c) -> c.hiddenSize();
            case Bert(BertConfig c) -> c.hiddenSize();
            case Projected p -> p.out;
        };
    }

    /// Adds the network to a graph: ids I32 `[N, L]` to the last hidden states F32 `[N, L, C]`.
    default Value forward(Scope at, Value ids) {
        return switch (this) {
            case Clip(CLIPTextConfig c) -> CLIPTextModel.forward(at, c, ids, null, null, 0).lastHiddenState();
            case Bert(BertConfig c) -> BertModel.hiddenStates(at, c, ids, null, null);
            case Projected p -> p.project(at, p.encoder.forward(at, ids));
        };
    }

    /// The network in a graph of its own: input `input_ids`, output `last_hidden_state` and whatever else it gives.
    ///
    /// @param clipSkip layers left out at the end; only CLIP's
    default Graph graph(int batch, int clipSkip) {
        return switch (this) {
            case Clip(CLIPTextConfig c) -> CLIPTextModel.graph(c, batch, length(), false, clipSkip);
            case Bert _, Projected _ -> {
                Graph graph = new Graph();
                Value ids = graph.input("input_ids", DType.I32, Shape.of(batch, length()));
                graph.output("last_hidden_state", forward(Scope.root(graph), ids));
                yield graph;
            }
        };
    }
}
