package dev.cathode.engine.models;

import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.graph.Graph;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.Goldens;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Every network of the goldens as a graph: the tiny ones with weights and inputs from files, the published ones
/// without.
public final class GoldenNetworks {
    /// A forward pass of a tiny network.
    ///
    /// @param topic the folder of the goldens
    /// @param file of inputs and results
    /// @param graph the network for these inputs; its outputs and taps are results by name
    /// @param inputs arrays of float or int
    public record Run(Goldens.Topic topic, String file, Graph graph, Map<String, Object> inputs) {
        /// The weights.
        public Checkpoint weights() {
            return topic.file(topic.json().get("weights").stringValue());
        }

        @Override
        public String toString() {
            return topic.name() + '/' + file;
        }
    }

    private GoldenNetworks() { }

    /// Every forward pass of every tiny network; autoencoders are two graphs for each file.
    public static List<Run> tiny() {
        List<Run> runs = new ArrayList<>();
        for (Goldens.Topic topic : GoldenNetwork.topics("unet")) {
            var config = UNet2DConditionConfig.parse(topic.json("config.json"), topic.name());
            for (String file : GoldenNetwork.forwardFiles(topic)) {
                int[] sample = topic.shape(file, "sample");
                runs.add(new Run(topic, file, UNet2DConditionModel.graph(config, sample[0], sample[2], sample[3],
                        topic.shape(file, "encoder_hidden_states")[1]),
                        UNet2DConditionModelTest.inputs(topic, file, sample[0])));
            }
        }
        for (Goldens.Topic topic : GoldenNetwork.topics("vae")) {
            var config = AutoencoderKLConfig.parse(topic.json("config.json"), topic.name());
            for (String file : GoldenNetwork.forwardFiles(topic)) {
                int[] image = topic.shape(file, "image");
                int[] latent = topic.shape(file, "latent");
                runs.add(new Run(topic, file, AutoencoderKL.encodeGraph(config, image[0], image[2], image[3]),
                        Map.of("image", topic.floats(file, "image"))));
                runs.add(new Run(topic, file, AutoencoderKL.decodeGraph(config, latent[0], latent[2], latent[3]),
                        Map.of("latent", topic.floats(file, "latent"))));
            }
        }
        encoders(runs);
        return runs;
    }

    private static void encoders(List<Run> runs) {
        Goldens.Topic text = Goldens.topic("clip_text");
        var textConfig = CLIPTextConfig.parse(text.json("config.json"), "clip_text");
        for (String file : GoldenNetwork.forwardFiles(text)) {
            Map<String, Object> inputs = EncodersTest.clipTextInputs(text, file, textConfig);
            int[] shape = text.shape(file, "input_ids");
            runs.add(new Run(text, file, CLIPTextModel.graph(textConfig, shape[0], shape[1],
                    inputs.containsKey("attention_mask"), 0), inputs));
        }
        Goldens.Topic bert = Goldens.topic("bert");
        var bertConfig = BertConfig.parse(bert.json("config.json"), "bert");
        for (String file : GoldenNetwork.forwardFiles(bert)) {
            Map<String, Object> inputs = EncodersTest.bertInputs(bert, file);
            int[] shape = bert.shape(file, "input_ids");
            runs.add(new Run(bert, file, BertModel.graph(bertConfig, shape[0], shape[1],
                    inputs.containsKey("attention_mask"), inputs.containsKey("token_type_ids")), inputs));
        }
        Goldens.Topic vision = Goldens.topic("clip_vision");
        var visionConfig = CLIPVisionConfig.parse(vision.json("config.json"), "clip_vision");
        for (String file : GoldenNetwork.forwardFiles(vision)) {
            runs.add(new Run(vision, file, CLIPVisionModel.graph(visionConfig, vision.shape(file, "pixel_values")[0]),
                    Map.of("pixel_values", vision.floats(file, "pixel_values"))));
        }
        Goldens.Topic dense = Goldens.topic("densenet");
        for (String file : dense.files().stream().filter(f -> f.startsWith("eval")).toList()) {
            int[] shape = dense.shape(file, "input");
            runs.add(new Run(dense, file, DenseNet.graph(DenseNetTest.config(dense), shape[0], shape[2], shape[3]),
                    Map.of("pixel_values", dense.floats(file, "input"))));
        }
    }

    /// The published networks at the sizes they are used at: a step with guidance, an image, a prompt.
    public static Map<String, Graph> published() {
        Map<String, Graph> graphs = new LinkedHashMap<>();
        graphs.put("U-Net", UNet2DConditionModel.graph(FullSizes.UNET, 2, 64, 64, 77));
        graphs.put("VAE encoder", AutoencoderKL.encodeGraph(FullSizes.VAE, 1, 512, 512));
        graphs.put("VAE decoder", AutoencoderKL.decodeGraph(FullSizes.VAE, 1, 64, 64));
        graphs.put("CLIP text", CLIPTextModel.graph(FullSizes.CLIP_TEXT, 2, 77, true, 0));
        graphs.put("CLIP vision", CLIPVisionModel.graph(FullSizes.CLIP_VISION, 2));
        graphs.put("BERT", BertModel.graph(FullSizes.BERT, 2, 128, true, true));
        graphs.put("DenseNet", DenseNet.graph(FullSizes.DENSE_NET, 2, 224, 224));
        return graphs;
    }
}
