package dev.cathode.engine.train.recipe;

/// What the networks compute in; weights, optimizer state, losses and reductions are float32 in any case.
public enum MixedPrecision {
    /// float32.
    NO,
    /// Products of numbers rounded to bfloat16, with sums in float32. Without kernels for it (this CPU's have none) it
    /// saves memory, not time.
    BF16
}
