package dev.cathode.engine.evaluation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.weights.Goldens;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Metrics of classifiers against scikit-learn, and against their definitions.
class ClassificationMetricsTest {
    private static final double EXACT = 1e-12;
    private static final float NAN = Float.NaN;

    @Test
    void equalsScikitLearn() {
        Goldens.Topic topic = Goldens.topic("metrics");
        JsonNode expected = topic.json("classification.json");
        String file = "classification.safetensors";
        var scored = new ScoredLabels(topic.floats(file, "scores"), topic.floats(file, "labels"),
                topic.shape(file, "scores")[1]);
        assertArrayEquals(numbers(expected.get("auroc")), scored.rocAuc(), EXACT);
        assertArrayEquals(numbers(expected.get("average_precision")), scored.averagePrecision(), EXACT);
        assertEquals(expected.get("mean_auroc").doubleValue(), ScoredLabels.macro(scored.rocAuc()), EXACT);
    }

    private static double[] numbers(JsonNode array) {
        return array.valueStream().mapToDouble(v -> v.isNull() ? Double.NaN : v.doubleValue()).toArray();
    }

    @Test
    void aucIsTheShareOfPairsInTheRightOrder() {
        Random random = new Random(5);
        float[] scores = new float[120];
        float[] labels = new float[scores.length];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = random.nextInt(-6, 7) * 0.5f * (random.nextBoolean() ? 1 : -1); // ties, among them 0 and -0
            labels[i] = random.nextInt(5) == 0 ? NAN : random.nextInt(2);
        }
        double right = 0;
        double pairs = 0;
        for (int p = 0; p < scores.length; p++) {
            for (int n = 0; n < scores.length; n++) {
                if (labels[p] == 1 && labels[n] == 0) {
                    pairs++;
                    right += scores[p] > scores[n] ? 1 : scores[p] == scores[n] ? 0.5 : 0;
                }
            }
        }
        assertEquals(right / pairs, RocAuc.of(scores, labels), EXACT);
    }

    @Test
    void whatIsNotDefinedIsNotANumber() {
        assertTrue(Double.isNaN(RocAuc.of(new float[] {0.1f, 0.9f, 0.3f}, new float[] {1, 1, NAN})));
        assertTrue(Double.isNaN(AveragePrecision.of(new float[] {0.1f}, new float[] {0})));
        assertTrue(Double.isNaN(RocAuc.of(new float[0], new float[0])));
        assertTrue(Double.isNaN(ScoredLabels.macro(new double[] {Double.NaN})));
        assertEquals(0.75, ScoredLabels.macro(new double[] {0.5, Double.NaN, 1}));
        assertTrue(Double.isNaN(BinaryOutcomes.of(new float[] {1}, new float[] {0}, 0.5f).sensitivity()));
    }

    @Test
    void scoresThatAreNoNumbersAreNamedUnlessTheLabelIsUnknown() {
        assertEquals(1, RocAuc.of(new float[] {0.1f, 0.9f, NAN}, new float[] {0, 1, NAN}));
        var error = assertThrows(IllegalArgumentException.class,
                () -> RocAuc.of(new float[] {0.1f, NAN}, new float[] {0, 1}));
        assertEquals("the score of sample 1 is not a number", error.getMessage());
        assertThrows(IllegalArgumentException.class,
                () -> AveragePrecision.of(new float[] {0.1f, 0.2f}, new float[] {0, -1}));
        assertThrows(IllegalArgumentException.class, () -> RocAuc.of(new float[2], new float[3]));
        assertThrows(IllegalArgumentException.class, () -> new ScoredLabels(new float[5], new float[5], 2));
    }

    @Test
    void outcomesAtAThreshold() {
        float[] scores = {0.9f, 0.5f, 0.4f, 0.7f, 0.2f, 0.8f, 0.1f};
        float[] labels = {1, 1, 1, 0, 0, NAN, 0};
        var outcomes = BinaryOutcomes.of(scores, labels, 0.5f);
        assertEquals(new BinaryOutcomes(2, 1, 2, 1), outcomes);
        assertEquals(4 / 6.0, outcomes.accuracy());
        assertEquals(2 / 3.0, outcomes.sensitivity());
        assertEquals(2 / 3.0, outcomes.specificity());
        assertEquals(2 / 3.0, outcomes.precision());
    }
}
