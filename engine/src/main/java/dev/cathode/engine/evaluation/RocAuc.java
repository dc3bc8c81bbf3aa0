package dev.cathode.engine.evaluation;

/// The area under the receiver operating characteristic: how often a positive sample scores higher than a negative one,
/// ties counting half.
///
/// Hanley and McNeil 1982, https://doi.org/10.1148/radiology.143.1.7063747. Exact: the Mann-Whitney statistic over all
/// pairs. Equal to scikit-learn's `roc_auc_score`.
public final class RocAuc {
    private RocAuc() { }

    /// The area, 0 to 1; NaN if the known labels are all equal.
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
        long below = ranking.negatives();
        long halves = 0; // of pairs in the right order
        for (Ranking.Step step : ranking.steps()) {
            below -= step.negatives();
            halves = Math.addExact(halves, step.positives() * (2 * below + step.negatives()));
        }
        return halves / 2.0 / ((double) ranking.positives() * ranking.negatives());
    }
}
