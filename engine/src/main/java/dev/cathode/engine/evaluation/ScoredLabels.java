package dev.cathode.engine.evaluation;

import java.util.Arrays;
import java.util.function.ToDoubleBiFunction;

/// Scores for several labels of several samples, and the truth.
///
/// @param scores `[samples, classes]`, row by row
/// @param labels of the same shape: 1 positive, 0 negative, NaN not known
/// @param classes labels of each sample
public record ScoredLabels(float[] scores, float[] labels, int classes) {
    /// Checks the sizes.
    ///
    /// @throws IllegalArgumentException if the arrays are not of one shape
    public ScoredLabels {
        if (classes < 1 || scores.length != labels.length || scores.length % classes != 0) {
            throw new IllegalArgumentException(scores.length + " scores, " + labels.length + " labels and " + classes
                    + " classes do not go together");
        }
    }

    /// [RocAuc] of each label; NaN where it is not defined.
    public double[] rocAuc() {
        return each(RocAuc::of);
    }

    /// [AveragePrecision] of each label; NaN where it is not defined.
    public double[] averagePrecision() {
        return each(AveragePrecision::of);
    }

    /// A metric of each label.
    ///
    /// @param metric of the label's scores and truth
    public double[] each(ToDoubleBiFunction<float[], float[]> metric) {
        double[] values = new double[classes];
        for (int j = 0; j < classes; j++) {
            values[j] = metric.applyAsDouble(column(scores, j), column(labels, j));
        }
        return values;
    }

    /// The mean over labels, leaving out those without a value (NaN); NaN if none has one.
    public static double macro(double[] values) {
        return Arrays.stream(values).filter(v -> !Double.isNaN(v)).average().orElse(Double.NaN);
    }

    private float[] column(float[] matrix, int index) {
        float[] column = new float[matrix.length / classes];
        for (int i = 0; i < column.length; i++) {
            column[i] = matrix[i * classes + index];
        }
        return column;
    }
}
