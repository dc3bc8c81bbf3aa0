package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.diffusion.schedulers.NoiseSchedule;
import dev.cathode.engine.diffusion.schedulers.PredictionType;
import dev.cathode.engine.diffusion.schedulers.SchedulerConfig;
import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.gradients.Gradients;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.models.CLIPTextConfig;
import dev.cathode.engine.models.CLIPTextModel;
import dev.cathode.engine.models.UNet2DConditionConfig;
import dev.cathode.engine.models.UNet2DConditionModel;
import dev.cathode.engine.nn.Adapters;
import dev.cathode.engine.nn.LowRank;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.engine.train.recipe.TrainingMethod.Lora;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import dev.cathode.weights.Goldens;
import dev.cathode.weights.JoinedCheckpoint;
import dev.cathode.weights.LoraOption;
import dev.cathode.weights.ModelOptions;
import dev.cathode.weights.ModelSource;
import dev.cathode.weights.RenamedCheckpoint;
import dev.cathode.weights.SafetensorsWriter;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Low-rank additions against peft's: what they predict, their gradients, how training moves them, and files of them
/// merged into the weights.
class LoraGoldenTest {
    private static final Goldens.Topic TOPIC = Goldens.topic("training");
    private static final Goldens.Topic MODEL = Goldens.topic("pipeline");
    private static final String FILE = "lora.safetensors";
    private static final String INITIAL = "initial.";
    private static final String FINAL = "final.";
    private static final JsonNode SETTINGS = TOPIC.json().get("settings");

    private static final UNet2DConditionConfig UNET =
            UNet2DConditionConfig.parse(MODEL.json("model/unet/config.json"), "unet");
    private static final CLIPTextConfig TEXT =
            CLIPTextConfig.parse(MODEL.json("model/text_encoder/config.json"), "text_encoder");
    private static final DiffusionLoss LOSS = new DiffusionLoss(NoiseSchedule.of(new SchedulerConfig("golden.json",
            "DDPMScheduler", TOPIC.json().get("scheduler"))), PredictionType.EPSILON, false);
    private static final LowRank LOW_RANK = new LowRank(SETTINGS.at("/lora/rank").intValue(),
            SETTINGS.at("/lora/alpha").doubleValue(), Lora.ATTENTION, "");

    @Test
    void predictionAndGradients() {
        Graph graph = objective(LOW_RANK, batch());
        Set<String> factors = TrainingStep.parameters(graph, LoraGoldenTest::isFactor).keySet();
        Map<Value, Value> gradients = Gradients.of(graph.outputs().get("loss"),
                factors.stream().map(graph.parameters()::get).toList());
        factors.forEach(name -> graph.output("grad." + name, gradients.get(graph.parameters().get(name))));
        try (Device device = device(); DeviceWeights weights = device.weights(weights());
                Executable executable = device.compile(graph, weights,
                        CompileOptions.defaults().withTaps(Set.of("prediction")))) {
            set(executable, 0);
            executable.run();
            TOPIC.assertMatches(FILE, "prediction", executable.get("tap.prediction"));
            factors.forEach(name -> TOPIC.assertMatches(FILE, "grad." + name.substring("unet.".length()),
                    executable.get("grad." + name)));
        }
    }

    @Test
    void trainingMovesTheFactorsAlone() {
        Map<String, Shape> factors = TrainingStep.parameters(objective(LOW_RANK, batch()), LoraGoldenTest::isFactor);
        var options = new StepOptions(Optimizer.AdamW.defaults(), 0, false);
        int steps = TOPIC.shape(FILE, "latents")[0];
        float[] losses = new float[steps];
        Checkpoint weights = weights();
        try (Device device = device(); var state = new TrainingState(device, factors, Map.of(), options, false)) {
            state.start(weights);
            try (var step = new TrainingStep(device, weights, state, options, false,
                    size -> objective(LOW_RANK, size))) {
                for (int i = 0; i < steps; i++) {
                    int index = i;
                    var one = new TrainingStep.Batch(batch(), executable -> set(executable, index));
                    losses[i] = (float) step.run(i + 1, SETTINGS.get("lr").doubleValue(), 0, batch(),
                            List.of(one).iterator()).loss();
                }
            }
            TOPIC.assertMatches(FILE, "loss", losses);
            assertMoved(state, weights);
        }
    }

