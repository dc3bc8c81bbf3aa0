package dev.cathode.engine.train;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.models.AutoencoderKL;
import dev.cathode.engine.models.DiagonalGaussianDistribution;
import dev.cathode.engine.nn.Scope;
import dev.cathode.engine.graph.Shape;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.CompiledNetwork;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.weights.DType;
import java.util.Arrays;

/// Pictures to the distributions of their latents, by the frozen autoencoder.
final class LatentEncoder implements AutoCloseable {
    private final TrainedModel model;
    private final int side;
    private final CompiledNetwork<Integer> network;

    /// @param side of the pictures, in pixels
    LatentEncoder(Device device, TrainedModel model, int side) {
        this.model = model;
        this.side = side;
        network = new CompiledNetwork<>(device, device.weights(model.weights()), this::graph, CompileOptions.defaults(), 2);
    }

    private Graph graph(int batch) {
        Graph graph = new Graph();
        Value image = graph.input("image", DType.F32, Shape.of(batch, model.vae().inChannels(), side, side));
        var moments = AutoencoderKL.encode(new Scope(graph, TrainedModel.VAE), model.vae(), image);
        graph.output("mean", moments.mean());
        graph.output("logvar", moments.logvar());
        return graph;
    }

    /// Side of the latents.
    int latentSide() {
        return side / model.vae().scaleFactor();
    }

    /// The shape of the latents of a batch.
    Shape shape(int batch) {
        return Shape.of(batch, model.vae().latentChannels(), latentSide(), latentSide());
    }

    /// Numbers of one latent.
    int count() {
        return model.vae().latentChannels() * latentSide() * latentSide();
    }

    /// The distribution of the latent of one picture, planes `[3, side, side]` in [-1, 1].
    DiagonalGaussianDistribution encode(float[] planes) {
        Executable executable = network.at(1);
        executable.set("image", planes);
        executable.run();
        return new DiagonalGaussianDistribution(Arrays.copyOf(executable.get("mean"), count()), executable.get("logvar"));
    }

    @Override
    public void close() {
        network.close();
    }
}
