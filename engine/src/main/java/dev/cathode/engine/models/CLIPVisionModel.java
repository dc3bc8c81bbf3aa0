package dev.cathode.engine.models;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Layers;
import dev.cathode.engine.nn.Scope;
import dev.cathode.weights.DType;
import java.util.Collections;

/// CLIP's picture encoder, a vision transformer, with its projection into the space that pictures and texts share.
///
/// Dosovitskiy et al. 2021, https://arxiv.org/abs/2010.11929; Radford et al. 2021, https://arxiv.org/abs/2103.00020.
/// Parameter names are those of transformers' `CLIPVisionModelWithProjection`.
public final class CLIPVisionModel {
    private CLIPVisionModel() { }

    /// What the network returns.
    ///
    /// @param lastHiddenState F32 `[N, 1 + patches, C]`, before the last normalisation
    /// @param poolerOutput F32 `[N, C]`: its first row, normalised
    /// @param imageEmbeds F32 `[N, P]`: that row projected, not of unit length
    public record Output(Value lastHiddenState, Value poolerOutput, Value imageEmbeds) { }

    /// The network in a graph of its own.
    ///
    /// Input: `pixel_values` F32 `[N, 3, S, S]`, resized, cropped and normalised as CLIP's preprocessor does. Outputs:
    /// `last_hidden_state`, `pooler_output`, `image_embeds`, see [Output]. Taps: `hidden_states.i` `[N, 1 + patches,
    /// C]`, 0 for the normalised embeddings, i for the result of layer i.
    public static Graph graph(CLIPVisionConfig config, int batch) {
        Graph graph = new Graph();
        Value pixels = graph.input("pixel_values", DType.F32,
                Shape.of(batch, config.numChannels(), config.imageSize(), config.imageSize()));
        Output output = forward(Scope.root(graph), config, pixels);
        graph.output("last_hidden_state", output.lastHiddenState);
        graph.output("pooler_output", output.poolerOutput);
        graph.output("image_embeds", output.imageEmbeds);
        return graph;
    }

    /// Adds the network to a graph; taps as in [#graph].
    ///
    /// @param at where `vision_model` and `visual_projection` are
    /// @param pixelValues F32 `[N, 3, S, S]`
    public static Output forward(Scope at, CLIPVisionConfig config, Value pixelValues) {
        Scope model = at.at("vision_model");
        Value x = embeddings(model.at("embeddings"), config, Ops.toChannelsLast(pixelValues));
        // The name is misspelt in every published file.
        x = at.tap("hidden_states.0", Layers.layerNorm(model.at("pre_layrnorm"), x, config.layerNormEps()));
        var layer = new CLIPEncoderLayer(config.numAttentionHeads(), config.intermediateSize(), config.hiddenAct(),
                config.layerNormEps(), false);
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            x = at.tap("hidden_states." + (i + 1), layer.forward(model.at("encoder.layers", i), x, null));
        }
        Value first = Ops.reshape(Ops.slice(x, 1, 0, 1), x.shape().dim(0), config.hiddenSize());
        Value pooled = Layers.layerNorm(model.at("post_layernorm"), first, config.layerNormEps());
        return new Output(x, pooled, Layers.linearNoBias(at.at("visual_projection"), pooled, config.projectionDim()));
    }

    /// `[N, S, S, 3]` to `[N, 1 + patches, C]`: the class token, then the patches, all with their positions.
    private static Value embeddings(Scope at, CLIPVisionConfig c, Value x) {
        Value filter = at.at("patch_embedding").parameter("weight", c.hiddenSize(), c.patchSize(), c.patchSize(),
                c.numChannels());
        Value patches = Ops.conv2d(x, filter, null, Op.Geometry.of(c.patchSize(), 0));
        int batch = patches.shape().dim(0);
        int count = patches.shape().dim(1) * patches.shape().dim(2);
        patches = Ops.reshape(patches, batch, count, c.hiddenSize());
        Value token = Ops.reshape(at.parameter("class_embedding", c.hiddenSize()), 1, 1, c.hiddenSize());
        if (batch > 1) {
            token = Ops.concat(0, Collections.nCopies(batch, token).toArray(Value[]::new));
        }
        Value positions = at.at("position_embedding").parameter("weight", 1 + count, c.hiddenSize());
        return Ops.add(Ops.concat(1, token, patches), positions);
    }
}
