package dev.cathode.weights;

import dev.cathode.weights.file.Json;
import dev.cathode.weights.file.Quote;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/// A diffusers folder (`model_index.json` and a folder for each component), or the folder of one component
/// (`config.json` and weights).
public final class ModelFolder implements ModelSource {
    private static final String INDEX = "model_index.json";
    private static final String CONFIG = "config.json";
    private static final List<String> CONFIGS =
            List.of(CONFIG, "scheduler_config.json", "tokenizer_config.json", "preprocessor_config.json");

    private final Path folder;
    private final Map<String, ModelComponent> components;

    private ModelFolder(Path folder, Map<String, ModelComponent> components) {
        this.folder = folder;
        this.components = Collections.unmodifiableMap(components);
    }

    /// Opens a folder.
    ///
    /// @throws CheckpointException if it has neither `model_index.json` nor `config.json`
    public static ModelFolder open(Path folder) {
        return open(folder, ModelOptions.DEFAULT);
    }

    /// Opens a folder, taking the files of a variant such as `fp16`.
    ///
    /// @throws CheckpointException if it has neither `model_index.json` nor `config.json`
    public static ModelFolder open(Path folder, String variant) {
        return open(folder, ModelOptions.DEFAULT.withVariant(variant));
    }

    /// Opens a folder.
    ///
    /// @throws CheckpointException if it has neither `model_index.json` nor `config.json`
    public static ModelFolder open(Path folder, ModelOptions options) {
        Map<String, ModelComponent> components = new LinkedHashMap<>();
        if (Files.exists(folder.resolve(INDEX))) {
            for (Map.Entry<String, JsonNode> entry : Json.read(folder.resolve(INDEX)).properties()) {
                // Other entries are settings; a component is [library, class], [null, null] where it is left out.
                JsonNode value = entry.getValue();
                if (value.isArray() && value.size() == 2 && value.get(1).isString()) {
                    String name = checkName(folder, entry.getKey());
                    components.put(name, component(name, value.get(1).asString(), folder.resolve(name), options));
                }
            }
        } else if (Files.exists(folder.resolve(CONFIG))) {
            String type = className(Json.read(folder.resolve(CONFIG)));
            String name = componentName(type);
            components.put(name, component(name, type, folder, options));
        } else {
            throw new CheckpointException(folder + ": is no model folder: it has neither " + INDEX + " nor " + CONFIG
                    + (Files.isDirectory(folder) ? "" : " (there is no such folder)"));
        }
        return new ModelFolder(folder, components);
    }

    private static String checkName(Path folder, String name) {
        if (!name.matches("[A-Za-z0-9_]+")) {
            throw new CheckpointException(folder.resolve(INDEX) + ": " + Quote.of(name) + " is no name of a component");
        }
        return name;
    }

    private static ModelComponent component(String name, String type, Path folder, ModelOptions options) {
        return new ModelComponent(name, type, Optional.of(folder), () -> config(folder),
                () -> withLoras(name, options, canonical(type, () -> Checkpoints.open(WeightFiles.find(folder,
                        options.variant())))));
    }

    private static Checkpoint withLoras(String name, ModelOptions options, Checkpoint weights) {
        try {
            return LoraCheckpoint.of(weights, name, options.loras());
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    private static JsonNode config(Path folder) {
        for (String file : CONFIGS) {
            if (Files.exists(folder.resolve(file))) {
                return Json.read(folder.resolve(file));
            }
        }
        throw new CheckpointException(folder + ": has no configuration; expected one of " + String.join(", ", CONFIGS));
    }

    /// Weights of a class of networks in today's names; closed again if they do not fit the class.
    static Checkpoint canonical(String type, Supplier<Checkpoint> open) {
        Checkpoint weights = open.get();
        try {
            return switch (componentName(type)) {
                case "unet" -> ComponentNames.unet(weights, false);
                case "vae" -> ComponentNames.vae(weights);
                case "text_encoder" -> type.startsWith("Bert") ? ComponentNames.bert(weights)
                        : ComponentNames.clipText(weights);
                case "image_encoder" -> ComponentNames.clipVision(weights);
                default -> weights;
            };
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    /// diffusers writes `_class_name`, transformers `architectures` and, always, `model_type`.
    private static String className(JsonNode config) {
        String name = config.path("_class_name").asString(config.path("architectures").path(0).asString(""));
        return !name.isEmpty() ? name : switch (config.path("model_type").asString("")) {
            case "bert" -> "BertModel";
            case "clip_text_model" -> "CLIPTextModel";
            case "clip_vision_model" -> "CLIPVisionModel";
            case "clip" -> "CLIPModel";
            default -> "";
        };
    }

    /// What a class of networks is in a pipeline; `model` where it is nothing.
    static String componentName(String type) {
        return switch (type) {
            case "UNet2DConditionModel" -> "unet";
            case "AutoencoderKL" -> "vae";
            case "CLIPTextModel", "CLIPTextModelWithProjection" -> "text_encoder";
            case "CLIPVisionModel", "CLIPVisionModelWithProjection" -> "image_encoder";
            default -> type.startsWith("Bert") ? "text_encoder" : "model";
        };
    }

    @Override
    public String source() {
        return folder.toString();
    }

    @Override
    public Map<String, ModelComponent> components() {
        return components;
    }

    @Override
    public void close() {
        components.values().forEach(ModelComponent::close);
    }
}
