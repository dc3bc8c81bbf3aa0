package dev.cathode.engine.models;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.weights.DType;

/// The padding mask of text encoders.
final class AttentionMask {
    /// Large enough that exp underflows, small enough that a row in which everything is masked stays finite.
    private static final double MASKED = 1e30;

    private AttentionMask() { }

    /// The input `attention_mask` I32 `[N, L]`: 1 for positions to look at, 0 for padding.
    static Value input(Graph graph, Shape ids) {
        return graph.input("attention_mask", DType.I32, ids);
    }

    /// What is added to attention scores: 0 where the mask is 1, a large negative number where it is 0. `mask` may be
    /// null.
    static Value additive(Value mask) {
        return mask == null ? null : Ops.affine(Ops.cast(mask, DType.F32), MASKED, -MASKED);
    }
}
