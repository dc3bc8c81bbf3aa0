package dev.cathode.engine.train;

/// How a step computes and changes parameters.
///
/// @param optimizer the rule
/// @param maxGradNorm gradients are scaled so that their common L2 norm is at most this; 0: as they are
/// @param ema whether an exponential moving average of the parameters is kept
/// @param gradientCheckpointing whether what is inside the network's blocks is computed again for the backward pass
///         instead of remembered: the same numbers, less memory, more time
/// @param bfloat16 whether products are of numbers rounded to bfloat16; parameters and all else stay float32
public record StepOptions(Optimizer optimizer, double maxGradNorm, boolean ema, boolean gradientCheckpointing,
                          boolean bfloat16) {
    /// Checks the norm.
    public StepOptions {
        if (!(maxGradNorm >= 0) || Double.isInfinite(maxGradNorm)) {
            throw new IllegalArgumentException("max_grad_norm must be a number from 0 on, not " + maxGradNorm);
        }
    }

    /// Everything is float32 and remembered.
    public StepOptions(Optimizer optimizer, double maxGradNorm, boolean ema) {
        this(optimizer, maxGradNorm, ema, false, false);
    }

    /// These options with or without gradient checkpointing.
    public StepOptions withGradientCheckpointing(boolean wanted) {
        return new StepOptions(optimizer, maxGradNorm, ema, wanted, bfloat16);
    }

    /// These options with or without products in bfloat16.
    public StepOptions withBfloat16(boolean wanted) {
        return new StepOptions(optimizer, maxGradNorm, ema, gradientCheckpointing, wanted);
    }
}
