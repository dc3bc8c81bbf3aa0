package dev.cathode.weights;

import dev.cathode.weights.file.Json;
import dev.cathode.weights.names.DerivedConfigs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/// A weight file alone: an original Stable Diffusion 1 or 2 checkpoint with the whole pipeline, or one component.
/// Configurations follow from the shapes of the tensors or come from [ModelOptions#configs()]; the tokenizer always
/// comes from there.
public final class SingleFile implements ModelSource {
    private static final String INPUT = "input_blocks.0.0.weight";

    private final Checkpoint file;
    private final Map<String, ModelComponent> components = new LinkedHashMap<>();
    private final Optional<ModelFolder> configs;
    private final ModelOptions options;

    private SingleFile(Checkpoint file, ModelOptions options) {
        this.file = file;
        this.options = options;
        this.configs = options.configs().map(ModelFolder::open);
        addComponents();
        configs.ifPresent(folder -> folder.components().forEach((name, component) -> {
            if (name.startsWith("tokenizer") || name.equals("scheduler")) {
                components.put(name, component);
            }
        }));
    }

    /// Opens a file.
    ///
    /// @throws CheckpointException if it is no weight file, or none of a network known here
    public static SingleFile open(Path path) {
        return open(path, ModelOptions.DEFAULT);
    }

    /// Opens a file.
    ///
    /// @throws CheckpointException if it is no weight file, or none of a network known here
    public static SingleFile open(Path path, ModelOptions options) {
        Checkpoint file = Checkpoints.open(path);
        try {
            return new SingleFile(file, options);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private void addComponents() {
        if (any("conditioner.") || any("add_embedding.") || any(ComponentNames.LDM_UNET + "label_emb.")) {
            throw new CheckpointException(file.source() + ": is a checkpoint of Stable Diffusion XL, which is not "
                    + "supported; use one of Stable Diffusion 1 or 2");
        }
        if (any(ComponentNames.LDM_UNET + "input_blocks.") || file.names().contains(INPUT) || any("down_blocks.")) {
            addUNet();
        }
        if (any(ComponentNames.LDM_VAE) || any("decoder.up.") || any("decoder.up_blocks.")) {
            Checkpoint vae = ComponentNames.vae(file);
            add("vae", "AutoencoderKL", vae, () -> DerivedConfigs.vae(vae));
        }
        if (any("cond_stage_model.")
                || file.names().stream().anyMatch(name -> name.endsWith("embeddings.token_embedding.weight"))) {
            boolean openClip = any(ComponentNames.LDM_OPEN_CLIP);
            Checkpoint text = ComponentNames.clipText(file);
            add("text_encoder", "CLIPTextModel", text, () -> DerivedConfigs.clipText(text, openClip));
        }
        if (any("bert.embeddings.") || any("embeddings.word_embeddings.")) {
            Checkpoint bert = ComponentNames.bert(file);
            add("text_encoder", "BertModel", bert, () -> DerivedConfigs.bert(bert));
        }
        if (components.isEmpty()) {
            throw new CheckpointException(file.source() + ": holds no U-Net, autoencoder or text encoder known here; "
                    + "its first tensors: " + file.names().stream().limit(3).toList());
        }
    }

    private void addUNet() {
        Checkpoint unet = ComponentNames.unet(file, options.ema());
        add("unet", "UNet2DConditionModel", unet, () -> DerivedConfigs.unet(unet));
        boolean second = ComponentNames.hasLinearProjections(unet);
        JsonNode scheduler = DerivedConfigs.scheduler(second, predictionType(second));
        components.put("scheduler", new ModelComponent("scheduler", scheduler.get("_class_name").asString(),
                Optional.empty(), () -> scheduler, () -> noWeights("scheduler")));
    }

    /// The step count tells the one published Stable Diffusion 2 that predicts noise: 2.0 base.
    private String predictionType(boolean second) {
        boolean base = "875000".equals(file.metadata().get("global_step"));
        return options.predictionType().orElse(second && !base ? "v_prediction" : "epsilon");
    }

    private void add(String name, String type, Checkpoint weights, Supplier<JsonNode> derived) {
        Supplier<JsonNode> config = configs.filter(folder -> folder.has(name))
                .<Supplier<JsonNode>>map(folder -> () -> folder.component(name).config())
                .orElse(() -> siblingConfig().orElseGet(derived));
        components.put(name, new ModelComponent(name, type, Optional.empty(), config,
                () -> LoraCheckpoint.of(weights, name, options.loras())));
    }

    /// The file of one component may lie in its folder, beside its configuration.
    private Optional<JsonNode> siblingConfig() {
        Path config = Path.of(file.source()).resolveSibling("config.json");
        return !any("model.diffusion_model.") && Files.exists(config)
                ? Optional.of(Json.read(config)) : Optional.empty();
    }

    private boolean any(String prefix) {
        return file.names().stream().anyMatch(name -> name.startsWith(prefix));
    }

    private Checkpoint noWeights(String name) {
        throw new CheckpointException(file.source() + ": component '" + name + "' has no weights");
    }

    @Override
    public String source() {
        return file.source();
    }

    @Override
    public Map<String, ModelComponent> components() {
        return Collections.unmodifiableMap(components);
    }

    @Override
    public void close() {
        file.close();
    }
}
