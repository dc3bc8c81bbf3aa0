package dev.cathode.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

class SafetensorsTest {
    private static final Goldens.Topic BROKEN = Goldens.topic("checkpoints/broken");

    static List<String> good() {
        return cases("load");
    }

    static List<String> bad() {
        return cases("error");
    }

    private static List<String> cases(String expect) {
        return BROKEN.json("cases.json").get("cases").propertyStream()
                .filter(e -> e.getKey().endsWith(".safetensors"))
                .filter(e -> e.getValue().get("expect").asString().equals(expect)).map(Map.Entry::getKey).toList();
    }

    @ParameterizedTest
    @MethodSource("good")
    void loads(String file) {
        JsonNode entry = BROKEN.json("cases.json").get("cases").get(file);
        try (Checkpoint checkpoint = Checkpoints.open(BROKEN.path(file))) {
            for (String name : checkpoint.names()) {
                FileTensor tensor = checkpoint.tensor(name);
                assertEquals(name, tensor.name());
                assertEquals(tensor.count(), Goldens.floats(tensor).length);
                assertTrue(entry.get("safetensors_library").asString().contains(name + " " + tensor.shape()), name);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("bad")
    void refuses(String file) {
        CheckpointException e =
                assertThrows(CheckpointException.class, () -> Checkpoints.open(BROKEN.path(file)).close());
        assertTrue(e.getMessage().contains(Path.of(file).getFileName().toString()), e.getMessage());
    }

    @Test
    void missingTensorNamesSimilarOnes() {
        Goldens.Topic unet = Goldens.topic("unet/sd1");
        Checkpoint checkpoint = unet.file(unet.json().get("weights").asString());
        CheckpointException e = assertThrows(CheckpointException.class, () -> checkpoint.tensor("conv_in.wait"));
        assertTrue(e.getMessage().contains("'conv_in.weight'"), e.getMessage());
        assertTrue(e.getMessage().contains(checkpoint.source()), e.getMessage());
    }

    @Test
    void releasedTensorsComeBack() {
        Goldens.Topic unet = Goldens.topic("unet/sd1");
        Checkpoint checkpoint = unet.file(unet.json().get("weights").asString());
        for (String name : checkpoint.names()) {
            FileTensor tensor = checkpoint.tensor(name);
            float[] before = Goldens.floats(tensor);
            checkpoint.release(tensor);
            Goldens.assertClose(name, Goldens.floats(tensor), before, 0);
        }
    }
}
