package dev.cathode.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class GoldensTest {
    /// Every tensor listed anywhere is stored with the listed type and shape, and results have tolerances.
    @Test
    void everyListedTensorIsThere() throws IOException {
        int tensors = 0;
        for (String name : topics()) {
            Goldens.Topic topic = Goldens.topic(name);
            for (String file : topic.files()) {
                for (Goldens.Tensor tensor : topic.tensors(file)) {
                    String label = name + "/" + file + ": " + tensor.name();
                    JsonNode entry = topic.json().get("files").get(file).get("tensors").get(tensor.name());
                    if (entry.has("shape")) {
                        int[] shape = entry.get("shape").valueStream().mapToInt(JsonNode::asInt).toArray();
                        assertArrayEquals(shape, tensor.shape(), label);
                        assertEquals(entry.get("dtype").asString(), tensor.dtype().name(), label);
                    }
                    tensors++;
                }
            }
        }
        assertTrue(tensors > 0);
    }

    @Test
    void differencesAreJudged() {
        float[] one = {1, 2, Float.POSITIVE_INFINITY};
        Goldens.assertClose("equal", one, one.clone(), 0);
        Goldens.assertClose("near", new float[] {1, 2.5f}, new float[] {1, 2}, 0.5);
        AssertionError far = assertThrows(AssertionError.class,
                () -> Goldens.assertClose("far", new float[] {1, 2.5f}, new float[] {1, 2}, 0.25));
        assertTrue(far.getMessage().contains("largest error 0.5 at 1 of 2: 2.5 instead of 2.0, tolerance 0.25"));
        assertThrows(AssertionError.class,
                () -> Goldens.assertClose("nan", new float[] {Float.NaN}, new float[] {1}, 1));
        assertThrows(AssertionError.class,
                () -> Goldens.assertClose("nan", new float[] {Float.NaN}, new float[] {Float.NaN}, 1));
        assertThrows(AssertionError.class,
                () -> Goldens.assertClose("nan", new float[] {2}, new float[] {1}, Double.NaN));
        assertThrows(AssertionError.class, () -> Goldens.assertClose("count", new float[1], new float[2], 1));
    }

    @Test
    void longTensorsAreStoredAsSubsets() {
        assertArrayEquals(new float[] {0, 2, 4}, Goldens.subset(new float[] {0, 1, 2, 3, 4, 5, 6}, 3));
        assertArrayEquals(new float[] {0, 1}, Goldens.subset(new float[] {0, 1}, 256));
    }

    static List<String> topics() throws IOException {
        Path root = Goldens.root();
        try (Stream<Path> walk = Files.walk(root)) {
            List<String> topics = walk.filter(path -> path.endsWith("golden.json"))
                    .map(path -> root.relativize(path.getParent()).toString()).sorted().toList();
            assertFalse(topics.isEmpty());
            return topics;
        }
    }
}
