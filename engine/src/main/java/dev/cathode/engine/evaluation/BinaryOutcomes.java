package dev.cathode.engine.evaluation;

/// What comes of saying "positive" from a score on. Shares of nothing are NaN.
///
/// @param truePositives positives found
/// @param falsePositives negatives taken for positives
/// @param trueNegatives negatives left alone
/// @param falseNegatives positives missed
public record BinaryOutcomes(long truePositives, long falsePositives, long trueNegatives, long falseNegatives) {
    /// Counts.
    ///
    /// @param labels 1 positive, 0 negative, NaN not known: ignored
    /// @param threshold the smallest score that means "positive"
    /// @throws IllegalArgumentException if the lengths differ, a label is none of the three, or the score of a known
    ///         label is NaN
    public static BinaryOutcomes of(float[] scores, float[] labels, float threshold) {
        if (scores.length != labels.length) {
            throw new IllegalArgumentException(scores.length + " scores do not go with " + labels.length + " labels");
        }
        long[] counts = new long[4];
        for (int i = 0; i < scores.length; i++) {
            if (Ranking.known(scores[i], labels[i], i)) {
                counts[(labels[i] == 1 ? 2 : 0) + (scores[i] >= threshold ? 1 : 0)]++;
            }
        }
        return new BinaryOutcomes(counts[3], counts[1], counts[0], counts[2]);
    }

    /// The share of all that are right.
    public double accuracy() {
        return (double) (truePositives + trueNegatives)
                / (truePositives + falsePositives + trueNegatives + falseNegatives);
    }

    /// The share of the positives that are found; recall.
    public double sensitivity() {
        return (double) truePositives / (truePositives + falseNegatives);
    }

    /// The share of the negatives that are left alone.
    public double specificity() {
        return (double) trueNegatives / (trueNegatives + falsePositives);
    }

    /// The share of "positive" that is right.
    public double precision() {
        return (double) truePositives / (truePositives + falsePositives);
    }
}
