package dev.cathode.roentgen.classify;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.models.DenseNet;
import dev.cathode.engine.runtime.CompileOptions;
import dev.cathode.engine.runtime.CompiledNetwork;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.DeviceWeights;
import dev.cathode.engine.runtime.Executable;
import dev.cathode.engine.runtime.ExtraTensors;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.Checkpoints;
import dev.cathode.weights.ComponentNames;
import java.nio.file.Path;
import java.util.List;

/// Judges pictures. Not for several threads at once.
public final class ClassifierPredictor implements AutoCloseable {
    private static final List<String> HARMLESS = List.of(".*\\.num_batches_tracked");
    /// A last, smaller batch beside the usual one.
    private static final int SIZES = 2;

    private final ClassifierConfig config;
    private final Checkpoint checkpoint;
    private final CompiledNetwork<Integer> network;

    private ClassifierPredictor(ClassifierConfig config, Checkpoint checkpoint, Device device, DeviceWeights weights) {
        this.config = config;
        this.checkpoint = checkpoint;
        network = new CompiledNetwork<>(device, weights, batch -> graph(config, batch), CompileOptions.defaults(),
                SIZES);
    }

    private static Graph graph(ClassifierConfig config, int batch) {
        return DenseNet.graph(config.network(), batch, config.imageSize(), config.imageSize());
    }

    /// Opens a classifier.
    ///
    /// @param folder with `config.json` and `model.safetensors`
    /// @throws dev.cathode.weights.CheckpointException if one is missing, broken, or they do not belong together
    public static ClassifierPredictor open(Path folder, Device device) {
        ClassifierConfig config = ClassifierConfig.read(folder);
        Checkpoint checkpoint = ComponentNames.denseNet(Checkpoints.open(folder.resolve(ClassifierConfig.WEIGHTS)));
        try {
            ExtraTensors.refuse(checkpoint, List.of(graph(config, 1)), HARMLESS);
            return new ClassifierPredictor(config, checkpoint, device, device.weights(checkpoint));
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    /// What it judges, and how.
    public ClassifierConfig config() {
        return config;
    }

    /// How probable each label is for each picture.
    ///
    /// @param images at any size; they are judged at once
    /// @return `[pictures, labels]`, row by row, from 0 to 1
    public float[] probabilities(List<RgbImage> images) {
        int plane = config.imageSize() * config.imageSize();
        float[] pixels = new float[images.size() * plane];
        for (int i = 0; i < images.size(); i++) {
            System.arraycopy(config.pixels(images.get(i)), 0, pixels, i * plane, plane);
        }
        return sigmoid(logits(pixels, images.size()));
    }

    private float[] logits(float[] pixels, int count) {
        Executable executable = network.at(count);
        executable.set("pixel_values", pixels);
        executable.run();
        return executable.get("logits");
    }

    static float[] sigmoid(float[] logits) {
        float[] probabilities = new float[logits.length];
        for (int i = 0; i < logits.length; i++) {
            probabilities[i] = (float) (1 / (1 + Math.exp(-logits[i])));
        }
        return probabilities;
    }

    @Override
    public void close() {
        network.close();
        checkpoint.close();
    }
}
