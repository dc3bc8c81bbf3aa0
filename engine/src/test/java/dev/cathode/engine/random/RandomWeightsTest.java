package dev.cathode.engine.random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.models.DenseNet;
import dev.cathode.engine.models.DenseNetConfig;
import dev.cathode.weights.Goldens;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// What untrained networks begin with.
class RandomWeightsTest {
    private static final Graph GRAPH = DenseNet.graph(DenseNetConfig.denseNet121(1, 14), 1, 32, 32);

    @Test
    void filtersAreNormalAndTheRestUniform() {
        try (var weights = new RandomWeights(3, RandomWeights.Filters.KAIMING_NORMAL, GRAPH)) {
            String name = "features.denseblock1.denselayer1.conv2.weight";
            float[] filter = Goldens.floats(weights.tensor(name));
            int fanIn = 128 * 9;
            assertEquals(0, mean(filter, 1), 4 * Math.sqrt(2.0 / fanIn / filter.length));
            assertEquals(2.0 / fanIn, mean(filter, 2), 6 * 2.0 / fanIn / Math.sqrt(filter.length));
            assertEquals(3 * 4.0 / fanIn / fanIn, mean(filter, 4), 0.1 * 12.0 / fanIn / fanIn, "not a normal's tails");
            assertArrayEquals(filter, Goldens.floats(weights.tensor(name)), "the same when asked again");
            float[] linear = Goldens.floats(weights.tensor("classifier.weight"));
            double bound = 1 / Math.sqrt(1024);
            assertTrue(IntStream.range(0, linear.length).allMatch(i -> Math.abs(linear[i]) <= bound));
            assertEquals(bound * bound / 3, mean(linear, 2), 0.05 * bound * bound / 3);
        }
    }

    @Test
    void normsBeginAsTheIdentity() {
        try (var weights = new RandomWeights(3, GRAPH)) {
            for (String leaf : new String[] {"weight", "running_var"}) {
                assertEquals(1, mean(Goldens.floats(weights.tensor("features.norm5." + leaf)), 1));
            }
            for (String leaf : new String[] {"bias", "running_mean"}) {
                assertEquals(0, mean(Goldens.floats(weights.tensor("features.norm5." + leaf)), 2));
            }
        }
    }

    private static double mean(float[] values, int power) {
        return IntStream.range(0, values.length).mapToDouble(i -> Math.pow(values[i], power)).average().orElseThrow();
    }
}
