package dev.cathode.engine.models;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.graph.Costs;
import dev.cathode.engine.graph.Graph;
import dev.cathode.weights.Goldens;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The parameters of every network have the names and shapes of the published files.
class ModelParametersTest {
    private static final JsonMapper JSON = new JsonMapper();

    @Test
    void unetHasTheParametersOfTheFile() {
        for (Goldens.Topic topic : GoldenNetwork.topics("unet")) {
            var config = UNet2DConditionConfig.parse(topic.json("config.json"), topic.name());
            Parameters.assertSame(topic.file(topic.json().get("weights").stringValue()),
                    UNet2DConditionModel.graph(config, 1, 8, 8, 5));
        }
    }

    @Test
    void autoencoderHasTheParametersOfTheFile() {
        for (Goldens.Topic topic : GoldenNetwork.topics("vae")) {
            var config = AutoencoderKLConfig.parse(topic.json("config.json"), topic.name());
            Parameters.assertSame(topic.file(topic.json().get("weights").stringValue()),
                    AutoencoderKL.encodeGraph(config, 1, 16, 16), AutoencoderKL.decodeGraph(config, 1, 2, 2));
        }
    }

    @Test
    void encodersHaveTheParametersOfTheFiles() {
        Goldens.Topic clip = Goldens.topic("clip_text");
        Parameters.assertSame(clip.file(clip.json().get("weights").stringValue()),
                CLIPTextModel.graph(CLIPTextConfig.parse(clip.json("config.json"), "clip_text"), 1, 7));
        Goldens.Topic vision = Goldens.topic("clip_vision");
        Parameters.assertSame(vision.file(vision.json().get("weights").stringValue()),
                CLIPVisionModel.graph(CLIPVisionConfig.parse(vision.json("config.json"), "clip_vision"), 2));
        Goldens.Topic bert = Goldens.topic("bert");
        Parameters.assertSame(bert.file(bert.json().get("weights").stringValue()),
                BertModel.graph(BertConfig.parse(bert.json("config.json"), "bert"), 1, 7, false, false));
    }

    @Test
    void fullUnetHasTheParametersThatTheGradientTableLists() {
        assumeTrue(Files.isDirectory(Goldens.root().resolve("full/unet")), "these goldens hold no full-size U-Net");
        Goldens.Topic topic = Goldens.topic("full/unet");
        var config = UNet2DConditionConfig.parse(topic.json("config.json"), "full/unet");
        Graph graph = UNet2DConditionModel.graph(config, 1, 64, 64, 77);
        Map<String, List<Long>> listed = new TreeMap<>();
        topic.json("gradients.json").get("parameters").propertyStream().forEach(e -> listed.put(e.getKey(),
                e.getValue().get("shape").valueStream().map(JsonNode::longValue).toList()));
        assertEquals(listed, Parameters.torchShapes(graph));
    }

    @Test
    void parameterCountsAreThePublishedOnes() {
        assertEquals(859_520_964, Parameters.count(Parameters.torchShapes(FullSizes.unet(64))));
        assertEquals(83_653_863, Parameters.count(Parameters.torchShapes(
                AutoencoderKL.encodeGraph(FullSizes.VAE, 1, 64, 64),
                AutoencoderKL.decodeGraph(FullSizes.VAE, 1, 8, 8))));
        assertEquals(123_060_480, Parameters.count(Parameters.torchShapes(
                CLIPTextModel.graph(FullSizes.CLIP_TEXT, 1, 77))));
        assertEquals(109_482_240, Parameters.count(Parameters.torchShapes(
                BertModel.graph(FullSizes.BERT, 1, 77, true, false))));
        assertEquals(87_849_216, Parameters.count(Parameters.torchShapes(
                CLIPVisionModel.graph(FullSizes.CLIP_VISION, 1))));
        Graph denseNet = DenseNet.graph(FullSizes.DENSE_NET, 1, 32, 32);
        assertEquals(6_966_034, Parameters.count(Parameters.torchShapes(denseNet))
                - denseNet.parameters().entrySet().stream().filter(e -> e.getKey().contains("running"))
                        .mapToLong(e -> e.getValue().shape().count()).sum());
    }

    @Test
    void otherUnetsOfTheFamilyHaveThePublishedCounts() {
        var sd2 = UNet2DConditionConfig.parse(JSON.readTree("""
                {"attention_head_dim": [5, 10, 20, 20], "cross_attention_dim": 1024, "use_linear_projection": true}"""),
                "sd2");
        assertEquals(865_910_724, parameters(sd2));
        var inpainting = UNet2DConditionConfig.parse(JSON.readTree("""
                {"in_channels": 9, "cross_attention_dim": 768}"""), "inpainting");
        assertEquals(859_535_364, parameters(inpainting));
        var lists = UNet2DConditionConfig.parse(JSON.readTree("""
                {"cross_attention_dim": 768, "only_cross_attention": [true, true, true, false], "conv_out_kernel": 1,
                 "transformer_layers_per_block": [1, 2, 4, 1], "layers_per_block": [1, 2, 2, 1]}"""), "lists");
        assertEquals(1_258_780_804, parameters(lists));
    }

    /// The operations that `torch.utils.flop_counter` counts for diffusers' networks.
    @Test
    void costsAreThoseOfTheReference() {
        assertEquals(180_106_444_800L, Costs.of(FullSizes.unet(32)).flops());
        assertEquals(803_273_441_280L, Costs.of(FullSizes.unet(64)).flops());
        assertEquals(2_514_518_933_504L, Costs.of(AutoencoderKL.decodeGraph(FullSizes.VAE, 1, 64, 64)).flops());
        assertEquals(859_520_964, Costs.of(FullSizes.unet(64)).parameters());
    }

    private static long parameters(UNet2DConditionConfig config) {
        return Costs.of(UNet2DConditionModel.graph(config, 1, 8, 8, 77)).parameters();
    }
}
