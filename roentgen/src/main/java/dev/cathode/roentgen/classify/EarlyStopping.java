package dev.cathode.roentgen.classify;

/// Whether it is time to stop: some epochs without a better validation score are enough.
///
/// @param patience epochs without a better score after which training stops
/// @param best the best score so far; negative infinity before the first
/// @param bestEpoch when it was reached, from 1; 0 before the first
/// @param epoch epochs so far
public record EarlyStopping(int patience, double best, int bestEpoch, int epoch) {
    /// Before the first epoch.
    public static EarlyStopping start(int patience) {
        return new EarlyStopping(patience, Double.NEGATIVE_INFINITY, 0, 0);
    }

    /// After another epoch.
    ///
    /// @param score larger is better; NaN (not defined) is never better
    public EarlyStopping after(double score) {
        return score > best ? new EarlyStopping(patience, score, epoch + 1, epoch + 1)
                : new EarlyStopping(patience, best, bestEpoch, epoch + 1);
    }

    /// Whether the last epoch was the best so far.
    public boolean improved() {
        return epoch > 0 && bestEpoch == epoch;
    }

    /// Whether patience is at an end.
    public boolean stop() {
        return epoch - bestEpoch >= patience;
    }
}
