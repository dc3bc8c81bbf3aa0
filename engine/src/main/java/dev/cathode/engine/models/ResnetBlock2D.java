package dev.cathode.engine.models;

import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.nn.Layers;
import dev.cathode.engine.nn.Scope;

/// Two 3×3 convolutions, each after a group normalisation and SiLU, beside a shortcut; the timestep is added between
/// them. (He et al. 2016, https://arxiv.org/abs/1603.05027; as in Ho et al. 2020, https://arxiv.org/abs/2006.11239.)
final class ResnetBlock2D {
    private ResnetBlock2D() { }

    /// `[N, H, W, I]` to `[N, H, W, out]`.
    ///
    /// @param time SiLU of the timestep's embedding `[N, T]`, or null (in the autoencoder)
    static Value forward(Scope at, Value x, Value time, int out, int groups, double epsilon) {
        return at.block(() -> layers(at, x, time, out, groups, epsilon));
    }

    private static Value layers(Scope at, Value x, Value time, int out, int groups, double epsilon) {
        Value h = Ops.silu(Layers.groupNorm(at.at("norm1"), x, groups, epsilon));
        h = Layers.conv3x3(at.at("conv1"), h, out);
        if (time != null) {
            Value shift = Layers.linear(at.at("time_emb_proj"), time, out);
            h = Ops.add(h, Ops.reshape(shift, shift.shape().dim(0), 1, 1, out));
        }
        h = Ops.silu(Layers.groupNorm(at.at("norm2"), h, groups, epsilon));
        h = Layers.conv3x3(at.at("conv2"), h, out);
        Value shortcut = x.shape().last() == out ? x : Layers.conv1x1(at.at("conv_shortcut"), x, out);
        return Ops.add(h, shortcut);
    }
}
