package dev.cathode.engine.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.graph.Graph;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.Goldens;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Tiny text and picture encoders against transformers: outputs and every layer.
class EncodersTest {
    @ParameterizedTest
    @EnumSource
    void clipText(GoldenNetwork.Way way) {
        Goldens.Topic topic = Goldens.topic("clip_text");
        var config = CLIPTextConfig.parse(topic.json("config.json"), "clip_text");
        try (var network = new GoldenNetwork(way, weights(topic))) {
            for (String file : GoldenNetwork.forwardFiles(topic)) {
                Map<String, Object> inputs = clipTextInputs(topic, file, config);
                int[] shape = topic.shape(file, "input_ids");
                Graph graph = CLIPTextModel.graph(config, shape[0], shape[1], inputs.containsKey("attention_mask"), 0);
                network.assertAllMatch(topic, file, network.run(graph, inputs));
            }
        }
    }

    static Map<String, Object> clipTextInputs(Goldens.Topic topic, String file, CLIPTextConfig config) {
        int[] ids = GoldenNetwork.ints(topic, file, "input_ids");
        Map<String, Object> inputs = new HashMap<>(Map.of("input_ids", ids,
                "pooled_positions", config.pooledPositions(ids, topic.shape(file, "input_ids")[1])));
        if (topic.has(file, "attention_mask")) {
            inputs.put("attention_mask", GoldenNetwork.ints(topic, file, "attention_mask"));
        }
        return inputs;
    }

    /// Without its last layers the network gives the normalised result of the layer it ends with: of the whole network,
    /// that is what a network of fewer layers gives.
    @Test
    void clipSkipLeavesOutTheLastLayers() {
        Goldens.Topic topic = Goldens.topic("clip_text");
        var config = CLIPTextConfig.parse(topic.json("config.json"), "clip_text");
        String file = GoldenNetwork.forwardFiles(topic).getFirst();
        int[] shape = topic.shape(file, "input_ids");
        int kept = config.numHiddenLayers() - 1;
        Graph graph = CLIPTextModel.graph(config, shape[0], shape[1], false, 1);
        assertEquals(Set.of("last_hidden_state"), graph.outputs().keySet());
        try (var network = new GoldenNetwork(GoldenNetwork.Way.PLAIN, weights(topic))) {
            Map<String, float[]> results =
                    network.run(graph, Map.of("input_ids", GoldenNetwork.ints(topic, file, "input_ids")));
            network.assertMatches(topic, file, "hidden_states." + kept, results.get("tap.hidden_states." + kept));
            float[] weight = Goldens.floats(weights(topic).tensor("text_model.final_layer_norm.weight"));
            float[] bias = Goldens.floats(weights(topic).tensor("text_model.final_layer_norm.bias"));
            assertArrayEquals(layerNorm(results.get("tap.hidden_states." + kept), weight, bias, config.layerNormEps()),
                    results.get("last_hidden_state"), 1e-5f);
        }
    }

    private static float[] layerNorm(float[] x, float[] weight, float[] bias, double epsilon) {
        float[] y = new float[x.length];
        for (int row = 0; row < x.length; row += weight.length) {
            float[] numbers = Arrays.copyOfRange(x, row, row + weight.length);
            double mean = 0;
            double square = 0;
            for (float v : numbers) {
                mean += v / (double) weight.length;
                square += (double) v * v / weight.length;
            }
            for (int i = 0; i < weight.length; i++) {
                y[row + i] = (float) ((numbers[i] - mean) / Math.sqrt(square - mean * mean + epsilon) * weight[i]
                        + bias[i]);
            }
        }
        return y;
    }

    @ParameterizedTest
    @EnumSource
    void bert(GoldenNetwork.Way way) {
        Goldens.Topic topic = Goldens.topic("bert");
        var config = BertConfig.parse(topic.json("config.json"), "bert");
        try (var network = new GoldenNetwork(way, weights(topic))) {
            for (String file : GoldenNetwork.forwardFiles(topic)) {
                Map<String, Object> inputs = bertInputs(topic, file);
                int[] shape = topic.shape(file, "input_ids");
                Graph graph = BertModel.graph(config, shape[0], shape[1], inputs.containsKey("attention_mask"),
                        inputs.containsKey("token_type_ids"));
                network.assertAllMatch(topic, file, network.run(graph, inputs));
            }
        }
    }

    static Map<String, Object> bertInputs(Goldens.Topic topic, String file) {
        Map<String, Object> inputs = new HashMap<>();
        for (String name : new String[] {"input_ids", "attention_mask", "token_type_ids"}) {
            if (topic.has(file, name)) {
                inputs.put(name, GoldenNetwork.ints(topic, file, name));
            }
        }
        return inputs;
    }

    @ParameterizedTest
    @EnumSource
    void clipVision(GoldenNetwork.Way way) {
        Goldens.Topic topic = Goldens.topic("clip_vision");
        var config = CLIPVisionConfig.parse(topic.json("config.json"), "clip_vision");
        try (var network = new GoldenNetwork(way, weights(topic))) {
            for (String file : GoldenNetwork.forwardFiles(topic)) {
                Graph graph = CLIPVisionModel.graph(config, topic.shape(file, "pixel_values")[0]);
                network.assertAllMatch(topic, file,
                        network.run(graph, Map.of("pixel_values", topic.floats(file, "pixel_values"))));
            }
        }
    }

    private static Checkpoint weights(Goldens.Topic topic) {
        return topic.file(topic.json().get("weights").stringValue());
    }
}
