package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.train.TrainingRandom.Stream;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TrainingRandomTest {
    private static final TrainingRandom RANDOM = new TrainingRandom(10);

    /// The numbers are part of what a checkpoint promises: a change would break every run that is under way.
    @Test
    void numbersStayWhatTheyAre() {
        assertArrayEquals(new float[] {-0.9458017f, -0.06431141f, -0.6082792f}, RANDOM.normal(Stream.NOISE, 3, 2, 3));
        assertEquals(563, RANDOM.uniform(Stream.TIMESTEP, 3, 2, 1000));
        assertArrayEquals(new int[] {2, 4, 3, 1, 0, 5}, RANDOM.permutation(Stream.ORDER, 1, 6));
    }

    @Test
    void everyPartOfTheKeyCounts() {
        Set<Float> firsts = new HashSet<>();
        int count = 0;
        for (long seed : new long[] {0, 1, -1}) {
            for (Stream stream : Stream.values()) {
                for (long step = 0; step < 5; step++) {
                    for (long sample = 0; sample < 5; sample++) {
                        firsts.add(new TrainingRandom(seed).normal(stream, step, sample, 1)[0]);
                        count++;
                    }
                }
            }
        }
        assertEquals(count, firsts.size());
    }

    @Test
    void normalNumbersAreNormal() {
        int count = 200_000;
        float[] values = RANDOM.normal(Stream.NOISE, 0, 0, count);
        double mean = 0;
        double square = 0;
        double fourth = 0;
        int within = 0;
        for (float v : values) {
            mean += v / count;
            square += (double) v * v / count;
            fourth += (double) v * v * v * v / count;
            within += Math.abs(v) < 1 ? 1 : 0;
        }
        // Five standard errors each.
        assertEquals(0, mean, 5 / Math.sqrt(count));
        assertEquals(1, square, 5 * Math.sqrt(2.0 / count));
        assertEquals(3, fourth, 5 * Math.sqrt(96.0 / count));
        assertEquals(0.682689, within / (double) count, 5 * Math.sqrt(0.2166 / count));
    }

    @Test
    void neighboursAreIndependent() {
        int count = 100_000;
        float[] here = RANDOM.normal(Stream.NOISE, 7, 0, count);
        float[] nextSample = RANDOM.normal(Stream.NOISE, 7, 1, count);
        float[] nextStep = RANDOM.normal(Stream.NOISE, 8, 0, count);
        double limit = 5 / Math.sqrt(count);
        assertEquals(0, correlation(here, nextSample, 0), limit);
        assertEquals(0, correlation(here, nextStep, 0), limit);
        for (int lag = 1; lag < 4; lag++) {
            assertEquals(0, correlation(here, here, lag), limit);
        }
    }

    private static double correlation(float[] a, float[] b, int lag) {
        double sum = 0;
        for (int i = 0; i + lag < a.length; i++) {
            sum += (double) a[i] * b[i + lag];
        }
        return sum / a.length;
    }

    @Test
    void timestepsAreUniform() {
        int bound = 10;
        int draws = 100_000;
        int[] found = new int[bound];
        for (int i = 0; i < draws; i++) {
            found[RANDOM.uniform(Stream.TIMESTEP, i / 256, i % 256, bound)]++;
        }
        double chiSquare = Arrays.stream(found)
                .mapToDouble(n -> (n - draws / (double) bound) * (n - draws / (double) bound) / (draws / bound)).sum();
        assertTrue(chiSquare < 27.9, "chi² with 9 degrees of freedom, p = 0.001: " + chiSquare);
    }

    @Test
    void coinsFallAsOftenAsTheyShould() {
        int heads = 0;
        for (int i = 0; i < 100_000; i++) {
            heads += RANDOM.coin(Stream.CONDITIONING_DROPOUT, i, 0, 0.1) ? 1 : 0;
            assertFalse(RANDOM.coin(Stream.CONDITIONING_DROPOUT, i, 0, 0));
            assertTrue(RANDOM.coin(Stream.CONDITIONING_DROPOUT, i, 0, 1));
        }
        assertEquals(10_000, heads, 5 * Math.sqrt(9000));
    }

    @Test
    void permutationsHoldEveryNumberOnce() {
        for (int count : new int[] {0, 1, 2, 1000}) {
            int[] sorted = RANDOM.permutation(Stream.ORDER, 0, count);
            Arrays.sort(sorted);
            for (int i = 0; i < count; i++) {
                assertEquals(i, sorted[i]);
            }
        }
    }

    @Test
    void allPermutationsAreEquallyLikely() {
        int[] found = new int[27];
        int draws = 60_000;
        for (int epoch = 0; epoch < draws; epoch++) {
            int[] order = RANDOM.permutation(Stream.ORDER, epoch, 3);
            found[9 * order[0] + 3 * order[1] + order[2]]++;
        }
        double chiSquare = Arrays.stream(found).filter(n -> n > 0)
                .mapToDouble(n -> (n - draws / 6.0) * (n - draws / 6.0) / (draws / 6.0)).sum();
        assertEquals(6, Arrays.stream(found).filter(n -> n > 0).count());
        assertTrue(chiSquare < 20.5, "chi² with 5 degrees of freedom, p = 0.001: " + chiSquare);
    }

    @Test
    void thePrefixDoesNotDependOnTheLength() {
        float[] five = RANDOM.normal(Stream.LATENT, 1, 1, 5);
        assertArrayEquals(Arrays.copyOf(five, 3), RANDOM.normal(Stream.LATENT, 1, 1, 3));
        float[] part = new float[7];
        RANDOM.normal(Stream.LATENT, 1, 1, part, 1, 5);
        assertArrayEquals(five, Arrays.copyOfRange(part, 1, 6));
        assertEquals(0, part[6]);
        assertThrows(IllegalArgumentException.class, () -> RANDOM.uniform(Stream.TIMESTEP, 0, 0, 0));
    }
}
