package dev.cathode.engine.models;

import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Layers;
import dev.cathode.engine.nn.Scope;

/// The layers between the levels of a U-Net or autoencoder.
final class Resampling {
    private Resampling() { }

    /// A 3×3 convolution of stride 2.
    ///
    /// @param padding 1: on all sides; 0: a row below and a column to the right only, as the autoencoder's encoder does
    static Value downsample(Scope at, Value x, int padding) {
        Op.Geometry geometry = padding == 0 ? Op.Geometry.of(2, 0, 0, 1, 1) : Op.Geometry.of(2, padding);
        return Layers.conv2d(at.at("conv"), x, x.shape().last(), 3, geometry);
    }

    /// Nearest-neighbour resize to `height × width`, then a 3×3 convolution.
    static Value upsample(Scope at, Value x, int height, int width) {
        return Layers.conv2d(at.at("conv"), x, x.shape().last(), 3, Op.Geometry.of(1, 1).resized(height, width));
    }
}
