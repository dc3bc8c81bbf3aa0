package dev.cathode.engine.train;

import dev.cathode.engine.models.TextModel;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.FileTensor;
import dev.cathode.weights.ModelComponent;
import dev.cathode.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Writes a trained model as a folder of diffusers. What was trained is written as float32; what was not is linked to
/// the files it came from, or copied where that is not possible.
final class ModelFolderWriter {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Map<String, String> FILES = Map.of(TrainedModel.UNET, "diffusion_pytorch_model.safetensors",
            TrainedModel.VAE, "diffusion_pytorch_model.safetensors", TrainedModel.TEXT, "model.safetensors");

    private ModelFolderWriter() { }

    /// Writes all components.
    ///
    /// @param folder an empty folder
    /// @param average whether the moving average of trained parameters is written in their place
    static void write(Path folder, TrainedModel model, TrainingState state, boolean average) throws IOException {
        write(folder, model, state, average, model.vae().scalingFactor());
    }

    /// As [#write(Path, TrainedModel, TrainingState, boolean)], with a `scaling_factor` for the autoencoder.
    static void write(Path folder, TrainedModel model, TrainingState state, boolean average, double scalingFactor)
            throws IOException {
        Map<String, SafetensorsWriter.Entry> trained = new HashMap<>();
        state.tensors(average ? "ema" : "").forEach(entry -> trained.put(entry.name(), entry));
        write(folder, model, trained, scalingFactor);
    }

    /// Writes all components.
    ///
    /// @param changed tensors that take the place of those of the model, by their names with prefixes
    static void write(Path folder, TrainedModel model, Map<String, SafetensorsWriter.Entry> changed,
                      double scalingFactor) throws IOException {
        ObjectNode index = JsonNodeFactory.instance.objectNode();
        index.put("_class_name", "StableDiffusionPipeline");
        for (String prefix : List.of(TrainedModel.UNET, TrainedModel.VAE, TrainedModel.TEXT)) {
            ModelComponent component = model.component(prefix);
            String name = prefix.substring(0, prefix.length() - 1);
            network(Files.createDirectory(folder.resolve(name)), prefix, component, model, changed);
            config(folder.resolve(name), prefix, component, model.text(), scalingFactor);
            String library = prefix.equals(TrainedModel.TEXT) ? "transformers" : "diffusers";
            index.putArray(name).add(library).add(className(component, prefix));
        }
        copy(model.tokenizerFiles(), Files.createDirectory(folder.resolve("tokenizer")), List.of("vocab.json", "merges.txt",
                "vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"));
        index.putArray("tokenizer").add("transformers").add(Files.exists(folder.resolve("tokenizer/vocab.txt"))
                ? "BertTokenizer" : "CLIPTokenizer");
        scheduler(Files.createDirectory(folder.resolve("scheduler")), model);
        index.putArray("scheduler").add("diffusers").add(model.scheduler().className());
        index.putArray("safety_checker").addNull().addNull();
        index.putArray("feature_extractor").addNull().addNull();
        json(folder.resolve("model_index.json"), index);
    }

    private static String className(ModelComponent component, String prefix) {
        if (!component.className().isEmpty()) {
            return component.className();
        }
        return switch (prefix) {
            case TrainedModel.UNET -> "UNet2DConditionModel";
            case TrainedModel.VAE -> "AutoencoderKL";
            default -> "CLIPTextModel";
        };
    }

    private static void config(Path to, String prefix, ModelComponent component, TextModel text, double scalingFactor)
            throws IOException {
        ObjectNode config = ((ObjectNode) component.config()).deepCopy();
        if (prefix.equals(TrainedModel.VAE)) {
            config.put("scaling_factor", scalingFactor);
        }
        if (prefix.equals(TrainedModel.TEXT) && text instanceof TextModel.Projected projected) {
            config.putObject(TextModel.PROJECTION).put("intermediate_size", projected.intermediate())
                    .put("hidden_size", projected.out());
        }
        json(to.resolve("config.json"), config);
    }

    private static void network(Path to, String prefix, ModelComponent component, TrainedModel model,
                                Map<String, SafetensorsWriter.Entry> trained) throws IOException {
        Path file = to.resolve(FILES.get(prefix));
        boolean changed = trained.keySet().stream().anyMatch(name -> name.startsWith(prefix));
        if (!changed && component.folder().isPresent()
                && Files.exists(component.folder().get().resolve(FILES.get(prefix)))) {
            link(component.folder().get().resolve(FILES.get(prefix)), file);
            return;
        }
        List<SafetensorsWriter.Entry> entries = new ArrayList<>();
        Checkpoint weights = model.weights();
        for (String name : weights.names()) {
            if (!name.startsWith(prefix)) {
                continue;
            }
            String own = name.substring(prefix.length());
            SafetensorsWriter.Entry entry = trained.get(name);
            if (entry != null) {
                entries.add(new SafetensorsWriter.Entry(own, entry.dtype(), entry.shape(), entry.data()));
            } else {
                FileTensor tensor = weights.tensor(name);
                entries.add(new SafetensorsWriter.Entry(own, tensor.dtype(), tensor.shape(),
                        () -> weights.tensor(name).data()));
                weights.release(tensor);
            }
        }
        if (!entries.isEmpty()) { // a network that is not trained yet has a configuration only
            SafetensorsWriter.write(file, entries, Map.of("format", "pt"));
        }
    }

    private static void scheduler(Path to, TrainedModel model) throws IOException {
        ObjectNode config = ((ObjectNode) model.component("scheduler.").config()).deepCopy();
        config.put("_class_name", model.scheduler().className());
        json(to.resolve("scheduler_config.json"), config);
    }

    private static void copy(Path from, Path to, List<String> names) throws IOException {
        for (String name : names) {
            if (Files.exists(from.resolve(name))) {
                Files.copy(from.resolve(name), to.resolve(name));
            }
        }
    }

    private static void link(Path from, Path to) throws IOException {
        try {
            Files.createLink(to, from.toRealPath());
        } catch (IOException | UnsupportedOperationException | ProviderMismatchException e) {
            Files.copy(from, to); // another file system, or a jar
        }
    }

    private static void json(Path file, JsonNode node) throws IOException {
        Files.writeString(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node) + "\n");
    }
}
