package dev.cathode.engine.models;

import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.graph.Graph;
import dev.cathode.weights.Goldens;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A tiny autoencoder against diffusers: moments, samples, pictures, and every block.
class AutoencoderKLTest {
    @ParameterizedTest
    @EnumSource
    void everyBlockIsThatOfTheReference(GoldenNetwork.Way way) {
        Goldens.Topic topic = Goldens.topic("vae/sd");
        var config = AutoencoderKLConfig.parse(topic.json("config.json"), "vae/sd");
        try (var network = new GoldenNetwork(way, topic.file(topic.json().get("weights").stringValue()))) {
            for (String file : GoldenNetwork.forwardFiles(topic)) {
                network.assertAllMatch(topic, file, results(network, config, topic, file));
            }
        }
    }

    private static Map<String, float[]> results(GoldenNetwork network, AutoencoderKLConfig config, Goldens.Topic topic,
                                                String file) {
        int[] image = topic.shape(file, "image");
        int[] latent = topic.shape(file, "latent");
        Graph encode = AutoencoderKL.encodeGraph(config, image[0], image[2], image[3]);
        Graph decode = AutoencoderKL.decodeGraph(config, latent[0], latent[2], latent[3]);
        Map<String, float[]> results = new HashMap<>(network.run(encode, Map.of("image", topic.floats(file, "image"))));
        var moments = new DiagonalGaussianDistribution(results.get("mean"), results.get("logvar"));
        results.put("std", moments.std());
        results.put("sampled", moments.sample(topic.floats(file, "noise")));
        results.put("reconstruction", network.run(decode, Map.of("latent", results.get("sampled"))).get("decoded"));
        results.putAll(network.run(decode, Map.of("latent", topic.floats(file, "latent"))));
        return results;
    }
}
