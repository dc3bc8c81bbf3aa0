package dev.cathode.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class NameHashTest {
    private final JsonNode vectors = Goldens.topic("namehash").json("vectors.json");

    @Test
    void numbersOfNames() {
        JsonNode numbers = vectors.get("numbers");
        assertTrue(numbers.size() > 0);
        for (JsonNode vector : numbers) {
            String name = vector.get("name").asString();
            long hash = Long.parseUnsignedLong(vector.get("fnv1a64").asString(), 16);
            assertEquals(hash, NameHash.fnv1a64(name), name);
            float[] expected = floats(vector.get("v"));
            assertArrayEquals(expected, NameHash.units(name, expected.length), name);
            assertEquals(vector.get("v_at_5e9").asDouble(), NameHash.unit(hash, 5_000_000_000L), name);
        }
    }

    @Test
    void valuesOfParameters() {
        JsonNode parameters = vectors.get("parameters");
        assertTrue(parameters.size() > 0);
        for (JsonNode vector : parameters) {
            String name = vector.get("name").asString();
            List<Long> shape = vector.get("shape").valueStream().map(JsonNode::asLong).toList();
            double gain = vector.get("gain").asDouble();
            NameHash.Rule rule = NameHash.rule(name, shape, gain);
            assertEquals(vector.get("offset").asDouble(), rule.offset(), name);
            assertEquals(vector.get("scale").asDouble(), rule.scale(), name);
            float[] values = NameHash.values(name, shape, vectors.get("salt").asString(), gain);
            float[] first = floats(vector.get("first"));
            for (int i = 0; i < first.length; i++) {
                assertEquals(first[i], values[i], name);
            }
            assertEquals((float) vector.get("last").asDouble(), values[values.length - 1], name);
            double sum = 0;
            double squares = 0;
            for (float value : values) {
                sum += value;
                squares += (double) value * value;
            }
            // The stored sums were added in another order.
            assertEquals(vector.get("sum_double").asDouble(), sum, 1e-8, name);
            assertEquals(vector.get("l2_double").asDouble(), Math.sqrt(squares), 1e-8, name);
        }
    }

    @Test
    void checkpointServesStoredWeights() {
        Goldens.Topic topic = Goldens.topic("unet/sd1");
        Checkpoint stored = topic.file(topic.json().get("weights").asString());
        Map<String, List<Long>> shapes = new java.util.LinkedHashMap<>();
        stored.names().forEach(name -> shapes.put(name, stored.tensor(name).shape()));
        try (Checkpoint hashed = NameHash.checkpoint(shapes, topic.salt(), topic.gain())) {
            assertEquals(stored.names(), hashed.names());
            for (String name : stored.names()) {
                assertArrayEquals(Goldens.floats(stored.tensor(name)), Goldens.floats(hashed.tensor(name)), name);
            }
        }
    }

    @Test
    void countsAreNotHashed() {
        try (Checkpoint hashed = NameHash.checkpoint(Map.of("embeddings.position_ids", List.of(1L, 4L)), "", 1)) {
            FileTensor ids = hashed.tensor("embeddings.position_ids");
            assertEquals(DType.I64, ids.dtype());
            assertArrayEquals(new long[] {0, 1, 2, 3}, Goldens.longs(ids));
        }
    }

    private static float[] floats(JsonNode array) {
        float[] values = new float[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) array.get(i).asDouble();
        }
        return values;
    }
}
