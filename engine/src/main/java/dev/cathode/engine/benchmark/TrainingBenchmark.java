package dev.cathode.engine.benchmark;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.models.StableDiffusion14;
import dev.cathode.engine.models.UNet2DConditionConfig;
import dev.cathode.engine.models.UNet2DConditionModel;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.random.RandomWeights;
import dev.cathode.engine.random.TorchGenerator;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.train.Optimizer;
import dev.cathode.engine.train.StepOptions;
import dev.cathode.engine.train.TrainingState;
import dev.cathode.engine.train.TrainingStep;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.DType;
import dev.cathode.weights.ModelSource;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Times whole training steps of a U-Net: loss, gradients, AdamW on every parameter, in float32.
public final class TrainingBenchmark {
    private static final double LEARNING_RATE = 1e-5;

    private TrainingBenchmark() { }

    /// Makes `warmup` steps uncounted, then `runs` that count.
    ///
    /// @param model its U-Net; empty: Stable Diffusion 1.4 with random weights
    /// @param batch samples
    /// @param width columns of the latents
    /// @param height rows of the latents
    /// @param length positions of the text
    /// @param maxGradNorm gradients are clipped to this norm; 0: not, and each is used as soon as it is known
    /// @param bfloat16 whether the step rounds what it multiplies ([StepOptions#bfloat16()])
    public static NetworkBenchmark.Result run(Device device, Optional<ModelSource> model, int batch, int width, int height,
                                              int length, double maxGradNorm, boolean bfloat16, int warmup, int runs) {
        UNet2DConditionConfig config = model.map(m -> UNet2DConditionConfig.parse(m.component("unet").config(), m.source()))
                .orElseGet(StableDiffusion14::unet);
        Graph graph = loss(config, batch, width, height, length);
        Checkpoint weights = model.map(m -> m.component("unet").weights()).orElseGet(() -> new RandomWeights(0, graph));
        var options = new StepOptions(Optimizer.AdamW.defaults(), maxGradNorm, false, false, bfloat16);
        long start = System.nanoTime();
        try (var state = new TrainingState(device, TrainingStep.parameters(graph, name -> true), Map.of(), options, false);
                var step = new TrainingStep(device, weights, state, options, false, samples -> graph)) {
            state.start(weights);
            Executable executable = step.executable(batch);
            double loadSeconds = (System.nanoTime() - start) * 1e-9;
            for (String name : List.of("sample", "encoder_hidden_states", "target")) {
                executable.set(name, new TorchGenerator(1).randn(executable.inputs().get(name).intCount()));
            }
            executable.set("timestep", new TorchGenerator(2).randn(batch));
            long[] made = {0};
            Runnable once = () -> {
                Iterator<TrainingStep.Batch> one = List.of(new TrainingStep.Batch(batch, e -> { })).iterator();
                if (!step.run(++made[0], LEARNING_RATE, 0, batch, one).finite()) {
                    throw new IllegalStateException("the loss of step " + made[0] + " is not finite");
                }
            };
            once.run();
            List<Executable.StepProfile> steps = executable.profile();
            double flops = steps.stream().mapToDouble(Executable.StepProfile::flops).sum();
            Timing timing = Timing.of("training step", "", flops, warmup - 1, runs, once);
            return new NetworkBenchmark.Result(timing, executable.profile(), executable.plan().arenaBytes(), state.bytes(),
                    loadSeconds);
        }
    }

    private static Graph loss(UNet2DConditionConfig config, int batch, int width, int height, int length) {
        Graph graph = new Graph();
        Shape latents = Shape.of(batch, config.inChannels(), height, width);
        Value sample = graph.input("sample", DType.F32, latents);
        Value timestep = graph.input("timestep", DType.F32, Shape.of(batch));
        Value context = graph.input("encoder_hidden_states", DType.F32,
                Shape.of(batch, length, config.crossAttentionDim()));
        Value target = graph.input("target", DType.F32, latents);
        graph.output("loss", Ops.meanSquaredError(UNet2DConditionModel.forward(Scope.root(graph), config, sample, timestep,
                context), target));
        return graph;
    }
}
