package dev.cathode.engine.evaluation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/// The samples of one label whose truth is known, by falling score; those of equal score are one step.
record Ranking(List<Step> steps, long positives, long negatives) {
    /// Samples of one score.
    record Step(long positives, long negatives) { }

    /// @param labels 1 positive, 0 negative, NaN not known
    /// @throws IllegalArgumentException if a known sample's score is NaN, or a label is none of the three
    static Ranking of(float[] scores, float[] labels) {
        if (scores.length != labels.length) {
            throw new IllegalArgumentException(scores.length + " scores do not go with " + labels.length + " labels");
        }
        Integer[] order = IntStream.range(0, scores.length).filter(i -> known(scores[i], labels[i], i)).boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -scores[i])).toArray(Integer[]::new);
        List<Step> steps = new ArrayList<>();
        for (int from = 0; from < order.length;) {
            int to = from;
            long positives = 0;
            // -0 and 0 sort apart but are the same score
            for (; to < order.length && scores[order[to]] == scores[order[from]]; to++) {
                positives += labels[order[to]] == 1 ? 1 : 0;
            }
            steps.add(new Step(positives, to - from - positives));
            from = to;
        }
        long positives = steps.stream().mapToLong(Step::positives).sum();
        return new Ranking(steps, positives, order.length - positives);
    }

    /// Whether a sample counts.
    static boolean known(float score, float label, int index) {
        if (Float.isNaN(label)) {
            return false;
        }
        if (label != 0 && label != 1) {
            throw new IllegalArgumentException("label " + index + " is " + label
                    + "; labels are 1, 0 or, where the truth is not known, NaN");
        }
        if (Float.isNaN(score)) {
            throw new IllegalArgumentException("the score of sample " + index + " is not a number");
        }
        return true;
    }

    /// Whether there are positives and negatives.
    boolean hasBoth() {
        return positives > 0 && negatives > 0;
    }
}
