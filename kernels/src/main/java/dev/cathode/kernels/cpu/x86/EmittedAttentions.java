package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.vector.Attentions;
import dev.cathode.kernels.cpu.vector.BlockProducts;
import dev.cathode.kernels.cpu.vector.ScorePasses;

/// Attention in machine code.
///
/// @param functions the code
record EmittedAttentions(AttentionFunctions functions) implements Attentions {
    @Override
    public Attention prepare(Attention.Shape shape) {
        return new EmittedAttention(shape, functions, false);
    }

    @Override
    public Attention prepareMixed(Attention.Shape shape) {
        return new EmittedAttention(shape, functions, true);
    }

    @Override
    public BlockProducts blocks() {
        return functions::multiply;
    }

    @Override
    public ScorePasses scores() {
        return functions.passes();
    }
}
