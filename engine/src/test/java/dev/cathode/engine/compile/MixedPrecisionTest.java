package dev.cathode.engine.compile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.gradients.Gradients;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.models.UNet2DConditionConfig;
import dev.cathode.engine.models.UNet2DConditionModel;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.Variables;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.engine.train.PrefixedCheckpoint;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.weights.DType;
import dev.cathode.weights.Goldens;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

class MixedPrecisionTest {
    private static final String FILE = "gradients.safetensors";

    /// The gradients of the small U-Nets against PyTorch's in float32: each group of parameters is off by about as much
    /// as PyTorch's own gradients are when it computes in bfloat16.
    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "WINOGRAD"})
    void gradientsAreRightButForRounding(GoldenNetwork.Way way) {
        assumeTrue(Files.exists(Goldens.root().resolve("mixed_precision/golden.json")));
        Goldens.topic("mixed_precision").json().get("errors").propertyStream().forEach(network ->
                check(Goldens.topic(network.getKey()), network.getValue(), way));
    }

    private static void check(Goldens.Topic topic, JsonNode errors, GoldenNetwork.Way way) {
        Graph graph = new Graph();
        Map<String, Object> inputs = new HashMap<>();
        Map<Value, String> names = new HashMap<>();
        Value loss = loss(topic, graph, inputs);
        topic.outputs(FILE).stream().map(Goldens.Tensor::name).filter(name -> name.startsWith("grad.")).forEach(name ->
                names.put(graph.parameters().get(name.substring(5)), name));
        Gradients.of(loss, names.keySet()).forEach((parameter, gradient) -> graph.output(names.get(parameter),
                gradient.shape().rank() == 4 ? Ops.permute(gradient, 0, 3, 1, 2) : gradient));
        Map<String, double[]> groups = new TreeMap<>();
        try (var network = new GoldenNetwork(way, topic.file(topic.json().get("weights").stringValue()))) {
            Map<String, float[]> results = network.run(MixedPrecision.apply(graph, loss), inputs, Set.of());
            for (String name : names.values()) {
                float[] expected = topic.floats(FILE, name);
                float[] actual = Goldens.subset(results.get(name), expected.length);
                double[] sums = groups.computeIfAbsent(group(name.substring(5)), k -> new double[2]);
                for (int i = 0; i < expected.length; i++) {
                    sums[0] += Math.pow((double) actual[i] - expected[i], 2);
                    sums[1] += Math.pow(expected[i], 2);
                }
            }
        }
        groups.forEach((group, sums) -> {
            double relative = Math.sqrt(sums[0] / sums[1]);
            double theirs = errors.get(group).doubleValue();
            assertTrue(relative <= 2 * theirs, topic.name() + ' ' + group + ": " + relative + ", PyTorch " + theirs);
            assertTrue(relative >= theirs / 8, topic.name() + ' ' + group + ": only " + relative);
        });
    }

    /// `conv_in`, `down_blocks.0`, `mid_block` …
    private static String group(String parameter) {
        String[] path = parameter.split("\\.");
        return path[1].matches("\\d+") ? path[0] + '.' + path[1] : path[0];
    }

    private static Value loss(Goldens.Topic topic, Graph graph, Map<String, Object> inputs) {
        var config = UNet2DConditionConfig.parse(topic.json("config.json"), topic.name());
        int batch = topic.shape(FILE, "sample")[0];
        float[] times = topic.floats(FILE, "timestep");
        float[] perSample = new float[batch];
        for (int i = 0; i < batch; i++) {
            perSample[i] = times[times.length == 1 ? 0 : i];
        }
        inputs.put("timestep", perSample);
        Value timestep = graph.input("timestep", DType.F32, Shape.of(batch));
        Map<String, Value> others = new HashMap<>();
        for (String name : List.of("sample", "encoder_hidden_states", "target")) {
            inputs.put(name, topic.floats(FILE, name));
            others.put(name, graph.input(name, DType.F32, Shape.of(topic.shape(FILE, name))));
        }
        Value out = UNet2DConditionModel.forward(Scope.root(graph), config, others.get("sample"), timestep,
                others.get("encoder_hidden_states"));
        Value loss = Ops.meanSquaredError(out, others.get("target"));
        graph.output("loss", loss);
        return loss;
    }

    /// Products of rounded numbers, to the last bit: those of numbers that were rounded before.
    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "WINOGRAD_4"})
    void productsAreThoseOfRoundedNumbers(ConvolutionAlgorithm algorithm) {
        Map<String, float[]> mixed = products(algorithm, CpuKernels.vector(), true);
        Map<String, float[]> rounded = products(algorithm, CpuKernels.vector(), false);
        assertEquals(mixed.keySet(), rounded.keySet());
        mixed.forEach((name, numbers) -> assertArrayEquals(rounded.get(name), numbers, name));
    }

    /// Dot products of bfloat16 numbers add in an order of their own: sums of at most 288 terms of magnitude about one.
    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "WINOGRAD_4"})
    void dotProductsAreThoseOfRoundedNumbers(ConvolutionAlgorithm algorithm) {
        Map<String, float[]> mixed = products(algorithm, CpuKernels.fastest(), true);
        Map<String, float[]> rounded = products(algorithm, CpuKernels.fastest(), false);
        mixed.forEach((name, numbers) -> assertArrayEquals(rounded.get(name), numbers, 288 * 288 * 0x1p-24f, name));
    }

    /// Results and gradients of each kind of product, once by the pass, once of inputs that are rounded before.
    private static Map<String, float[]> products(ConvolutionAlgorithm algorithm, CpuKernels kernels, boolean mixed) {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(2, 16, 16, 32));
        Value filter = graph.parameter("filter", Shape.of(32, 3, 3, 32));
        Value matrix = graph.parameter("matrix", Shape.of(32, 32));
        Value rows = Ops.reshape(x, 2, 256, 32);
        Map<String, Value> results = new TreeMap<>(Map.of(
                "linear", Ops.reshape(Ops.linear(rows, matrix, null), 2, 16, 16, 32),
                "convolution", Ops.conv2d(x, filter, null, Op.Geometry.of(1, 1)),
                "attention", Ops.reshape(Ops.attention(rows, rows, rows, 2, false, null), 2, 16, 16, 32)));
        Value dy = graph.input("dy", DType.F32, Shape.of(2, 16, 16, 32));
        Value last = graph.values().getLast();
        results.forEach(graph::output);
        graph.output("dw linear", Gradients.of(results.get("linear"), dy, List.of(matrix)).get(matrix));
        graph.output("dx linear", Gradients.of(results.get("linear"), dy, List.of(x)).get(x));
        graph.output("dw convolution", Gradients.of(results.get("convolution"), dy, List.of(filter)).get(filter));
        graph.output("dx convolution", Gradients.of(results.get("convolution"), dy, List.of(x)).get(x));
        try (Device device = CpuDevice.open(CpuOptions.defaults().withThreads(2).withConvolutions(algorithm),
                kernels); Variables variables = device.variables(); Arena arena = Arena.ofConfined()) {
            for (Value parameter : List.of(filter, matrix)) {
                String name = ((Op.Parameter) parameter.op()).name();
                variables.define(name, parameter.shape());
                variables.write(name, arena.allocateFrom(ValueLayout.JAVA_FLOAT, numbers(parameter, !mixed)));
            }
            try (DeviceWeights weights = device.weights(new PrefixedCheckpoint(Map.of()), variables);
                    Executable executable = device.compile(mixed ? MixedPrecision.apply(graph, last) : graph, weights,
                            CompileOptions.defaults())) {
                executable.set("x", numbers(x, !mixed));
                executable.set("dy", numbers(dy, !mixed));
                executable.run();
                Map<String, float[]> found = new TreeMap<>();
                graph.outputs().keySet().forEach(name -> found.put(name, executable.get(name)));
                return found;
            }
        }
    }

    private static float[] numbers(Value like, boolean rounded) {
        float[] numbers = new float[like.shape().intCount()];
        var random = new SplittableRandom(like.shape().count());
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextGaussian();
            if (rounded) {
                int bits = Float.floatToRawIntBits(numbers[i]);
                numbers[i] = Float.intBitsToFloat(bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000);
            }
        }
        return numbers;
    }

    /// Between the passes lies one rounded copy, and nothing wider.
    @Test
    void whatIsMultipliedIsRememberedInHalfTheSpace() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(4, 16));
        Value weight = graph.parameter("weight", Shape.of(16, 16));
        Value hidden = Ops.affine(x, 2, 0);
        Value loss = Ops.meanSquaredError(Ops.linear(hidden, weight, null), x);
        graph.output("loss", loss);
        graph.output("gradient", Gradients.of(loss, List.of(weight)).get(weight));
        Graph mixed = MixedPrecision.apply(graph, loss);

        int end = mixed.outputs().get("loss").id();
        List<Value> remembered = mixed.values().stream().filter(v -> v.id() < end && !v.inputs().isEmpty()
                && mixed.values().stream().anyMatch(user -> user.id() > end && user.inputs().contains(v))).toList();
        assertEquals(2, remembered.size(), remembered.toString()); // the layer's operand, and what the loss is of
        assertEquals(List.of(DType.BF16, DType.F32), remembered.stream().map(Value::dtype).toList());
        assertEquals(new Op.Affine(2, 0), remembered.getFirst().input(0).op());
    }
}
