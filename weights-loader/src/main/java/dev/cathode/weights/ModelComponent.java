package dev.cathode.weights;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/// A part of a model. Configuration and weights are read when first asked for.
public final class ModelComponent {
    private final String name;
    private final String className;
    private final Optional<Path> folder;
    private final Supplier<JsonNode> readConfig;
    private final Supplier<Checkpoint> openWeights;
    private JsonNode config;
    private Checkpoint weights;

    ModelComponent(String name, String className, Optional<Path> folder, Supplier<JsonNode> readConfig,
            Supplier<Checkpoint> openWeights) {
        this.name = name;
        this.className = className;
        this.folder = folder;
        this.readConfig = readConfig;
        this.openWeights = openWeights;
    }

    /// `unet`, `vae`, `text_encoder`, `tokenizer`, `scheduler`, ...
    public String name() {
        return name;
    }

    /// The class of diffusers or transformers: `UNet2DConditionModel`, `AutoencoderKL`, `CLIPTextModel`, `BertModel`,
    /// `PNDMScheduler`, ...; empty where nothing says so.
    public String className() {
        return className;
    }

    /// The folder with the component's files, such as a tokenizer's vocabulary; empty for single files.
    public Optional<Path> folder() {
        return folder;
    }

    /// The configuration: of a file, or found from the shapes of the tensors.
    ///
    /// @throws CheckpointException if the file is missing or no JSON
    public synchronized JsonNode config() {
        if (config == null) {
            config = readConfig.get();
        }
        return config;
    }

    /// The weights, in the names of diffusers and transformers. They belong to the [ModelSource].
    ///
    /// @throws CheckpointException if there are none, or they cannot be read
    public synchronized Checkpoint weights() {
        if (weights == null) {
            weights = openWeights.get();
        }
        return weights;
    }

    synchronized void close() {
        if (weights != null) {
            weights.close();
            weights = null;
        }
    }
}
