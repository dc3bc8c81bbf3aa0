package dev.cathode.cli;

import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.Checkpoints;
import dev.cathode.weights.FileTensor;
import dev.cathode.weights.ModelComponent;
import dev.cathode.weights.ModelOptions;
import dev.cathode.weights.ModelSource;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Says what a model or weight file is.
@Command(name = "inspect", description = "Show what a model or weight file is, and what running it takes.",
        sortOptions = false)
final class InspectCommand implements Callable<Integer> {
    /// What is worth a line of each component's configuration.
    private static final Map<String, List<String>> SETTINGS = Map.of(
            "unet", List.of("block_out_channels", "cross_attention_dim", "attention_head_dim", "in_channels",
                    "sample_size"),
            "vae", List.of("block_out_channels", "latent_channels", "scaling_factor"),
            "text_encoder", List.of("num_hidden_layers", "hidden_size", "vocab_size", "max_position_embeddings"),
            "scheduler", List.of("prediction_type", "beta_schedule", "beta_start", "beta_end", "num_train_timesteps"));

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "PATH", converter = ModelConverter.class,
            description = "Model folder or weight file, or phantom: the model that comes with Cathode.")
    private Path path;

    @Option(names = "--size", paramLabel = "WxH", converter = ImageSize.Converter.class,
            description = "Size of the picture to plan for (default: the model's).")
    private ImageSize size;

    @Option(names = "--tensors", description = "List every tensor.")
    private boolean tensors;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Mixin
    private ModelFiles files = new ModelFiles();

    @Override
    public Integer call() throws IOException {
        if (!Files.exists(path)) {
            throw new NoSuchFileException(path.toString());
        }
        ObjectNode found = Files.isDirectory(path) ? model("model folder") : file();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.text(found));
        } else {
            InspectText.print(found, out);
        }
        return found.has("problems") ? CathodeCommand.FAILURE : CathodeCommand.DONE;
    }

    /// A weight file: a model known here, or whatever tensors it holds.
    private ObjectNode file() {
        try {
            return model("single file");
        } catch (CheckpointException e) {
            try (Checkpoint weights = Checkpoints.open(path)) { // fails for the better reason if it is no weight file
                ObjectNode found = Json.object();
                found.put("path", path.toString()).put("kind", "weight file");
                found.putObject("components").set("tensors", weights(weights));
                return found;
            }
        }
    }

    private ObjectNode model(String kind) {
        ObjectNode found = Json.object();
        found.put("path", path.toString()).put("kind", kind);
        ObjectNode components = found.putObject("components");
        try (ModelSource model = ModelSource.open(path, options())) {
            for (ModelComponent component : model.components().values()) {
                ObjectNode entry = components.putObject(component.name());
                entry.put("class", component.className());
                try {
                    describe(component, entry);
                } catch (CheckpointException e) {
                    found.withArray("/problems").add(e.getMessage());
                }
            }
            if (model.has("unet") && model.has("vae") && model.has("text_encoder") && !found.has("problems")) {
                run(model, found);
            }
        }
        return found;
    }

    private void run(ModelSource model, ObjectNode found) {
        try {
            found.set("run", RunCosts.of(model, size));
        } catch (IllegalArgumentException e) {
            if (size != null) {
                throw new ParameterException(spec.commandLine(), e.getMessage(), e);
            }
            found.withArray("/problems").add(e.getMessage());
        }
    }

    private ModelOptions options() {
        try {
            return files.toOptions();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private void describe(ModelComponent component, ObjectNode entry) {
        if (ComponentKind.of(component) == ComponentKind.FILES) {
            return;
        }
        JsonNode config = component.config();
        ObjectNode settings = Json.object();
        for (String key : SETTINGS.getOrDefault(component.name(), List.of())) {
            if (config.has(key)) {
                settings.set(key, config.get(key));
            }
        }
        if (!settings.isEmpty()) {
            entry.set("settings", settings);
        }
        if (ComponentKind.of(component) == ComponentKind.NETWORK) {
            entry.setAll(weights(component.weights()));
        }
    }

    private ObjectNode weights(Checkpoint weights) {
        List<FileTensor> all = weights.names().stream().map(weights::tensor).toList();
        ObjectNode entry = Json.object();
        entry.put("tensors", all.size()).put("parameters", all.stream().mapToLong(FileTensor::count).sum())
                .put("bytes", all.stream().mapToLong(tensor -> tensor.count() * tensor.dtype().bytes()).sum());
        Map<String, Long> types = all.stream().collect(Collectors.groupingBy(tensor -> tensor.dtype().name(),
                TreeMap::new, Collectors.summingLong(FileTensor::count)));
        ObjectNode counts = entry.putObject("types");
        types.forEach(counts::put);
        if (!weights.metadata().isEmpty()) {
            ObjectNode metadata = entry.putObject("metadata");
            weights.metadata().forEach(metadata::put);
        }
        if (tensors) {
            ArrayNode list = entry.putArray("list");
            for (FileTensor tensor : all) {
                ObjectNode line = list.addObject();
                line.put("name", tensor.name()).put("type", tensor.dtype().name());
                ArrayNode shape = line.putArray("shape");
                tensor.shape().forEach(shape::add);
            }
        }
        return entry;
    }
}
