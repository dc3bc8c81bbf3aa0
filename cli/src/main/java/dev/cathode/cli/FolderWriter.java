package dev.cathode.cli;

import dev.cathode.weights.DType;
import dev.cathode.weights.ModelComponent;
import dev.cathode.weights.ModelSource;
import dev.cathode.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/// Writes a model in the layout of diffusers: `model_index.json` and a folder for each component, or the folder of one
/// component.
final class FolderWriter {
    private static final String INDEX = "model_index.json";

    private FolderWriter() { }

    /// Writes a model.
    ///
    /// @param in where it was opened
    /// @param to a folder that is not there yet
    /// @param floats the type to round weights to; empty: as they are
    static void write(Path in, ModelSource model, Path to, Optional<DType> floats) throws IOException {
        Files.createDirectories(to);
        boolean whole = !Files.isDirectory(in) || Files.exists(in.resolve(INDEX));
        for (ModelComponent component : model.components().values()) {
            component(component, whole ? to.resolve(component.name()) : to, floats);
        }
        if (Files.exists(in.resolve(INDEX))) {
            Files.copy(in.resolve(INDEX), to.resolve(INDEX));
        } else if (whole) {
            Files.writeString(to.resolve(INDEX), Json.text(index(model)));
        }
    }

    /// What a pipeline of diffusers is put together from.
    private static ObjectNode index(ModelSource model) {
        ObjectNode index = Json.object();
        index.put("_class_name", "StableDiffusionPipeline");
        for (ModelComponent component : model.components().values()) {
            String type = component.className();
            boolean diffusers = type.endsWith("Scheduler") || List.of("UNet2DConditionModel", "AutoencoderKL")
                    .contains(type);
            index.putArray(component.name()).add(diffusers ? "diffusers" : "transformers").add(type);
        }
        for (String absent : List.of("safety_checker", "feature_extractor")) {
            if (!model.has(absent)) {
                index.putArray(absent).addNull().addNull();
            }
        }
        return index;
    }

    private static void component(ModelComponent component, Path to, Optional<DType> floats) throws IOException {
        Files.createDirectories(to);
        switch (ComponentKind.of(component)) {
            case NETWORK -> {
                Files.writeString(to.resolve("config.json"), Json.text((ObjectNode) component.config()));
                boolean diffusers = List.of("unet", "vae").contains(component.name());
                SafetensorsWriter.write(to.resolve(diffusers ? "diffusion_pytorch_model.safetensors"
                        : "model.safetensors"), component.weights(), floats);
            }
            case FILES -> copy(component.folder().orElseThrow(), to);
            case SCHEDULER -> Files.writeString(to.resolve("scheduler_config.json"),
                    Json.text((ObjectNode) component.config()));
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, to.resolve(file.getFileName().toString()), StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
    }
}
