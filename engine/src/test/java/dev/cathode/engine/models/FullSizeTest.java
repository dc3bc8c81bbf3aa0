package dev.cathode.engine.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.golden.HashedWeights;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.runtime.SystemMemory;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.weights.Goldens;
import dev.cathode.weights.NameHash;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/// The networks at their published sizes, with weights computed from parameter names.
class FullSizeTest {
    private static final GoldenNetwork.Way WAY = GoldenNetwork.Way.DIRECT;
    /// The U-Net's weights before and after packing, and what it computes on.
    private static final long UNET_MEMORY = 6L << 30;

    @Test
    void unet() {
        assumeTrue(SystemMemory.available() > UNET_MEMORY, "the full-size U-Net needs 6 GiB of free memory");
        Goldens.Topic topic = topic("full/unet");
        var config = UNet2DConditionConfig.parse(topic.json("config.json"), topic.name());
        try (var weights = new HashedWeights(topic, UNet2DConditionModel.graph(config, 1, 8, 8, 1));
             var network = new GoldenNetwork(WAY, weights)) {
            for (String file : topic.files()) {
                int[] sample = topic.shape(file, "sample");
                Graph graph = UNet2DConditionModel.graph(config, sample[0], sample[2], sample[3],
                        topic.shape(file, "encoder_hidden_states")[1]);
                Map<String, Object> inputs = UNet2DConditionModelTest.inputs(topic, file, sample[0]);
                check(network, topic, file, network.run(graph, inputs));
            }
        }
    }

