package dev.cathode.engine.train;

/// How a step changes parameters.
///
/// @param optimizer the rule
/// @param maxGradNorm gradients are scaled so that their common L2 norm is at most this; 0: as they are
/// @param ema whether an exponential moving average of the parameters is kept
public record StepOptions(Optimizer optimizer, double maxGradNorm, boolean ema) {
    /// Checks the norm.
    public StepOptions {
        if (!(maxGradNorm >= 0) || Double.isInfinite(maxGradNorm)) {
            throw new IllegalArgumentException("max_grad_norm must be a number from 0 on, not " + maxGradNorm);
        }
    }
}
