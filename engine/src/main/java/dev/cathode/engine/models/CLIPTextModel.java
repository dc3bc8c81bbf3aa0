package dev.cathode.engine.models;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Layers;
import dev.cathode.engine.nn.Scope;
import dev.cathode.weights.DType;

/// The text encoder of Stable Diffusion: a transformer whose positions see no later ones.
///
/// Radford et al. 2021, https://arxiv.org/abs/2103.00020. Parameter names are those of the files: transformers'
/// `CLIPTextModel` with the prefix `text_model.`.
public final class CLIPTextModel {
    private CLIPTextModel() { }

    /// What the network returns.
    ///
    /// @param lastHiddenState F32 `[N, L, C]`, after the final normalisation
    /// @param poolerOutput F32 `[N, C]`: its row at the end token; null if layers were skipped
    public record Output(Value lastHiddenState, Value poolerOutput) { }

    /// The network in a graph of its own, all layers, without a padding mask: as Stable Diffusion uses it.
    ///
    /// @param length positions, 77 for Stable Diffusion
    public static Graph graph(CLIPTextConfig config, int batch, int length) {
        return graph(config, batch, length, false, 0);
    }

    /// The network in a graph of its own.
    ///
    /// Inputs: `input_ids` I32 `[N, L]`, `attention_mask` I32 `[N, L]` if `masked` (1 for text, 0 for padding), and, if
    /// no layer is skipped, `pooled_positions` I32 `[N]` (from [CLIPTextConfig#pooledPositions]). Outputs:
    /// `last_hidden_state` F32 `[N, L, C]` and, if no layer is skipped, `pooler_output` F32 `[N, C]`. Taps:
    /// `hidden_states.i` `[N, L, C]`, 0 for the embeddings, i for the result of layer i.
    ///
    /// @param masked whether there is a padding mask
    /// @param clipSkip layers left out at the end, 0 for none (diffusers' `clip_skip`; other programs count from 1)
    public static Graph graph(CLIPTextConfig config, int batch, int length, boolean masked, int clipSkip) {
        Graph graph = new Graph();
        Value ids = graph.input("input_ids", DType.I32, Shape.of(batch, length));
        Value mask = masked ? AttentionMask.input(graph, ids.shape()) : null;
        Value positions = clipSkip == 0 ? graph.input("pooled_positions", DType.I32, Shape.of(batch)) : null;
        Output output = forward(Scope.root(graph), config, ids, mask, positions, clipSkip);
        graph.output("last_hidden_state", output.lastHiddenState);
        if (output.poolerOutput != null) {
            graph.output("pooler_output", output.poolerOutput);
        }
        return graph;
    }

    /// Adds the network to a graph; taps as in [#graph(CLIPTextConfig, int, int, boolean, int)].
    ///
    /// @param at where `text_model` is
    /// @param ids I32 `[N, L]`
    /// @param mask I32 `[N, L]`, 1 for text and 0 for padding, or null
    /// @param pooledPositions I32 `[N]`, or null if no pooled output is wanted
    /// @param clipSkip layers left out at the end
    public static Output forward(Scope at, CLIPTextConfig config, Value ids, Value mask, Value pooledPositions,
                                 int clipSkip) {
        return forwardTokens(at, config, tokens(at, config, ids), mask, pooledPositions, clipSkip);
    }

    /// The embeddings of tokens: ids I32 `[N, L]` to F32 `[N, L, C]`.
    ///
    /// @param at where `text_model` is
    public static Value tokens(Scope at, CLIPTextConfig config, Value ids) {
        return Layers.embedding(at.at("text_model.embeddings.token_embedding"), ids, config.vocabSize(),
                config.hiddenSize());
    }

    /// As [#forward], but for the embeddings of tokens.
    ///
    /// @param tokens F32 `[N, L, C]`
    public static Output forwardTokens(Scope at, CLIPTextConfig config, Value tokens, Value mask, Value pooledPositions,
                                       int clipSkip) {
        int length = tokens.shape().dim(1);
        if (length > config.maxPositionEmbeddings()) {
            throw new IllegalArgumentException("a text of " + length + " tokens is too long: the text encoder has "
                    + config.maxPositionEmbeddings() + " positions");
        }
        if (clipSkip < 0 || clipSkip >= config.numHiddenLayers() || clipSkip > 0 && pooledPositions != null) {
            throw new IllegalArgumentException("clip skip " + clipSkip + ": there are " + config.numHiddenLayers()
                    + " layers, and the pooled output needs all of them");
        }
        Scope model = at.at("text_model");
        Value x = at.tap("hidden_states.0", embeddings(model.at("embeddings"), config, tokens));
        Value additive = AttentionMask.additive(mask);
        var layer = new CLIPEncoderLayer(config.numAttentionHeads(), config.intermediateSize(), config.hiddenAct(),
                config.layerNormEps(), true);
        for (int i = 0; i < config.numHiddenLayers() - clipSkip; i++) {
            x = at.tap("hidden_states." + (i + 1), layer.forward(model.at("encoder.layers", i), x, additive));
        }
        x = Layers.layerNorm(model.at("final_layer_norm"), x, config.layerNormEps());
        return new Output(x, pooledPositions == null ? null : Ops.gatherRows(x, pooledPositions));
    }

    /// `[N, L, C]` with those of the positions.
    private static Value embeddings(Scope at, CLIPTextConfig config, Value tokens) {
        Value positions = at.at("position_embedding").parameter("weight", config.maxPositionEmbeddings(),
                config.hiddenSize());
        return Ops.add(tokens, Ops.slice(positions, 0, 0, tokens.shape().dim(1)));
    }
}