    /// What the U-Net predicts in mixed precision.
    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "AUTO", "FASTEST"})
    void mixedUnet(ConvolutionAlgorithm convolutions) {
        assumeTrue(SystemMemory.available() > UNET_MEMORY, "the full-size U-Net needs 6 GiB of free memory");
        Goldens.Topic topic = topic("full/unet");
        var config = UNet2DConditionConfig.parse(topic.json("config.json"), topic.name());
        try (var weights = new HashedWeights(topic, UNet2DConditionModel.graph(config, 1, 8, 8, 1));
             var network = GoldenNetwork.mixed(convolutions, CpuKernels.fastest(), weights)) {
            for (String file : topic.files()) {
                int[] sample = topic.shape(file, "sample");
                Graph graph = UNet2DConditionModel.graph(config, sample[0], sample[2], sample[3],
                        topic.shape(file, "encoder_hidden_states")[1]);
                MixedNetworksTest.check(topic, file,
                        network.run(graph, UNet2DConditionModelTest.inputs(topic, file, sample[0]), Set.of()));
            }
        }
    }

    /// Pictures and latents in mixed precision.
    @Test
    void mixedAutoencoder() {
        Goldens.Topic topic = topic("full/vae");
        var config = AutoencoderKLConfig.parse(topic.json("config.json"), topic.name());
        for (String file : topic.files()) {
            int[] image = topic.shape(file, "image");
            int[] latent = topic.shape(file, "latent");
            Graph encode = AutoencoderKL.encodeGraph(config, image[0], image[2], image[3]);
            Graph decode = AutoencoderKL.decodeGraph(config, latent[0], latent[2], latent[3]);
            try (var weights = new HashedWeights(topic, encode, decode);
                 var network = GoldenNetwork.mixed(ConvolutionAlgorithm.AUTO, CpuKernels.fastest(), weights)) {
                MixedNetworksTest.check(topic, file,
                        network.run(encode, Map.of("image", topic.floats(file, "image")), Set.of()));
                MixedNetworksTest.check(topic, file,
                        network.run(decode, Map.of("latent", topic.floats(file, "latent")), Set.of()));
            }
        }
    }

    /// Hidden states in mixed precision.
    @Test
    void mixedClipText() {
        Goldens.Topic topic = topic("full/clip_text");
        for (String file : topic.files()) {
            int[] shape = topic.shape(file, "input_ids");
            Graph graph = CLIPTextModel.graph(FullSizes.CLIP_TEXT, shape[0], shape[1]);
            try (var weights = new HashedWeights(topic, graph);
                 var network = GoldenNetwork.mixed(ConvolutionAlgorithm.AUTO, CpuKernels.fastest(), weights)) {
                Map<String, float[]> results =
                        network.run(graph, EncodersTest.clipTextInputs(topic, file, FullSizes.CLIP_TEXT), Set.of());
                float[] last = results.get("last_hidden_state");
                results.put("first_last_hidden_state", Arrays.copyOf(last, last.length / shape[0]));
                MixedNetworksTest.check(topic, file, results);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "AUTO"})
    void autoencoder(GoldenNetwork.Way way) {
        Goldens.Topic topic = topic("full/vae");
        var config = AutoencoderKLConfig.parse(topic.json("config.json"), topic.name());
        for (String file : topic.files()) {
            int[] image = topic.shape(file, "image");
            int[] latent = topic.shape(file, "latent");
            Graph encode = AutoencoderKL.encodeGraph(config, image[0], image[2], image[3]);
            Graph decode = AutoencoderKL.decodeGraph(config, latent[0], latent[2], latent[3]);
            try (var weights = new HashedWeights(topic, encode, decode);
                 var network = new GoldenNetwork(way, weights)) {
                Map<String, float[]> results =
                        new TreeMap<>(network.run(encode, Map.of("image", topic.floats(file, "image")), Set.of()));
                results.putAll(network.run(decode, Map.of("latent", topic.floats(file, "latent")), Set.of()));
                check(network, topic, file, results);
            }
        }
    }

    @Test
    void clipText() {
        Goldens.Topic topic = topic("full/clip_text");
        for (String file : topic.files()) {
            int[] shape = topic.shape(file, "input_ids");
            Graph graph = CLIPTextModel.graph(FullSizes.CLIP_TEXT, shape[0], shape[1]);
            try (var weights = new HashedWeights(topic, graph); var network = new GoldenNetwork(WAY, weights)) {
                Map<String, float[]> results =
                        network.run(graph, EncodersTest.clipTextInputs(topic, file, FullSizes.CLIP_TEXT));
                float[] last = results.get("last_hidden_state");
                results.put("first_last_hidden_state", Arrays.copyOf(last, last.length / shape[0]));
                check(network, topic, file, results);
            }
        }
    }

    @Test
    void bert() {
        Goldens.Topic topic = topic("full/bert");
        for (String file : topic.files()) {
            int[] shape = topic.shape(file, "input_ids");
            Map<String, Object> inputs = EncodersTest.bertInputs(topic, file);
            Graph graph = BertModel.graph(FullSizes.BERT, shape[0], shape[1], inputs.containsKey("attention_mask"),
                    inputs.containsKey("token_type_ids"));
            try (var weights = new HashedWeights(topic, graph); var network = new GoldenNetwork(WAY, weights)) {
                check(network, topic, file, network.run(graph, inputs));
            }
        }
    }

    @Test
    void clipVision() {
        Goldens.Topic topic = topic("full/clip_vision");
        Graph graph = CLIPVisionModel.graph(FullSizes.CLIP_VISION, inputShape(topic).getFirst());
        try (var weights = new HashedWeights(topic, graph); var network = new GoldenNetwork(WAY, weights)) {
            for (String file : topic.files()) {
                check(network, topic, file, network.run(graph, Map.of("pixel_values", pixels(topic))));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "AUTO"})
    void denseNet(GoldenNetwork.Way way) {
        Goldens.Topic topic = topic("full/densenet121");
        List<Integer> shape = inputShape(topic);
        Graph graph = DenseNet.graph(FullSizes.DENSE_NET, shape.get(0), shape.get(2), shape.get(3));
        try (var weights = new HashedWeights(topic, graph); var network = new GoldenNetwork(way, weights)) {
            for (String file : topic.files()) {
                check(network, topic, file, network.run(graph, Map.of("pixel_values", pixels(topic))));
            }
        }
    }

    private static List<Integer> inputShape(Goldens.Topic topic) {
        return topic.json().get("input").get("shape").valueStream().map(JsonNode::intValue).toList();
    }

    private static float[] pixels(Goldens.Topic topic) {
        return NameHash.units(topic.json().get("input").get("namehash").stringValue(),
                inputShape(topic).stream().reduce(1, Math::multiplyExact));
    }

    private static Goldens.Topic topic(String name) {
        assumeTrue(Files.isDirectory(Goldens.root().resolve(name)), "these goldens hold no " + name);
        return Goldens.topic(name);
    }

    /// Compares the stored numbers, and the whole tensors' statistics where only a part is stored.
    private static void check(GoldenNetwork network, Goldens.Topic topic, String file, Map<String, float[]> results) {
        network.assertAllMatch(topic, file, results);
        String stem = file.replace(".safetensors", ".");
        for (Goldens.Tensor output : topic.outputs(file)) {
            JsonNode all = topic.json().path("statistics");
            JsonNode statistics = all.path(all.has(output.name()) ? output.name() : stem + output.name());
            if (statistics.isObject()) {
                checkStatistics(statistics, network.result(results, output.name()), network.factor(),
                        stem + output.name());
            }
        }
    }

    private static void checkStatistics(JsonNode expected, float[] values, double factor, String label) {
        double tol = factor * expected.get("tol").doubleValue();
        double sum = 0;
        double square = 0;
        double min = Double.POSITIVE_INFINITY;
        double max = Double.NEGATIVE_INFINITY;
        for (float v : values) {
            sum += v;
            square += (double) v * v;
            min = Math.min(min, v);
            max = Math.max(max, v);
        }
        long count = expected.get("shape").valueStream().mapToLong(JsonNode::longValue).reduce(1, Math::multiplyExact);
        assertEquals(count, values.length, label);
        assertEquals(expected.get("mean").doubleValue(), sum / count, tol, label + ": mean");
        assertEquals(expected.get("min").doubleValue(), min, tol, label + ": min");
        assertEquals(expected.get("max").doubleValue(), max, tol, label + ": max");
        assertEquals(expected.get("l2").doubleValue(), Math.sqrt(square), tol * Math.sqrt(count), label + ": l2");
    }
}
