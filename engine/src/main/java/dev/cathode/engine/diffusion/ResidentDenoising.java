package dev.cathode.engine.diffusion;

import dev.cathode.engine.diffusion.ModelParts.UNetSize;
import dev.cathode.engine.diffusion.schedulers.Sampling;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.UpdateOp.SamplerStep;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.models.UNet2DConditionConfig;
import dev.cathode.engine.models.UNet2DConditionModel;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.Variables;
import dev.cathode.weights.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/// Denoising on a device with a memory of its own. One run of the graph is an evaluation of the U-Net, guidance and the
/// sampler's step; sample, history and the network's next input are variables, so that between two runs nothing is
/// copied but the step's index and timestep, and nothing is waited for.
final class ResidentDenoising {
    private final Executable step;
    private final Variables variables;
    private final UNetSize size;
    private final float[][] weights;

    /// @param step of [#graph]
    /// @param weights of the run's steps, by [dev.cathode.engine.diffusion.schedulers.LinearSteps]
    ResidentDenoising(Executable step, Variables variables, UNetSize size, float[][] weights) {
        this.step = step;
        this.variables = variables;
        this.size = size;
        this.weights = weights;
        step.set("weights", SamplerStep.table(weights));
    }

    /// The graph of one step, whose variables are defined where they are not yet. Inputs: `timestep` and
    /// `encoder_hidden_states` as of the U-Net, `noise` `[1, C, H, W]`, `weights` and `index` as [SamplerStep] has
    /// them.
    static Graph graph(UNet2DConditionConfig config, UNetSize size, Variables variables) {
        Graph graph = new Graph();
        int channels = config.inChannels();
        Value input = variable(graph, variables, size, "input", size.batch());
        Value sample = variable(graph, variables, size, "sample", 1);
        Value history = variable(graph, variables, size, "history", SamplerStep.KEPT);
        Value timestep = graph.input("timestep", DType.F32, Shape.of(size.batch()));
        Value context = graph.input("encoder_hidden_states", DType.F32,
                Shape.of(size.batch(), size.length(), config.crossAttentionDim()));
        Value prediction = UNet2DConditionModel.forward(Scope.root(graph), config, input, timestep, context);
        Value noise = graph.input("noise", DType.F32, Shape.of(1, channels, size.height(), size.width()));
        Value weights = graph.input("weights", DType.F32, Shape.of(SamplerStep.MOST_STEPS, SamplerStep.WEIGHTS));
        Value index = graph.input("index", DType.I32, Shape.of());
        graph.effect(graph.add(new SamplerStep(size.batch() == 2),
                List.of(input, sample, history, prediction, noise, weights, index)));
        return graph;
    }

    private static Value variable(Graph graph, Variables variables, UNetSize size, String what, int samples) {
        Shape shape = Shape.of(samples, size.channels(), size.height(), size.width());
        String name = name(what, size);
        if (!variables.shapes().containsKey(name)) {
            variables.define(name, shape);
        }
        return graph.parameter(name, shape);
    }

    private static String name(String what, UNetSize size) {
        return "sampler/" + what + '/' + size.batch() + 'x' + size.height() + 'x' + size.width();
    }

    /// Sets what the run begins with.
    ///
    /// @param sample `[C, H, W]`
    void start(Sampling sampling, float[] sample) {
        float[] scaled = sampling.scaleModelInput(0, sample);
        float[] inputs = new float[size.batch() * scaled.length];
        for (int i = 0; i < size.batch(); i++) {
            System.arraycopy(scaled, 0, inputs, i * scaled.length, scaled.length);
        }
        write("input", inputs);
        write("sample", sample);
    }

    /// Asks for evaluation i and its step.
    ///
    /// @param noise called once if the step adds noise
    void step(int i, double timestep, Supplier<float[]> noise) {
        float[] timesteps = new float[size.batch()];
        Arrays.fill(timesteps, (float) timestep);
        step.set("timestep", timesteps);
        step.set("index", new int[] {i});
        if (SamplerStep.addsNoise(weights[i])) {
            step.set("noise", noise.get());
        }
        step.run();
    }

    private void write(String what, float[] numbers) {
        try (Arena arena = Arena.ofConfined()) {
            variables.write(name(what, size), arena.allocateFrom(ValueLayout.JAVA_FLOAT, numbers));
        }
    }

    /// The sample after what was asked for so far.
    float[] sample() {
        String name = name("sample", size);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment numbers = arena.allocate(ValueLayout.JAVA_FLOAT, variables.shapes().get(name).count());
            variables.read(name, numbers);
            return numbers.toArray(ValueLayout.JAVA_FLOAT);
        }
    }
}
