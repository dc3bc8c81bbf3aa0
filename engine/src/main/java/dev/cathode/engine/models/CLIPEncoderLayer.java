package dev.cathode.engine.models;

import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Layers;
import dev.cathode.engine.nn.Scope;
import dev.cathode.kernels.cpu.Activation;

/// A layer of both CLIP encoders: self-attention and a feed-forward network, each after a layer normalisation and
/// beside a shortcut.
///
/// @param heads attention heads
/// @param intermediateSize columns between the two layers of the feed-forward network
/// @param activation between them
/// @param layerNormEps epsilon of the normalisations
/// @param causal positions see no later ones
record CLIPEncoderLayer(int heads, int intermediateSize, Activation activation, double layerNormEps, boolean causal) {
    /// `[N, L, C]` to the same shape; `mask` is additive, `[N, L]`, or null.
    Value forward(Scope at, Value x, Value mask) {
        return at.block(() -> layers(at, x, mask));
    }

    private Value layers(Scope at, Value x, Value mask) {
        Value h = Layers.layerNorm(at.at("layer_norm1"), x, layerNormEps);
        x = Ops.add(attention(at.at("self_attn"), h, mask), x);
        h = Layers.layerNorm(at.at("layer_norm2"), x, layerNormEps);
        h = Ops.activate(Layers.linear(at.at("mlp.fc1"), h, intermediateSize), activation);
        return Ops.add(Layers.linear(at.at("mlp.fc2"), h, x.shape().last()), x);
    }

    private Value attention(Scope at, Value x, Value mask) {
        int columns = x.shape().last();
        Value q = Layers.linear(at.at("q_proj"), x, columns);
        Value k = Layers.linear(at.at("k_proj"), x, columns);
        Value v = Layers.linear(at.at("v_proj"), x, columns);
        return Layers.linear(at.at("out_proj"), Ops.attention(q, k, v, heads, causal, mask), columns);
    }
}
