package dev.cathode.engine.gradients;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.engine.compile.Fusion;
import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.models.AutoencoderKL;
import dev.cathode.engine.models.AutoencoderKLConfig;
import dev.cathode.engine.models.BertConfig;
import dev.cathode.engine.models.BertModel;
import dev.cathode.engine.models.CLIPTextConfig;
import dev.cathode.engine.models.CLIPTextModel;
import dev.cathode.engine.models.CLIPVisionConfig;
import dev.cathode.engine.models.CLIPVisionModel;
import dev.cathode.engine.models.UNet2DConditionConfig;
import dev.cathode.engine.models.UNet2DConditionModel;
import dev.cathode.engine.nn.Scope;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.weights.DType;
import dev.cathode.weights.Goldens;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The gradients of whole networks with respect to every parameter and the inputs, against PyTorch's.
class NetworkGradientsTest {
    private static final String FILE = "gradients.safetensors";

    @ParameterizedTest
    @EnumSource
    void unet(GoldenNetwork.Way way) {
        for (Goldens.Topic topic : GoldenNetwork.topics("unet")) {
            var config = UNet2DConditionConfig.parse(topic.json("config.json"), topic.name());
            Network network = new Network(topic);
            int[] shape = topic.shape(FILE, "sample");
            Value timestep = network.graph.input("timestep", DType.F32, Shape.of(shape[0]));
            float[] times = topic.floats(FILE, "timestep");
            float[] perSample = new float[shape[0]];
            for (int i = 0; i < perSample.length; i++) {
                perSample[i] = times[times.length == 1 ? 0 : i];
            }
            network.inputs.put("timestep", perSample);
            Value out = UNet2DConditionModel.forward(Scope.root(network.graph), config, network.input("sample"), timestep,
                    network.input("encoder_hidden_states"));
            network.graph.output("loss", Ops.meanSquaredError(out, network.input("target")));
            network.check(way);
        }
    }

    @ParameterizedTest
    @EnumSource
    void clipText(GoldenNetwork.Way way) {
        Goldens.Topic topic = Goldens.topic("clip_text");
        var config = CLIPTextConfig.parse(topic.json("config.json"), topic.name());
        Network network = new Network(topic);
        Value ids = network.ids("input_ids");
        int[] pooled = config.pooledPositions(GoldenNetwork.ints(topic, FILE, "input_ids"), ids.shape().last());
        network.inputs.put("pooled", pooled);
        Value positions = network.graph.input("pooled", DType.I32, Shape.of(pooled.length));
        CLIPTextModel.Output out = CLIPTextModel.forward(Scope.root(network.graph), config, ids,
                topic.has(FILE, "attention_mask") ? network.ids("attention_mask") : null, positions, 0);
        network.twoTargets(out.lastHiddenState(), out.poolerOutput());
        network.check(way);
    }

    @ParameterizedTest
    @EnumSource
    void bert(GoldenNetwork.Way way) {
        Goldens.Topic topic = Goldens.topic("bert");
        var config = BertConfig.parse(topic.json("config.json"), topic.name());
        Network network = new Network(topic);
        BertModel.Output out = BertModel.forward(Scope.root(network.graph), config, network.ids("input_ids"),
                topic.has(FILE, "attention_mask") ? network.ids("attention_mask") : null,
                topic.has(FILE, "token_type_ids") ? network.ids("token_type_ids") : null);
        network.twoTargets(out.lastHiddenState(), out.poolerOutput());
        network.check(way);
    }

    @ParameterizedTest
    @EnumSource
    void clipVision(GoldenNetwork.Way way) {
        Goldens.Topic topic = Goldens.topic("clip_vision");
        var config = CLIPVisionConfig.parse(topic.json("config.json"), topic.name());
        Network network = new Network(topic);
        CLIPVisionModel.Output out = CLIPVisionModel.forward(Scope.root(network.graph), config,
                network.input("pixel_values"));
        network.graph.output("loss", Ops.meanSquaredError(out.imageEmbeds(), network.input("target")));
        network.check(way);
    }

    @ParameterizedTest
    @EnumSource
    void vae(GoldenNetwork.Way way) {
        for (Goldens.Topic topic : GoldenNetwork.topics("vae")) {
            var config = AutoencoderKLConfig.parse(topic.json("config.json"), topic.name());
            Network network = new Network(topic);
            Scope root = Scope.root(network.graph);
            Value image = network.input("image");
            AutoencoderKL.Moments moments = AutoencoderKL.encode(root, config, image);
            Value deviation = Ops.activate(Ops.affine(moments.logvar(), 0.5, 0), Activation.EXP);
            Value latent = Ops.add(moments.mean(), Ops.multiply(deviation, network.input("noise")));
            Value error = Ops.meanSquaredError(AutoencoderKL.decode(root, config, latent), image);
            Value kl = AutoencoderKL.klDivergence(moments);
            network.graph.output("kl", kl);
            network.graph.output("loss", Ops.add(error, Ops.affine(kl, 0.01, 0)));
            network.check(way);
        }
    }

    /// A graph with a loss, its inputs, and the leaves that the golden has gradients of.
    private static final class Network {
        private final Goldens.Topic topic;
        private final Map<String, Object> inputs = new HashMap<>();
        private final Map<String, Value> leaves = new HashMap<>();
        private Graph graph = new Graph();

        Network(Goldens.Topic topic) {
            this.topic = topic;
        }

        Value input(String name) {
            inputs.put(name, topic.floats(FILE, name));
            Value value = graph.input(name, DType.F32, Shape.of(topic.shape(FILE, name)));
            leaves.put("grad_" + name, value);
            return value;
        }

        Value ids(String name) {
            inputs.put(name, GoldenNetwork.ints(topic, FILE, name));
            return graph.input(name, DType.I32, Shape.of(topic.shape(FILE, name)));
        }

        void twoTargets(Value states, Value pooled) {
            graph.output("loss", Ops.add(Ops.meanSquaredError(states, input("target")),
                    Ops.meanSquaredError(pooled, input("target_pooled"))));
        }

        /// Differentiates with respect to all that the golden lists, and compares.
        void check(GoldenNetwork.Way way) {
            graph = Fusion.normalizations(graph);
            List<String> names = new ArrayList<>();
            List<Value> wrt = new ArrayList<>();
            for (Goldens.Tensor output : topic.outputs(FILE)) {
                String name = output.name();
                if (name.startsWith("grad")) {
                    names.add(name);
                    wrt.add(name.startsWith("grad.") ? graph.parameters().get(name.substring(5))
                            : graph.inputs().get(name.substring(5)));
                }
            }
            Map<Value, Value> gradients = Gradients.of(graph.outputs().get("loss"), wrt);
            for (int i = 0; i < names.size(); i++) {
                Value gradient = gradients.get(wrt.get(i));
                boolean filter = wrt.get(i).op() instanceof Op.Parameter && gradient.shape().rank() == 4;
                graph.output(names.get(i), filter ? Ops.permute(gradient, 0, 3, 1, 2) : gradient);
            }
            try (var network = new GoldenNetwork(way, topic.file(topic.json().get("weights").stringValue()))) {
                Map<String, float[]> results = network.run(graph, inputs, Set.of());
                assertEquals(graph.outputs().size(), results.size());
                results.forEach((name, numbers) -> network.assertMatches(topic, FILE, name, numbers));
            }
        }
    }
}
