package dev.cathode.roentgen.classify;

import dev.cathode.engine.image.ImageFit;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.models.DenseNetConfig;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.file.Json;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A classifier of chest films: the `config.json` of its folder, beside `model.safetensors`.
///
/// @param network its channels are 1, its classes the labels
/// @param labels names, in the order of the logits
/// @param imageSize side of the square pictures it sees
/// @param fit how pictures become such squares
public record ClassifierConfig(DenseNetConfig network, List<String> labels, int imageSize, ImageFit fit) {
    /// The name of the file.
    public static final String FILE = "config.json";
    /// The name of the file with the weights.
    public static final String WEIGHTS = "model.safetensors";
    private static final List<String> KEYS = List.of("network", "labels", "image_size", "fit");
    /// Where torchxrayvision's pictures end, black and white.
    private static final float RANGE = 1024;

    /// Checks what belongs together.
    ///
    /// @throws IllegalArgumentException if labels and network do not fit, a label is there twice, or the size is not
    ///         positive
    public ClassifierConfig {
        labels = List.copyOf(labels);
        if (network.numClasses() != labels.size() || network.inChannels() != 1) {
            throw new IllegalArgumentException("a classifier of " + labels.size() + " labels needs a network with as"
                    + " many classes and 1 channel, not " + network.numClasses() + " and " + network.inChannels());
        }
        if (new HashSet<>(labels).size() != labels.size()) {
            throw new IllegalArgumentException("a label is there twice: " + labels);
        }
        if (imageSize < 1) {
            throw new IllegalArgumentException("pictures cannot have " + imageSize + " pixels a side");
        }
    }

    /// A picture as the network sees it: its brightness as a square, black -1024 and white 1024, as in torchxrayvision.
    ///
    /// @return `[imageSize, imageSize]`
    public float[] pixels(RgbImage image) {
        float[] values = fit.apply(image, imageSize).luma();
        for (int i = 0; i < values.length; i++) {
            values[i] = scaled(values[i]);
        }
        return values;
    }

    /// Brightness from 0 to 1 as the network sees it.
    static float scaled(float brightness) {
        return (2 * brightness - 1) * RANGE;
    }

    /// Reads the configuration of a folder.
    ///
    /// @throws CheckpointException if it is missing or says something else
    public static ClassifierConfig read(Path folder) {
        Path file = folder.resolve(FILE);
        JsonNode json = Json.read(file);
        json.propertyNames().stream().filter(key -> !KEYS.contains(key)).findFirst().ifPresent(key -> {
            throw new CheckpointException(file + ": a classifier has no setting " + key);
        });
        JsonNode labels = json.path("labels");
        if (!labels.isArray() || !json.path("image_size").isInt()) {
            throw new CheckpointException(file + " describes no classifier: it needs network, labels and image_size");
        }
        try {
            return new ClassifierConfig(DenseNetConfig.parse(json.path("network"), file + " (network)"),
                    labels.valueStream().map(JsonNode::asString).toList(), json.get("image_size").intValue(),
                    fit(json.path("fit").asString("cover")));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(e.getMessage().startsWith(file.toString()) ? e.getMessage()
                    : file + ": " + e.getMessage(), e);
        }
    }

    private static ImageFit fit(String name) {
        return Arrays.stream(ImageFit.values()).filter(fit -> name(fit).equals(name)).findFirst().orElseThrow(
                () -> new IllegalArgumentException("fit is " + name + ", not cover, contain or stretch"));
    }

    private static String name(ImageFit fit) {
        return fit.name().toLowerCase(Locale.ROOT);
    }

    /// The file's content.
    public ObjectNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.set("network", network.toJson());
        labels.forEach(json.putArray("labels")::add);
        json.put("image_size", imageSize);
        json.put("fit", name(fit));
        return json;
    }
}
