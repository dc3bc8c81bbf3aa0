package dev.cathode.engine.nn;

import dev.cathode.engine.graph.Value;

/// Additions to the layers of a model, with parameters of their own. Every linear layer and every 1×1 convolution asks
/// for its own; a model knows nothing of them.
@FunctionalInterface
public interface Adapters {
    /// No additions.
    Adapters NONE = (_, _, y) -> y;

    /// What a layer gives, with its addition.
    ///
    /// @param at the layer, without adapters
    /// @param x its input `[…, I]`
    /// @param y its output `[…, O]`
    Value adapt(Scope at, Value x, Value y);
}
