package dev.cathode.engine.train;

import dev.cathode.engine.diffusion.schedulers.NoiseSchedule;
import dev.cathode.engine.diffusion.schedulers.PredictionType;
import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Ops;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.weights.DType;

/// The loss of a diffusion model: `mean (network(√a·z + √(1-a)·ε, t, c) - target)²` (Ho et al. 2020,
/// https://arxiv.org/abs/2006.11239), where the target is ε, or what else the model predicts.
///
/// Inputs that it adds to the graph: `latents` z F32 `[N, C, h, w]` (already scaled), `noise` ε of the same shape,
/// `timestep` F32 `[N]`, `signal_level` √a `[N]`, `noise_level` √(1-a) `[N]`, and `loss_weights` `[N]` if weighted.
///
/// @param schedule how much noise a timestep has
/// @param prediction what the network predicts
/// @param weighted whether each sample has a weight
public record DiffusionLoss(NoiseSchedule schedule, PredictionType prediction, boolean weighted) {
    /// The network that the loss is of: noisy latents `[N, C, h, w]` and timesteps `[N]` to a prediction.
    @FunctionalInterface
    public interface Network {
        /// Adds the network to the graph of its operands.
        Value predict(Value noisy, Value timestep);
    }

    /// Adds inputs, network and output `loss` to a graph; the prediction becomes a tap `prediction`.
    ///
    /// @param latents the shape `[N, C, h, w]`
    public void addTo(Graph graph, Shape latents, Network network) {
        Terms terms = terms(graph, latents, network);
        graph.output(StepGraphs.LOSS, loss(terms, 0, latents.dim(0)));
    }

    /// As [#addTo(Graph, Shape, Network)] for DreamBooth's prior preservation (Ruiz et al. 2023,
    /// https://arxiv.org/abs/2208.12242): the second half of the batch shows the class, and the loss is the mean over
    /// the first half plus `priorWeight` times that over the second.
    public void addToWithPrior(Graph graph, Shape latents, double priorWeight, Network network) {
        if (latents.dim(0) % 2 != 0) {
            throw new IllegalArgumentException("with prior preservation a batch has as many pictures of the class as of"
                    + " the instance, so " + latents.dim(0) + " is no batch");
        }
        Terms terms = terms(graph, latents, network);
        int half = latents.dim(0) / 2;
        Value instances = loss(terms, 0, half);
        Value classes = loss(terms, half, 2 * half);
        graph.output(StepGraphs.LOSS, Ops.add(instances, Ops.affine(classes, priorWeight, 0)));
    }

    private record Terms(Value prediction, Value target, Value weights) { }

    private Terms terms(Graph graph, Shape shape, Network network) {
        int batch = shape.dim(0);
        Value latents = graph.input("latents", DType.F32, shape);
        Value noise = graph.input("noise", DType.F32, shape);
        Value timestep = graph.input("timestep", DType.F32, Shape.of(batch));
        Value signal = Ops.reshape(graph.input("signal_level", DType.F32, Shape.of(batch)), batch, 1, 1, 1);
        Value level = Ops.reshape(graph.input("noise_level", DType.F32, Shape.of(batch)), batch, 1, 1, 1);
        Value weights = weighted ? graph.input("loss_weights", DType.F32, Shape.of(batch)) : null;
        Value noisy = Ops.add(Ops.multiply(latents, signal), Ops.multiply(noise, level));
        Value target = switch (prediction) {
            case EPSILON -> noise;
            case V_PREDICTION -> Ops.subtract(Ops.multiply(noise, signal), Ops.multiply(latents, level));
            case SAMPLE -> latents;
        };
        return new Terms(graph.tap("prediction", network.predict(noisy, timestep)), target, weights);
    }

    private static Value loss(Terms terms, int start, int end) {
        boolean all = end - start == terms.prediction.shape().dim(0);
        Value prediction = all ? terms.prediction : Ops.slice(terms.prediction, 0, start, end);
        Value target = all ? terms.target : Ops.slice(terms.target, 0, start, end);
        if (terms.weights == null) {
            return Ops.meanSquaredError(prediction, target);
        }
        return Ops.meanSquaredError(prediction, target, all ? terms.weights : Ops.slice(terms.weights, 0, start, end));
    }

    /// Sets the inputs that follow from the timesteps: `timestep`, both levels, and the weights if there are any.
    ///
    /// @param timesteps one for each sample
    /// @param snrGamma cap of the signal-to-noise ratio in the weights (Hang et al. 2023,
    ///         https://arxiv.org/abs/2303.09556); not read if the loss is not weighted
    public void setTimesteps(Executable executable, int[] timesteps, double snrGamma) {
        float[] times = new float[timesteps.length];
        float[] signal = new float[timesteps.length];
        float[] level = new float[timesteps.length];
        float[] weights = new float[timesteps.length];
        for (int i = 0; i < timesteps.length; i++) {
            double product = schedule.alphasCumprod(timesteps[i]);
            times[i] = timesteps[i];
            signal[i] = (float) Math.sqrt(product);
            level[i] = (float) Math.sqrt(1 - product);
            weights[i] = (float) minSnrWeight(timesteps[i], snrGamma);
        }
        executable.set("timestep", times);
        executable.set("signal_level", signal);
        executable.set("noise_level", level);
        if (weighted) {
            executable.set("loss_weights", weights);
        }
    }

    /// The signal-to-noise ratio `a / (1 - a)` of a timestep.
    public double snr(int timestep) {
        double product = schedule.alphasCumprod(timestep);
        return product / (1 - product);
    }

    /// The weight of a timestep's loss when the signal-to-noise ratio counts at most `gamma`.
    public double minSnrWeight(int timestep, double gamma) {
        double snr = snr(timestep);
        return switch (prediction) {
            case EPSILON -> Math.min(snr, gamma) / snr;
            case V_PREDICTION -> Math.min(snr, gamma) / (snr + 1);
            case SAMPLE -> Math.min(snr, gamma);
        };
    }
}
