package dev.cathode.engine.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.engine.gradients.Gradients;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Rearrangement.Filter;
import dev.cathode.kernels.cpu.Rearrangement.Window;
import dev.cathode.weights.DType;
import dev.cathode.weights.Goldens;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/// One case of the golden folder `ops`: a graph of one operation, its inputs, and what PyTorch makes of them.
///
/// @param leaves the values with gradients, by the golden's names, in PyTorch's layout but for filters
public record OpsCase(String file, String name, JsonNode attributes, Graph graph, Map<String, Object> inputs,
                      Map<String, Value> leaves) {
    private static final Goldens.Topic OPS = Goldens.topic("ops");

    private OpsCase(String file, String name, JsonNode attributes) {
        this(file, name, attributes, new Graph(), new HashMap<>(), new HashMap<>());
    }

    /// The files that hold cases.
    public static List<String> files() {
        return OPS.json("cases.json").propertyStream().map(Map.Entry::getKey).toList();
    }

    /// The cases of a file.
    public static Stream<OpsCase> of(String file) {
        return OPS.json("cases.json").get(file).propertyStream().map(c -> new OpsCase(file, c.getKey(), c.getValue()));
    }

    /// Compares the result, and the gradient of everything the golden has one of.
    public void check(GoldenNetwork network) {
        results(network).forEach((result, numbers) -> network.assertMatches(OPS, file, name + "." + result, numbers));
    }

    /// The golden's numbers for a result.
    public float[] expected(String result) {
        return OPS.floats(file, name + "." + result);
    }

    /// The result, and the gradient of everything the golden has one of, by the golden's names without that of the
    /// case.
    public Map<String, float[]> results(GoldenNetwork network) {
        Value out = build();
        graph.output("out", out);
        Map<String, Value> wanted = new TreeMap<>();
        leaves.forEach((leaf, value) -> {
            if (has("grad_" + leaf)) {
                wanted.put(leaf, value);
            }
        });
        Map<Value, Value> gradients = Gradients.of(out, input("grad_out"), wanted.values());
        wanted.forEach((leaf, value) -> graph.output("grad_" + leaf, torchLayout(leaf, gradients.get(value))));
        assertEquals(goldenGradients(), wanted.size(), name);
        return network.run(graph, inputs);
    }

    private long goldenGradients() {
        return OPS.outputs(file).stream().filter(t -> t.name().startsWith(name + ".grad_")).count();
    }

    /// Filters `[O, KH, KW, I]` as `[O, I, KH, KW]`; images are converted inside the graph.
    private Value torchLayout(String leaf, Value gradient) {
        return leaf.equals("weight") && gradient.shape().rank() == 4 ? Ops.permute(gradient, 0, 3, 1, 2) : gradient;
    }

    private Value build() {
        return switch (file) {
            case "conv_linear.safetensors" -> has("weight") && shape("weight").length == 4 ? conv2d()
                    : Ops.linear(input("input"), parameter("weight"), has("bias") ? parameter("bias") : null);
            case "norm.safetensors" -> norm();
            case "activation.safetensors" -> activation();
            case "attention.safetensors" -> attention();
            case "rearrange.safetensors" -> name.equals("embedding")
                    ? Ops.embedding(parameter("weight"), integers("ids"))
                    : Ops.toChannelsFirst(rearrangement(Ops.toChannelsLast(input("input"))));
            case "loss.safetensors" -> loss();
            default -> throw new AssertionError("there is no graph for " + file + ": " + name);
        };
    }

    private Value conv2d() {
        int stride = attributes.path("stride").asInt(1);
        JsonNode padding = attributes.path("padding");
        int vertical = padding.isArray() ? padding.get(0).intValue() : padding.asInt(0);
        int horizontal = padding.isArray() ? padding.get(1).intValue() : padding.asInt(0);
        JsonNode sides = attributes.path("asymmetric"); // left, right, top, bottom
        Op.Geometry geometry = sides.isArray()
                ? Op.Geometry.of(stride, sides.get(2).intValue(), sides.get(0).intValue(), sides.get(3).intValue(),
                        sides.get(1).intValue())
                : Op.Geometry.of(stride, vertical, horizontal, vertical, horizontal);
        return Ops.toChannelsFirst(Ops.conv2d(Ops.toChannelsLast(input("input")), parameter("weight"),
                has("bias") ? parameter("bias") : null, geometry));
    }

    private Value norm() {
        Value x = input("input");
        double epsilon = attributes.get("eps").doubleValue();
        Value weight = parameter("weight");
        Value bias = parameter("bias");
        if (name.startsWith("layer_norm")) {
            return Ops.layerNorm(x, weight, bias, epsilon);
        }
        boolean image = x.shape().rank() == 4;
        x = image ? Ops.toChannelsLast(x) : Ops.permute(x, 0, 2, 1);
        if (attributes.path("training").asBoolean(false)) {
            Ops.BatchNormalized normalized = Ops.batchNormTraining(x, weight, bias, epsilon, Activation.NONE);
            double momentum = attributes.get("momentum").doubleValue();
            graph.output("new_running_mean", moved("running_mean", normalized.mean(), momentum));
            graph.output("new_running_var", moved("running_var", normalized.variance(), momentum));
            x = normalized.y();
        } else {
            x = name.startsWith("group_norm")
                    ? Ops.groupNorm(x, weight, bias, attributes.get("groups").intValue(), epsilon)
                    : Ops.batchNorm(x, parameter("running_mean"), parameter("running_var"), weight, bias, epsilon);
        }
        return image ? Ops.toChannelsFirst(x) : Ops.permute(x, 0, 2, 1);
    }

    private Value moved(String statistic, Value measured, double momentum) {
        return Ops.add(Ops.affine(parameter(statistic), 1 - momentum, 0), Ops.affine(measured, momentum, 0));
    }

    private Value activation() {
        Value x = input("input");
        return switch (name) {
            case "geglu" -> Ops.gatedGelu(x);
            case "softmax", "softmax_large" -> Ops.softmax(x);
            case "log_softmax" -> Ops.unary(new Op.LogSoftmax(), x);
            default -> Ops.activate(x, Activation.valueOf(name.toUpperCase(Locale.ROOT)));
        };
    }

    /// The golden's heads are an axis of their own, the operation's lie beside each other in a row.
    private Value attention() {
        int heads = attributes.get("shape").get(1).intValue();
        Value mask = null;
        if (attributes.has("keep")) {
            int keys = attributes.get("shape").get(3).intValue();
            List<Integer> keep = attributes.get("keep").valueStream().map(JsonNode::intValue).toList();
            float[] added = new float[keep.size() * keys];
            for (int i = 0; i < added.length; i++) {
                added[i] = i % keys < keep.get(i / keys) ? 0 : -1e30f;
            }
            inputs.put("mask", added);
            mask = graph.input("mask", DType.F32, Shape.of(keep.size(), keys));
        }
        Value out = Ops.attention(rows("q"), rows("k"), rows("v"), heads,
                attributes.path("causal").asBoolean(false), mask);
        int[] q = shape("q");
        return Ops.permute(Ops.reshape(out, q[0], q[2], q[1], q[3]), 0, 2, 1, 3);
    }

    private Value rows(String tensor) {
        int[] s = shape(tensor);
        return Ops.reshape(Ops.permute(input(tensor), 0, 2, 1, 3), s[0], s[2], s[1] * s[3]);
    }

    private Value rearrangement(Value x) {
        int[] size = attributes.has("size")
                ? attributes.get("size").valueStream().mapToInt(JsonNode::intValue).toArray() : null;
        if (name.startsWith("upsample_nearest")) {
            return size == null ? Ops.resizeNearest(x, 2 * x.shape().dim(1), 2 * x.shape().dim(2))
                    : Ops.resizeNearest(x, size[0], size[1]);
        }
        if (name.startsWith("adaptive_avg_pool")) {
            return Ops.unary(new Op.AdaptiveAveragePool(size[0], size[1]), x);
        }
        if (name.startsWith("resize")) {
            Filter filter = Filter.valueOf(attributes.get("mode").stringValue().toUpperCase(Locale.ROOT));
            boolean antialias = attributes.get("antialias").booleanValue();
            return Ops.unary(new Op.Resize(filter, antialias, size[0], size[1]), x);
        }
        int kernel = attributes.get("kernel").intValue();
        int stride = attributes.get("stride").intValue();
        int padding = attributes.path("padding").asInt(0);
        Window window = new Window(kernel, kernel, stride, stride, padding, padding);
        return Ops.unary(name.startsWith("max_pool") ? new Op.MaxPool(window)
                : new Op.AveragePool(window, attributes.path("count_include_pad").asBoolean(true)), x);
    }

    private Value loss() {
        Op op = switch (name) {
            case "cross_entropy", "cross_entropy_smoothed" -> new Op.CrossEntropy(
                    attributes.get("ignore_index").intValue(), attributes.path("label_smoothing").floatValue(0));
            case "bce_with_logits" -> new Op.BinaryCrossEntropy(false);
            case "bce_with_logits_masked" -> new Op.BinaryCrossEntropy(true);
            case "mse" -> new Op.MeanSquaredError(false);
            case "mse_per_sample_weighted" -> new Op.MeanSquaredError(true);
            default -> throw new AssertionError("there is no graph for loss " + name);
        };
        Value target = op instanceof Op.CrossEntropy ? integers("target") : input("target");
        return switch (op) {
            case Op.BinaryCrossEntropy(boolean masked) when masked ->
                    graph.add(op, List.of(input("input"), target, input("known")));
            case Op.MeanSquaredError(boolean weighted) when weighted ->
                    graph.add(op, List.of(input("input"), target, input("weight")));
            default -> graph.add(op, List.of(input("input"), target));
        };
    }

    private boolean has(String tensor) {
        return OPS.has(file, name + "." + tensor);
    }

    private int[] shape(String tensor) {
        return OPS.shape(file, name + "." + tensor);
    }

    private Value input(String tensor) {
        inputs.put(tensor, OPS.floats(file, name + "." + tensor));
        return leaf(tensor, graph.input(tensor, DType.F32, Shape.of(shape(tensor))));
    }

    private Value leaf(String tensor, Value value) {
        leaves.put(tensor, value);
        return value;
    }

    private Value integers(String tensor) {
        inputs.put(tensor, GoldenNetwork.ints(OPS, file, name + "." + tensor));
        return graph.input(tensor, DType.I32, Shape.of(shape(tensor)));
    }

    /// A tensor of the case as a parameter; filters are stored `[O, I, KH, KW]`.
    private Value parameter(String tensor) {
        int[] s = shape(tensor);
        return leaf(tensor, graph.parameter(name + "." + tensor,
                s.length == 4 ? Shape.of(s[0], s[2], s[3], s[1]) : Shape.of(s)));
    }
}
