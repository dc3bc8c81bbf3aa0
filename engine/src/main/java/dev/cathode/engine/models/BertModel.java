package dev.cathode.engine.models;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Layers;
import dev.cathode.engine.nn.Scope;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.weights.DType;

/// BERT, of which RadBERT and SapBERT are trained versions.
///
/// Devlin et al. 2019, https://arxiv.org/abs/1810.04805. Parameter names are those of transformers' `BertModel`.
public final class BertModel {
    private final BertConfig config;

    private BertModel(BertConfig config) {
        this.config = config;
    }

    /// What the network returns.
    ///
    /// @param lastHiddenState F32 `[N, L, C]`
    /// @param poolerOutput F32 `[N, C]`: tanh of a linear layer of its first row
    public record Output(Value lastHiddenState, Value poolerOutput) { }

    /// The network in a graph of its own.
    ///
    /// Inputs: `input_ids` I32 `[N, L]`, `attention_mask` I32 `[N, L]` if `masked` (1 for text, 0 for padding),
    /// `token_type_ids` I32 `[N, L]` if `segmented` (else all are segment 0). Outputs: `last_hidden_state` F32 `[N, L,
    /// C]`, `pooler_output` F32 `[N, C]`. Taps: `hidden_states.i` `[N, L, C]`, 0 for the embeddings, i for the result
    /// of layer i.
    ///
    /// @param masked whether there is a padding mask
    /// @param segmented whether the ids of segments are given
    public static Graph graph(BertConfig config, int batch, int length, boolean masked, boolean segmented) {
        Graph graph = new Graph();
        Value ids = graph.input("input_ids", DType.I32, Shape.of(batch, length));
        Value mask = masked ? AttentionMask.input(graph, ids.shape()) : null;
        Value types = segmented ? graph.input("token_type_ids", DType.I32, ids.shape()) : null;
        Output output = forward(Scope.root(graph), config, ids, mask, types);
        graph.output("last_hidden_state", output.lastHiddenState);
        graph.output("pooler_output", output.poolerOutput);
        return graph;
    }

    /// Adds the network to a graph; taps as in [#graph].
    ///
    /// @param at where `embeddings`, `encoder` and `pooler` are
    /// @param ids I32 `[N, L]`
    /// @param mask I32 `[N, L]`, 1 for text and 0 for padding, or null
    /// @param types I32 `[N, L]`, or null if all are segment 0
    public static Output forward(Scope at, BertConfig config, Value ids, Value mask, Value types) {
        Value x = hiddenStates(at, config, ids, mask, types);
        Value first = Ops.reshape(Ops.slice(x, 1, 0, 1), ids.shape().dim(0), config.hiddenSize());
        Value pooled = Layers.linear(at.at("pooler.dense"), first, config.hiddenSize());
        return new Output(x, Ops.activate(pooled, Activation.TANH));
    }

    /// As [#forward] without the pooled output, and without its parameters: the last hidden states.
    public static Value hiddenStates(Scope at, BertConfig config, Value ids, Value mask, Value types) {
        int length = ids.shape().last();
        if (length > config.maxPositionEmbeddings()) {
            throw new IllegalArgumentException("a text of " + length + " tokens is too long: this BERT has "
                    + config.maxPositionEmbeddings() + " positions");
        }
        BertModel bert = new BertModel(config);
        Value x = at.tap("hidden_states.0", bert.embeddings(at.at("embeddings"), ids, types));
        Value additive = AttentionMask.additive(mask);
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            Scope layer = at.at("encoder.layer", i);
            Value before = x;
            x = at.tap("hidden_states." + (i + 1), layer.block(() -> bert.layer(layer, before, additive)));
        }
        return x;
    }

    /// `[N, L]` to `[N, L, C]`.
    private Value embeddings(Scope at, Value ids, Value types) {
        int columns = config.hiddenSize();
        Value words = Layers.embedding(at.at("word_embeddings"), ids, config.vocabSize(), columns,
                config.padTokenId());
        Value segments = at.at("token_type_embeddings").parameter("weight", config.typeVocabSize(), columns);
        Value positions = at.at("position_embeddings").parameter("weight", config.maxPositionEmbeddings(), columns);
        segments = types == null ? Ops.slice(segments, 0, 0, 1) : Ops.embedding(segments, types);
        Value x = Ops.add(Ops.add(words, segments), Ops.slice(positions, 0, 0, ids.shape().last()));
        return norm(at.at("LayerNorm"), x);
    }

    /// Self-attention and a feed-forward network, each beside a shortcut and followed by a normalisation.
    private Value layer(Scope at, Value x, Value mask) {
        Scope self = at.at("attention.self");
        int columns = config.hiddenSize();
        Value q = Layers.linear(self.at("query"), x, columns);
        Value k = Layers.linear(self.at("key"), x, columns);
        Value v = Layers.linear(self.at("value"), x, columns);
        Value h = Ops.attention(q, k, v, config.numAttentionHeads(), false, mask);
        x = output(at.at("attention.output"), h, x);
        h = Layers.linear(at.at("intermediate.dense"), x, config.intermediateSize());
        return output(at.at("output"), Ops.activate(h, config.hiddenAct()), x);
    }

    private Value output(Scope at, Value h, Value shortcut) {
        return norm(at.at("LayerNorm"), Ops.add(Layers.linear(at.at("dense"), h, config.hiddenSize()), shortcut));
    }

    private Value norm(Scope at, Value x) {
        return Layers.layerNorm(at, x, config.layerNormEps());
    }
}
