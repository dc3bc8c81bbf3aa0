package dev.cathode.engine.train;

import dev.cathode.engine.diffusion.schedulers.NoiseSchedule;
import dev.cathode.engine.diffusion.schedulers.PredictionType;
import dev.cathode.engine.diffusion.schedulers.SchedulerConfig;
import dev.cathode.engine.golden.GoldenNetwork;
import dev.cathode.engine.gradients.Gradients;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.models.CLIPTextConfig;
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
import dev.cathode.weights.FileTensor;
import dev.cathode.weights.Goldens;
import dev.cathode.weights.JoinedCheckpoint;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Steps of textual inversion against PyTorch's: losses, the gradient of the new token's embedding, and the embedding.
class TextualInversionGoldenTest {
    private static final Goldens.Topic TOPIC = Goldens.topic("training");
    private static final Goldens.Topic MODEL = Goldens.topic("pipeline");
    private static final String FILE = "textual_inversion.safetensors";
    private static final String ROW = TrainedModel.TEXT + NewTokenVariant.ROW;
    private static final int LENGTH = 77;

    private static final UNet2DConditionConfig UNET =
            UNet2DConditionConfig.parse(MODEL.json("model/unet/config.json"), "unet");
    private static final CLIPTextConfig TEXT =
            CLIPTextConfig.parse(MODEL.json("model/text_encoder/config.json"), "text_encoder");
    private static final DiffusionLoss LOSS = new DiffusionLoss(NoiseSchedule.of(new SchedulerConfig("golden.json",
            "DDPMScheduler", TOPIC.json().get("scheduler"))), PredictionType.EPSILON, false);

    @Test
    void theRowMovesAsInPyTorch() {
        int[] shape = TOPIC.shape(FILE, "latents"); // [steps, batch, C, h, w]
        Map<String, Shape> row = TrainingStep.parameters(objective(shape[1]), ROW::equals);
        var options = new StepOptions(Optimizer.AdamW.defaults(), 0, false);
        float[] losses = new float[shape[0]];
        float[] gradients = new float[shape[0] * TEXT.hiddenSize()];
        float[] rows = new float[gradients.length];
        Checkpoint weights = weights();
        Graph differentiated = objective(shape[1]);
        Value parameter = differentiated.parameters().get(ROW);
        differentiated.output("gradient", Gradients.of(differentiated.outputs().get("loss"), List.of(parameter))
                .get(parameter));
        try (Device device = CpuDevice.open(CpuOptions.defaults().withThreads(2));
                var state = new TrainingState(device, row, Map.of(), options, false);
                DeviceWeights onDevice = device.weights(weights, state.variables());
                Executable gradient = device.compile(differentiated, onDevice, CompileOptions.defaults());
                var step = new TrainingStep(device, weights, state, options, false,
                        TextualInversionGoldenTest::objective)) {
            state.start(weights);
            for (int i = 0; i < shape[0]; i++) {
                int index = i;
                set(gradient, i);
                gradient.run();
                System.arraycopy(gradient.get("gradient"), 0, gradients, i * TEXT.hiddenSize(), TEXT.hiddenSize());
                losses[i] = (float) step.run(i + 1, TOPIC.json().at("/settings/lr").doubleValue(), 0, shape[1],
                        List.of(new TrainingStep.Batch(shape[1], executable -> set(executable, index)))
                                .iterator()).loss();
                float[] now = state.tensors("").getFirst().data().get().toArray(ValueLayout.JAVA_FLOAT);
                System.arraycopy(now, 0, rows, i * now.length, now.length);
            }
        }
        TOPIC.assertMatches(FILE, "loss", losses);
        TOPIC.assertMatches(FILE, "row_grad", gradients);
        TOPIC.assertMatches(FILE, "row", rows);
    }

    private static Graph objective(int batch) {
        int[] shape = TOPIC.shape(FILE, "latents");
        Graph graph = new Graph();
        Value context = NewTokenVariant.context(graph, TEXT, batch, LENGTH, "");
        LOSS.addTo(graph, Shape.of(batch, shape[2], shape[3], shape[4]), (noisy, timestep) ->
                UNet2DConditionModel.forward(new Scope(graph, TrainedModel.UNET), UNET, noisy, timestep, context));
        return graph;
    }

    private static void set(Executable executable, int step) {
        int batch = TOPIC.shape(FILE, "latents")[1];
        for (String name : List.of("latents", "noise")) {
            float[] all = TOPIC.floats(FILE, name);
            int size = all.length / TOPIC.shape(FILE, name)[0];
            executable.set(name, Arrays.copyOfRange(all, step * size, (step + 1) * size));
        }
        // The new token is the first one after the table.
        NewTokenVariant.setIds(executable, Arrays.copyOfRange(GoldenNetwork.ints(TOPIC, FILE, "input_ids"),
                step * batch * LENGTH, (step + 1) * batch * LENGTH), TEXT.vocabSize());
        LOSS.setTimesteps(executable, Arrays.copyOfRange(GoldenNetwork.ints(TOPIC, FILE, "timesteps"), step * batch,
                (step + 1) * batch), 0);
    }

    /// The model's weights and the row that training begins with; stays open: the files belong to the goldens.
    private static Checkpoint weights() {
        Checkpoint text = MODEL.file("model/text_encoder/model.safetensors");
        float[] table = Goldens.floats(text.tensor("text_model.embeddings.token_embedding.weight"));
        int token = TOPIC.json().at("/settings/initial_token").intValue();
        int columns = TEXT.hiddenSize();
        MemorySegment row = Arena.ofAuto().allocate(4L * columns, 4);
        MemorySegment.copy(table, token * columns, row, ValueLayout.JAVA_FLOAT, 0, columns);
        return new JoinedCheckpoint(List.of(new PrefixedCheckpoint(Map.of(TrainedModel.TEXT, text, TrainedModel.UNET,
                MODEL.file("model/unet/diffusion_pytorch_model.safetensors"))),
                new OneTensor(new FileTensor(ROW, DType.F32, List.of((long) columns, 1L), row))));
    }
}
