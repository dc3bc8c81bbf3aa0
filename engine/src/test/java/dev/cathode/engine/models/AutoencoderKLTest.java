package dev.cathode.engine.models;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.models.TiledDecoder.Images;
import dev.cathode.weights.Goldens;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A tiny autoencoder against diffusers: moments, samples, pictures, and every block.
class AutoencoderKLTest {
    @ParameterizedTest
    @EnumSource
    void everyBlockIsThatOfTheReference(GoldenNetwork.Way way) {
        for (Goldens.Topic topic : GoldenNetwork.topics("vae")) {
            var config = AutoencoderKLConfig.parse(topic.json("config.json"), topic.name());
            try (var network = new GoldenNetwork(way, topic.file(topic.json().get("weights").stringValue()))) {
                for (String file : GoldenNetwork.forwardFiles(topic)) {
                    network.assertAllMatch(topic, file, results(network, config, topic, file));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void tilesAreThoseOfTheReference(GoldenNetwork.Way way) {
        assumeTrue(Files.isDirectory(Goldens.root().resolve("vae_tiled")), "these goldens hold no tiled decoding");
        Goldens.Topic tiled = Goldens.topic("vae_tiled");
        Goldens.Topic topic = Goldens.topic(tiled.json().get("network").stringValue());
        var config = AutoencoderKLConfig.parse(topic.json("config.json"), topic.name());
        try (var network = new GoldenNetwork(way, topic.file(topic.json().get("weights").stringValue()))) {
            for (String file : tiled.files()) {
                int[] shape = tiled.shape(file, "latent");
                var latent = new Images(shape[0], shape[1], shape[2], shape[3], tiled.floats(file, "latent"));
                Images decoded = TiledDecoder.of(config).decode(latent, tile -> decode(network, config, tile));
                network.assertMatches(tiled, file, "decoded", decoded.values());
            }
        }
    }

    private static Images decode(GoldenNetwork network, AutoencoderKLConfig config, Images tile) {
        Graph graph = AutoencoderKL.decodeGraph(config, tile.batch(), tile.height(), tile.width());
        float[] decoded = network.run(graph, Map.of("latent", tile.values()), Set.of()).get("decoded");
        int scale = config.scaleFactor();
        return new Images(tile.batch(), config.outChannels(), tile.height() * scale, tile.width() * scale, decoded);
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
