package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.diffusion.schedulers.NoiseSchedule;
import dev.cathode.engine.diffusion.schedulers.PredictionType;
import dev.cathode.engine.diffusion.schedulers.SchedulerConfig;
import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.models.CLIPTextConfig;
import dev.cathode.engine.models.CLIPTextModel;
import dev.cathode.engine.models.UNet2DConditionConfig;
import dev.cathode.engine.models.UNet2DConditionModel;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import dev.cathode.weights.Goldens;
import dev.cathode.weights.SafetensorsWriter;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Whole training runs of a few steps against PyTorch's: losses, gradient norms, and how far parameters moved.
class TrainingGoldenTest {
    static final Goldens.Topic TOPIC = Goldens.topic("training");
    private static final Goldens.Topic MODEL = Goldens.topic("pipeline");
    private static final JsonNode SETTINGS = TOPIC.json().get("settings");
    private static final String UNET = "unet.";
    private static final String TEXT = "text_encoder.";

    private static final UNet2DConditionConfig UNET_CONFIG =
            UNet2DConditionConfig.parse(MODEL.json("model/unet/config.json"), "unet");
    private static final CLIPTextConfig TEXT_CONFIG =
            CLIPTextConfig.parse(MODEL.json("model/text_encoder/config.json"), "text_encoder");
    static final NoiseSchedule SCHEDULE = NoiseSchedule.of(new SchedulerConfig("golden.json", "DDPMScheduler",
            TOPIC.json().get("scheduler")));

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void unetWithMovingAverage(boolean accumulate) {
        run(TrainingGoldenTest::device, "unet.safetensors", UNET::equals, true, accumulate, 0);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void unetAndTextEncoder(boolean accumulate) {
        run(TrainingGoldenTest::device, "joint.safetensors", prefix -> true, false, accumulate, 0);
    }

    @Test
    void priorPreservation() {
        priorPreservation(TrainingGoldenTest::device);
    }

    /// Half of each batch shows the class.
    static void priorPreservation(Supplier<Device> devices) {
        run(devices, "prior.safetensors", UNET::equals, false, false, SETTINGS.get("prior_weight").doubleValue());
    }

    @Test
    void otherTargetsAndWeights() {
        String file = "losses.safetensors";
        int[] shape = TOPIC.shape(file, "latents");
        int[] timesteps = GoldenNetwork.ints(TOPIC, file, "timesteps");
        float[] snr = new float[timesteps.length];
        try (Device device = device(); DeviceWeights onDevice = device.weights(weights())) {
            for (PredictionType type : List.of(PredictionType.EPSILON, PredictionType.V_PREDICTION)) {
                for (boolean weighted : new boolean[] {false, true}) {
                    var loss = new DiffusionLoss(SCHEDULE, type, weighted);
                    Graph graph = objective(loss, 0, Shape.of(shape[1], shape[2], shape[3], shape[4]));
                    try (Executable executable = device.compile(graph, onDevice,
                            CompileOptions.defaults().withTaps(Set.of("prediction")))) {
                        set(executable, file, loss, 0, 0, shape[1]);
                        executable.run();
                        String name = type.key() + (weighted ? "_min_snr5" : "");
                        TOPIC.assertMatches(file, name, executable.get("loss"));
                        TOPIC.assertMatches(file, "prediction", executable.get("tap.prediction"));
                    }
                    for (int i = 0; i < snr.length; i++) {
                        snr[i] = (float) loss.snr(timesteps[i]);
                    }
                }
            }
        }
        TOPIC.assertMatches(file, "snr", snr);
    }

    /// A run with the data of a golden file; with `accumulate` each sample is a batch of its own.
    static void run(Supplier<Device> devices, String file, Predicate<String> trained, boolean ema, boolean accumulate,
                    double priorWeight) {
        int[] shape = TOPIC.shape(file, "latents"); // [steps, batch, C, h, w]
        var loss = new DiffusionLoss(SCHEDULE, PredictionType.EPSILON, false);
        IntFunction<Graph> objective = batch -> objective(loss, priorWeight, Shape.of(batch, shape[2], shape[3], shape[4]));
        var options = new StepOptions(Optimizer.AdamW.defaults(), SETTINGS.get("clip").doubleValue(), ema);
        Map<String, Shape> trainable = TrainingStep.parameters(objective.apply(shape[1]),
                name -> trained.test(name.substring(0, name.indexOf('.') + 1)));
        float[] losses = new float[shape[0]];
        float[] norms = new float[shape[0]];
        Checkpoint weights = weights();
        try (Device device = devices.get();
                var state = new TrainingState(device, trainable, Map.of(), options, accumulate)) {
            state.start(weights);
            try (var step = new TrainingStep(device, weights, state, options, accumulate, objective)) {
                for (int i = 0; i < shape[0]; i++) {
                    int index = i;
                    List<TrainingStep.Batch> batches = accumulate
                            ? IntStream.range(0, shape[1]).mapToObj(sample -> new TrainingStep.Batch(1,
                                    executable -> set(executable, file, loss, index, sample, 1))).toList()
                            : List.of(new TrainingStep.Batch(shape[1],
                                    executable -> set(executable, file, loss, index, 0, shape[1])));
                    double decay = ema ? TOPIC.floats(file, "ema_decay")[i] : 0;
                    TrainingStep.Result result = step.run(i + 1, SETTINGS.get("lr").doubleValue(), decay, shape[1],
                            batches.iterator());
                    assertTrue(result.finite());
                    losses[i] = (float) result.loss();
                    norms[i] = (float) result.gradientNorm();
                }
            }
            TOPIC.assertMatches(file, "loss", losses);
            TOPIC.assertMatches(file, "grad_norm", norms);
            TOPIC.json().get("files").get(file).get("groups").propertyStream().forEach(group ->
                    assertMoved(file, group.getKey(), group.getValue(), state, weights));
        }
    }

    /// Asserts that a group of parameters moved as PyTorch's did: the L2 norm of the difference over all of them is
    /// small beside that of the way they went. Key biases are left out: their gradient is rounding noise.
    private static void assertMoved(String file, String group, JsonNode expected, TrainingState state, Checkpoint start) {
        boolean average = group.equals("ema.");
        double off = 0;
        double way = 0;
        int tensors = 0;
        for (SafetensorsWriter.Entry entry : state.tensors(average ? "ema" : "")) {
            if (!average && !entry.name().startsWith(group) || entry.name().startsWith(TEXT)
                    && entry.name().endsWith("k_proj.bias")) {
                continue;
            }
            String golden = average ? group + entry.name().substring(UNET.length()) : entry.name();
            float[] there = TOPIC.floats(file, golden);
            float[] before = Goldens.subset(Goldens.floats(start.tensor(entry.name())), there.length);
            float[] here = Goldens.subset(entry.data().get().toArray(ValueLayout.JAVA_FLOAT),
                    there.length);
            for (int i = 0; i < there.length; i++) {
                off += Math.pow((double) here[i] - there[i], 2);
                way += Math.pow((double) there[i] - before[i], 2);
            }
            tensors++;
        }
        assertEquals(expected.get("tensors").intValue(), tensors, group);
        double relative = Math.sqrt(off / way);
        assertTrue(relative <= expected.get("l2_tol").doubleValue(), file + ' ' + group + " is off by " + relative);
    }

    static Graph objective(DiffusionLoss loss, double priorWeight, Shape latents) {
        Graph graph = new Graph();
        Value ids = graph.input("input_ids", DType.I32, Shape.of(latents.dim(0), 77));
        Value context = CLIPTextModel.forward(new Scope(graph, TEXT), TEXT_CONFIG, ids, null, null, 0).lastHiddenState();
        DiffusionLoss.Network network = (noisy, timestep) ->
                UNet2DConditionModel.forward(new Scope(graph, UNET), UNET_CONFIG, noisy, timestep, context);
        if (priorWeight == 0) {
            loss.addTo(graph, latents, network);
        } else {
            loss.addToWithPrior(graph, latents, priorWeight, network);
        }
        return graph;
    }

    /// Sets the inputs of samples `first` to `first + count` of a step.
    static void set(Executable executable, String file, DiffusionLoss loss, int step, int first, int count) {
        int[] shape = TOPIC.shape(file, "latents");
        int start = step * shape[1] + first;
        for (String name : List.of("latents", "noise")) {
            int size = shape[2] * shape[3] * shape[4];
            executable.set(name, Arrays.copyOfRange(TOPIC.floats(file, name), start * size, (start + count) * size));
        }
        executable.set("input_ids", Arrays.copyOfRange(GoldenNetwork.ints(TOPIC, file, "input_ids"), start * 77,
                (start + count) * 77));
        loss.setTimesteps(executable, Arrays.copyOfRange(GoldenNetwork.ints(TOPIC, file, "timesteps"), start,
                start + count), 5);
    }

    static Device device() {
        return CpuDevice.open(CpuOptions.defaults().withThreads(2));
    }

    /// Stays open: the files belong to the goldens.
    static Checkpoint weights() {
        Map<String, Checkpoint> parts = new LinkedHashMap<>();
        parts.put(UNET, MODEL.file("model/unet/diffusion_pytorch_model.safetensors"));
        parts.put(TEXT, MODEL.file("model/text_encoder/model.safetensors"));
        return new PrefixedCheckpoint(parts);
    }
}
