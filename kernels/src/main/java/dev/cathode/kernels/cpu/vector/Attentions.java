package dev.cathode.kernels.cpu.vector;

import dev.cathode.kernels.cpu.Attention;

/// A way to compute attention.
public interface Attentions {
    /// Prepares an attention.
    Attention prepare(Attention.Shape shape);

    /// Prepares an attention in mixed precision, or in float32 where that is all there is.
    default Attention prepareMixed(Attention.Shape shape) {
        return prepare(shape);
    }

    /// The products of which the gradient is made.
    default BlockProducts blocks() {
        return BlockProduct::multiply;
    }

    /// What the gradient does between products.
    default ScorePasses scores() {
        return ScorePasses.vector();
    }
}
