package dev.cathode.weights;

import dev.cathode.weights.LoraNames.Kind;
import dev.cathode.weights.LoraNames.Part;
import dev.cathode.weights.file.Json;
import dev.cathode.weights.file.Quote;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// Reads LoRA files.
final class LoraFile {
    private static final String METADATA = "lora_adapter_metadata";

    private final Checkpoint file;
    private final JsonNode settings;

    private LoraFile(Checkpoint file) {
        this.file = file;
        String text = file.metadata().get(METADATA);
        settings = text == null ? JsonNodeFactory.instance.objectNode()
                : Json.parse(text, file.source() + ": " + METADATA);
    }

    /// The additions to the layers of one component, by their names with underscores for dots, the component in front.
    ///
    /// @param component `unet` or `text_encoder`
    /// @throws CheckpointException if it is no LoRA file that can be merged
    static Map<String, LoraFactors> read(Path path, String component) {
        try (Checkpoint file = Checkpoints.open(path)) {
            return new LoraFile(file).factors(component);
        }
    }

    private Map<String, LoraFactors> factors(String component) {
        Map<String, Map<Kind, String>> modules = new LinkedHashMap<>();
        for (String name : file.names()) {
            Part part = LoraNames.of(file.source(), name);
            String before = modules.computeIfAbsent(part.module(), m -> new EnumMap<>(Kind.class))
                    .put(part.kind(), name);
            if (before != null) {
                throw new CheckpointException(file.source() + ": tensors " + Quote.of(before) + " and " + Quote.of(name)
                        + " are the same part of the same layer");
            }
        }
        Map<String, LoraFactors> factors = new LinkedHashMap<>();
        modules.forEach((module, parts) -> {
            if (module.startsWith(component + '_')) {
                factors.put(module, factors(component, module, parts));
            }
        });
        return factors;
    }

    private LoraFactors factors(String component, String module, Map<Kind, String> parts) {
        if (!parts.containsKey(Kind.DOWN) || !parts.containsKey(Kind.UP)) {
            throw new CheckpointException(file.source() + ": of the two factors of a layer there is only one: "
                    + parts.values());
        }
        FileTensor down = file.tensor(parts.get(Kind.DOWN));
        FileTensor up = file.tensor(parts.get(Kind.UP));
        long rank = down.shape().isEmpty() ? 0 : down.shape().getFirst();
        boolean fit = rank > 0 && up.shape().size() >= 2 && up.shape().get(1) == rank
                && up.count() == up.shape().getFirst() * rank;
        if (!fit) {
            throw new CheckpointException(file.source() + ": " + Quote.of(down.name()) + " of shape " + down.shape()
                    + " and " + Quote.of(up.name()) + " of shape " + up.shape()
                    + " are no factors of a layer's weight");
        }
        return new LoraFactors(Conversions.toFloats(down), Conversions.toFloats(up), Math.toIntExact(rank),
                scale(component, module, parts, rank));
    }

    /// Alpha divided by the rank: of the layer's own tensor, of diffusers' metadata, or 1.
    private double scale(String component, String module, Map<Kind, String> parts, long rank) {
        if (parts.containsKey(Kind.ALPHA)) {
            FileTensor alpha = file.tensor(parts.get(Kind.ALPHA));
            if (alpha.count() != 1) {
                throw new CheckpointException(file.source() + ": " + Quote.of(alpha.name()) + " of shape "
                        + alpha.shape() + " should be one number");
            }
            return Conversions.toFloats(alpha)[0] / rank;
        }
        double alpha = settings.path(component + ".lora_alpha").asDouble(rank);
        for (Map.Entry<String, JsonNode> own : settings.path(component + ".alpha_pattern").properties()) {
            if (module.endsWith('_' + own.getKey().replace('.', '_'))) {
                alpha = own.getValue().asDouble(alpha);
            }
        }
        return settings.path(component + ".use_rslora").asBoolean(false) ? alpha / Math.sqrt(rank) : alpha / rank;
    }
}
