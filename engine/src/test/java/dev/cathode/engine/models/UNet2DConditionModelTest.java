package dev.cathode.engine.models;

import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.graph.Graph;
import dev.cathode.weights.Goldens;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Tiny U-Nets against diffusers: the output and every block.
class UNet2DConditionModelTest {
    @ParameterizedTest
    @EnumSource
    void everyBlockIsThatOfTheReference(GoldenNetwork.Way way) {
        for (Goldens.Topic topic : GoldenNetwork.topics("unet")) {
            var config = UNet2DConditionConfig.parse(topic.json("config.json"), topic.name());
            try (var network = new GoldenNetwork(way, topic.file(topic.json().get("weights").stringValue()))) {
                for (String file : GoldenNetwork.forwardFiles(topic)) {
                    int[] sample = topic.shape(file, "sample");
                    Graph graph = UNet2DConditionModel.graph(config, sample[0], sample[2], sample[3],
                            topic.shape(file, "encoder_hidden_states")[1]);
                    network.assertAllMatch(topic, file, network.run(graph, inputs(topic, file, sample[0])));
                }
            }
        }
    }

    /// A scalar timestep is that of all samples.
    static Map<String, Object> inputs(Goldens.Topic topic, String file, int batch) {
        float[] timestep = topic.floats(file, "timestep");
        if (timestep.length == 1) {
            float one = timestep[0];
            timestep = new float[batch];
            Arrays.fill(timestep, one);
        }
        return Map.of("sample", topic.floats(file, "sample"), "timestep", timestep,
                "encoder_hidden_states", topic.floats(file, "encoder_hidden_states"));
    }
}
