package dev.cathode.engine.evaluation;

/// The mean of the precisions at each score, weighted by the recall gained there: the area under the steps of the
/// precision-recall curve, without interpolation. Equal to scikit-learn's `average_precision_score`.
public final class AveragePrecision {
    private AveragePrecision() { }

    /// The average, 0 to 1; NaN if the known labels are all equal.
    ///
    /// @param scores any increasing function of the probability
    /// @param labels 1 positive, 0 negative, NaN not known: ignored
    /// @throws IllegalArgumentException if the lengths differ, a label is none of the three, or the score of a known
    ///         label is NaN
    public static double of(float[] scores, float[] labels) {
        Ranking ranking = Ranking.of(scores, labels);
        if (!ranking.hasBoth()) {
            return Double.NaN;
        }
        double sum = 0;
        long positives = 0;
        long seen = 0;
        for (Ranking.Step step : ranking.steps()) {
            positives += step.positives();
            seen += step.positives() + step.negatives();
            sum += (double) step.positives() / ranking.positives() * positives / seen;
        }
        return sum;
    }
}
