package dev.cathode.engine.models;

import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Layers;
import dev.cathode.engine.nn.Scope;

/// A transformer over the pixels of a feature map that looks at the text.
///
/// Rombach et al. 2022, https://arxiv.org/abs/2112.10752, appendix E.2.1; diffusers' `Transformer2DModel` and
/// `BasicTransformerBlock`.
///
/// @param heads attention heads
/// @param layers transformer blocks
/// @param groups of the normalisation in front
/// @param linearProjection the projections in and out are linear layers, not 1×1 convolutions (the numbers are the
/// same, the weight's shape in the file is not)
/// @param onlyCrossAttention the first attention looks at the text too
record Transformer2D(int heads, int layers, int groups, boolean linearProjection, boolean onlyCrossAttention) {
    /// Epsilon of the group normalisation in front; the resnets beside it have their own.
    private static final double GROUP_NORM_EPSILON = 1e-6;
    private static final double LAYER_NORM_EPSILON = 1e-5;

    /// `x` `[N, H, W, C]`, `context` `[N, L, D]`; the result has the shape of `x`.
    Value forward(Scope at, Value x, Value context) {
        // One layer and what is around it are one block of training; several are a block each.
        return layers == 1 ? at.block(() -> transform(at, x, context)) : transform(at, x, context);
    }

    private Value transform(Scope at, Value x, Value context) {
        Shape image = x.shape();
        int channels = image.last();
        Value h = Layers.groupNorm(at.at("norm"), x, groups, GROUP_NORM_EPSILON);
        h = Ops.reshape(project(at.at("proj_in"), h), image.dim(0), image.dim(1) * image.dim(2), channels);
        for (int i = 0; i < layers; i++) {
            Scope layer = at.at("transformer_blocks", i);
            Value before = h;
            h = layer.block(() -> block(layer, before, context));
        }
        h = project(at.at("proj_out"), Ops.reshape(h, image.toArray()));
        return Ops.add(h, x);
    }

    private Value project(Scope at, Value x) {
        int channels = x.shape().last();
        return linearProjection ? Layers.linear(at, x, channels) : Layers.conv1x1(at, x, channels);
    }

    /// `[N, HW, C]` to the same shape.
    private Value block(Scope at, Value x, Value context) {
        Value h = Layers.layerNorm(at.at("norm1"), x, LAYER_NORM_EPSILON);
        x = Ops.add(attention(at.at("attn1"), h, onlyCrossAttention ? context : h), x);
        h = Layers.layerNorm(at.at("norm2"), x, LAYER_NORM_EPSILON);
        x = Ops.add(attention(at.at("attn2"), h, context), x);
        h = Layers.layerNorm(at.at("norm3"), x, LAYER_NORM_EPSILON);
        return Ops.add(feedForward(at.at("ff"), h), x);
    }

    private Value attention(Scope at, Value x, Value context) {
        int channels = x.shape().last();
        Value q = Layers.linearNoBias(at.at("to_q"), x, channels);
        Value k = Layers.linearNoBias(at.at("to_k"), context, channels);
        Value v = Layers.linearNoBias(at.at("to_v"), context, channels);
        return Layers.linear(at.at("to_out.0"), Ops.attention(q, k, v, heads, false, null), channels);
    }

    private static Value feedForward(Scope at, Value x) {
        int channels = x.shape().last();
        Value h = Ops.gatedGelu(Layers.linear(at.at("net.0.proj"), x, 2 * 4 * channels));
        return Layers.linear(at.at("net.2"), h, channels);
    }
}
