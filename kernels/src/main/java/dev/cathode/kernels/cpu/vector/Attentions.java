package dev.cathode.kernels.cpu.vector;

import dev.cathode.kernels.cpu.Attention;

/// A way to compute attention.
@FunctionalInterface
public interface Attentions {
    /// Prepares an attention.
    Attention prepare(Attention.Shape shape);
}
