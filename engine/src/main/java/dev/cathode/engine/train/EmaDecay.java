package dev.cathode.engine.train;

/// How much of the exponential moving average of the weights a step keeps: diffusers' `EMAModel.get_decay`.
///
/// After each optimizer step `average = decay * average + (1 - decay) * weights`. Early steps keep less: without
/// `useEmaWarmup` at most `(1 + n) / (10 + n)`, with it `1 - (1 + n / invGamma)^-power`, `n` counted from the first
/// step after the copies.
///
/// @param decay the largest value
/// @param minDecay the smallest, once the average no longer copies
/// @param updateAfterStep so many steps more than the first only copy the weights
/// @param useEmaWarmup which of the two rises
/// @param invGamma of the warm-up
/// @param power of the warm-up; 2/3 suits long runs (a million steps), 3/4 shorter ones
public record EmaDecay(double decay, double minDecay, long updateAfterStep, boolean useEmaWarmup, double invGamma,
        double power) {
    public EmaDecay {
        if (!(decay >= 0 && decay <= 1) || !(minDecay >= 0 && minDecay <= decay)) {
            throw new IllegalArgumentException("the smallest and the largest decay must be ordered and in [0, 1]: "
                    + minDecay + " and " + decay);
        }
        if (updateAfterStep < 0) {
            throw new IllegalArgumentException("a number of steps cannot be negative: " + updateAfterStep);
        }
        if (!(invGamma > 0) || !(power > 0)) {
            throw new IllegalArgumentException("inverse gamma and power must be positive: " + invGamma + " and "
                    + power);
        }
    }

    /// With the other values as in diffusers.
    public static EmaDecay of(double decay) {
        return new EmaDecay(decay, 0, 0, false, 1, 2.0 / 3);
    }

    /// The decay after an optimizer step; 0: the weights are copied.
    ///
    /// @param steps how many steps there were, this one included
    public double at(long steps) {
        long n = steps - updateAfterStep - 1;
        if (n <= 0) {
            return 0;
        }
        double rising = useEmaWarmup ? 1 - Math.pow(1 + n / invGamma, -power) : (1.0 + n) / (10.0 + n);
        return Math.max(Math.min(rising, decay), minDecay);
    }
}
