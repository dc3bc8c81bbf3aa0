package dev.cathode.engine.nn;

import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Value;
import java.util.List;

/// Low-rank adaptation: `y + alpha / rank · B A x` (Hu et al. 2021, https://arxiv.org/abs/2106.09685). The factors are
/// parameters named as in peft: `lora_A.weight` and `lora_B.weight` of the layer.
///
/// @param rank columns between the factors
/// @param alpha divided by the rank it is the scale of the addition
/// @param layers ends of the names of the layers that have an addition: `to_q` is any layer of this name
/// @param prefix goes before the names of the factors
public record LowRank(int rank, double alpha, List<String> layers, String prefix) implements Adapters {
    /// Checks the rank.
    public LowRank {
        if (rank < 1) {
            throw new IllegalArgumentException("the rank of a LoRA must be at least 1, not " + rank);
        }
        layers = List.copyOf(layers);
    }

    /// Whether a layer has an addition.
    ///
    /// @param layer its full name
    public boolean adapts(String layer) {
        return layers.stream().anyMatch(end -> layer.equals(end) || layer.endsWith('.' + end));
    }

    @Override
    public Value adapt(Scope at, Value x, Value y) {
        if (!adapts(at.prefix().substring(0, Math.max(0, at.prefix().length() - 1)))) {
            return y;
        }
        Scope own = new Scope(at.graph(), prefix + at.prefix());
        Value low = Ops.affine(product(own.at("lora_A"), x, rank, y), alpha / rank, 0);
        return Ops.add(product(own.at("lora_B"), low, y.shape().last(), y), y);
    }

    /// The factors are layers of the same kind as the one they belong to: filters have four axes.
    private static Value product(Scope at, Value x, int out, Value y) {
        boolean convolution = y.op() instanceof Op.Conv2d;
        return convolution ? Layers.conv2dNoBias(at, x, out, 1, Op.Geometry.of(1, 0)) : Layers.linearNoBias(at, x, out);
    }
}