    private static void assertMoved(TrainingState state, Checkpoint start) {
        JsonNode group = TOPIC.json().get("files").get(FILE).get("groups").get(FINAL);
        double off = 0;
        double way = 0;
        int tensors = 0;
        for (SafetensorsWriter.Entry entry : state.tensors("")) {
            float[] there = TOPIC.floats(FILE, FINAL + entry.name().substring("unet.".length()));
            float[] before = Goldens.subset(Goldens.floats(start.tensor(entry.name())), there.length);
            float[] here = Goldens.subset(entry.data().get().toArray(ValueLayout.JAVA_FLOAT), there.length);
            for (int i = 0; i < there.length; i++) {
                off += Math.pow((double) here[i] - there[i], 2);
                way += Math.pow((double) there[i] - before[i], 2);
            }
            tensors++;
        }
        assertEquals(group.get("tensors").intValue(), tensors);
        double relative = Math.sqrt(off / way);
        assertTrue(relative <= group.get("l2_tol").doubleValue(), "factors are off by " + relative);
    }

    /// diffusers' file, which does not hold alpha, and kohya's, which does.
    @Test
    void filesMergeIntoTheWeights() {
        TOPIC.json().get("lora_files").propertyStream().forEach(file -> {
            var option = new LoraOption(TOPIC.path("lora/" + file.getKey()),
                    file.getValue().get("scale_to_apply").doubleValue());
            try (ModelSource model = ModelSource.open(MODEL.path("model"),
                    ModelOptions.DEFAULT.withLoras(List.of(option)));
                    Device device = device();
                    DeviceWeights weights = device.weights(new PrefixedCheckpoint(Map.of("unet.",
                            model.component("unet").weights(), "text_encoder.",
                            model.component("text_encoder").weights())));
                    Executable executable = device.compile(objective(Adapters.NONE, batch()), weights,
                            CompileOptions.defaults().withTaps(Set.of("prediction")))) {
                set(executable, 0);
                executable.run();
                TOPIC.assertMatches(FILE, "prediction", executable.get("tap.prediction"));
            }
        });
    }

    private static boolean isFactor(String name) {
        return name.contains(".lora_");
    }

    private static int batch() {
        return TOPIC.shape(FILE, "latents")[1];
    }

    private static Graph objective(Adapters adapters, int batch) {
        int[] shape = TOPIC.shape(FILE, "latents");
        Graph graph = new Graph();
        Value ids = graph.input("input_ids", DType.I32, Shape.of(batch, 77));
        Value context = CLIPTextModel.forward(new Scope(graph, "text_encoder."), TEXT, ids, null, null, 0)
                .lastHiddenState();
        LOSS.addTo(graph, Shape.of(batch, shape[2], shape[3], shape[4]), (noisy, timestep) ->
                UNet2DConditionModel.forward(new Scope(graph, "unet.", adapters), UNET, noisy, timestep, context));
        return graph;
    }

    private static void set(Executable executable, int step) {
        int batch = batch();
        for (String name : List.of("latents", "noise")) {
            float[] all = TOPIC.floats(FILE, name);
            int size = all.length / TOPIC.shape(FILE, name)[0];
            executable.set(name, Arrays.copyOfRange(all, step * size, (step + 1) * size));
        }
        executable.set("input_ids", Arrays.copyOfRange(GoldenNetwork.ints(TOPIC, FILE, "input_ids"), step * batch * 77,
                (step + 1) * batch * 77));
        LOSS.setTimesteps(executable, Arrays.copyOfRange(GoldenNetwork.ints(TOPIC, FILE, "timesteps"), step * batch,
                (step + 1) * batch), 0);
    }

    private static Device device() {
        return CpuDevice.open(CpuOptions.defaults().withThreads(2));
    }

    /// The model's weights, and the factors that training begins with. Stays open: the files belong to the goldens.
    private static Checkpoint weights() {
        Map<String, RenamedCheckpoint.Part> factors = new LinkedHashMap<>();
        TOPIC.file(FILE).names().stream().filter(name -> name.startsWith(INITIAL)).forEach(name ->
                factors.put(name.substring(INITIAL.length()), RenamedCheckpoint.Part.of(name)));
        return new JoinedCheckpoint(List.of(new PrefixedCheckpoint(Map.of(
                "unet.", MODEL.file("model/unet/diffusion_pytorch_model.safetensors"),
                "text_encoder.", MODEL.file("model/text_encoder/model.safetensors"))),
                new PrefixedCheckpoint(Map.of("unet.", new RenamedCheckpoint(TOPIC.file(FILE), factors)))));
    }
}
