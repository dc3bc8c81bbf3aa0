package dev.cathode.engine.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.graph.Graph;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.Goldens;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A tiny DenseNet against torchvision's.
class DenseNetTest {
    private static final JsonMapper JSON = new JsonMapper();
    private final Goldens.Topic topic = Goldens.topic("densenet");

    @ParameterizedTest
    @EnumSource
    void judgesAsTheReference(GoldenNetwork.Way way) {
        DenseNetConfig config = config(topic);
        try (var network = new GoldenNetwork(way, weights(topic))) {
            for (String file : topic.files().stream().filter(f -> f.startsWith("eval")).toList()) {
                int[] shape = topic.shape(file, "input");
                Graph graph = DenseNet.graph(config, shape[0], shape[2], shape[3]);
                network.assertAllMatch(topic, file,
                        network.run(graph, Map.of("pixel_values", topic.floats(file, "input"))));
            }
        }
    }

    @Test
    void theConfigurationFollowsFromTheWeights() {
        assertEquals(config(topic), DenseNetConfig.of(weights(topic)));
        Checkpoint encoder = Goldens.topic("clip_text").file("model.safetensors");
        assertTrue(assertThrows(CheckpointException.class, () -> DenseNetConfig.of(encoder)).getMessage()
                .contains("holds no DenseNet"));
    }

    @Test
    void hasTheParametersOfTheFile() {
        Checkpoint file = weights(topic);
        Graph graph = DenseNet.graph(config(topic), 1, 32, 32);
        assertEquals(file.names().stream().filter(name -> !name.endsWith("num_batches_tracked"))
                .collect(Collectors.toMap(name -> name, name -> file.tensor(name).shape())),
                Parameters.torchShapes(graph));
        assertEquals(new TreeSet<>(file.names()).stream().filter(n -> n.endsWith("num_batches_tracked")).toList(),
                graph.parameters().keySet().stream().filter(n -> n.endsWith("running_mean"))
                        .map(n -> n.replace("running_mean", "num_batches_tracked")).sorted().toList());
    }

    @Test
    void configurationsAreReadAndWritten() {
        var config = new DenseNetConfig(12, List.of(2, 4), 24, 3, 14, 1);
        assertEquals(config, DenseNetConfig.parse(JSON.readTree(config.toJson().toString()), "config.json"));
        assertEquals(DenseNetConfig.denseNet121(3, 1000), DenseNetConfig.parse(JSON.readTree("{}"), "config.json"));
        assertEquals(1024, DenseNetConfig.denseNet121(1, 18).numFeatures());
        for (String setting : List.of("{\"drop_rate\": 0.2}", "{\"block_config\": []}", "{\"growth_rate\": 0}")) {
            var error = assertThrows(IllegalArgumentException.class,
                    () -> DenseNetConfig.parse(JSON.readTree(setting), "config.json"));
            assertTrue(error.getMessage().startsWith("config.json: "), error.getMessage());
        }
    }

    static DenseNetConfig config(Goldens.Topic topic) {
        JsonNode json = topic.json().get("config");
        return new DenseNetConfig(json.get("growth").intValue(),
                json.get("blocks").valueStream().map(JsonNode::intValue).toList(), json.get("initial").intValue(),
                json.get("bottleneck").intValue(), json.get("outputs").intValue(), json.path("channels").asInt(1));
    }

    static Checkpoint weights(Goldens.Topic topic) {
        return topic.file(topic.json().get("weights").stringValue());
    }
}
