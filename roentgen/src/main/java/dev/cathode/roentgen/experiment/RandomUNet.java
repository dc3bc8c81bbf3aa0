package dev.cathode.roentgen.experiment;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.models.UNet2DConditionConfig;
import dev.cathode.engine.models.UNet2DConditionModel;
import dev.cathode.engine.random.RandomWeights;
import dev.cathode.engine.train.AtomicFolder;
import dev.cathode.weights.SafetensorsWriter;
import dev.cathode.weights.file.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// A model that has learned nothing: another one with a U-Net of random weights in PyTorch's distribution. What an
/// experiment finds for it is chance.
public final class RandomUNet {
    private static final String UNET = "unet";
    private static final String CONFIG = "config.json";

    private RandomUNet() { }

    /// Writes the model.
    ///
    /// @param model a diffusers folder; all but its U-Net's weights is copied
    /// @param to appears whole or not at all; nothing happens if it is there
    /// @throws IOException if the model is no diffusers folder, or `to` cannot be written
    public static void write(Path model, Path to, long seed) throws IOException {
        if (!Files.exists(model.resolve(UNET).resolve(CONFIG))) {
            throw new IOException(model + ": has no " + UNET + "/" + CONFIG + "; only a diffusers folder can be given a"
                    + " random U-Net");
        }
        if (!Files.exists(to)) {
            AtomicFolder.write(to, folder -> copy(model, folder, seed));
        }
    }

    private static void copy(Path model, Path folder, long seed) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(model)) {
            files = all.filter(Files::isRegularFile).map(model::relativize).toList();
        }
        for (Path file : files) {
            if (!file.startsWith(UNET)) {
                Path copy = folder.resolve(file.toString());
                Files.createDirectories(copy.getParent());
                Files.copy(model.resolve(file), copy);
            }
        }
        Path unet = Files.createDirectories(folder.resolve(UNET));
        Path config = model.resolve(UNET).resolve(CONFIG);
        Files.copy(config, unet.resolve(CONFIG));
        Graph graph = UNet2DConditionModel.graph(UNet2DConditionConfig.parse(Json.read(config), config.toString()), 1,
                8, 8, 8);
        try (RandomWeights weights = new RandomWeights(seed, graph)) {
            SafetensorsWriter.write(unet.resolve("diffusion_pytorch_model.safetensors"), weights, Optional.empty());
        }
    }
}
