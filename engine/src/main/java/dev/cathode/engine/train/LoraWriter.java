package dev.cathode.engine.train;

import dev.cathode.engine.train.recipe.TrainingMethod.Lora;
import dev.cathode.weights.SafetensorsWriter;
import dev.cathode.weights.SafetensorsWriter.Entry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Writes low-rank additions as diffusers does: `unet.….to_q.lora.down.weight`, with rank, alpha and layers in the
/// metadata.
final class LoraWriter {
    static final String FILE = "pytorch_lora_weights.safetensors";

    private static final String A = ".lora_A.weight";
    private static final String B = ".lora_B.weight";

    private LoraWriter() { }

    /// Writes the factors.
    ///
    /// @param factors named as in training
    static void write(Path file, Lora settings, List<Entry> factors) {
        List<Entry> entries = new ArrayList<>();
        ObjectNode adapters = JsonNodeFactory.instance.objectNode();
        for (String prefix : List.of(TrainedModel.UNET, TrainedModel.TEXT)) {
            TreeSet<String> layers = new TreeSet<>();
            for (Entry entry : factors) {
                if (entry.name().startsWith(prefix)) {
                    layers.add(entry.name().substring(prefix.length(), entry.name().length() - A.length()));
                    entries.add(new Entry(name(entry.name()), entry.dtype(), entry.shape(), entry.data()));
                }
            }
            if (!layers.isEmpty()) {
                adapters.put(prefix + "lora_alpha", settings.loraAlpha()).put(prefix + "r", settings.rank());
                layers.forEach(adapters.putArray(prefix + "target_modules")::add);
            }
        }
        SafetensorsWriter.write(file, entries, Map.of("format", "pt", "lora_adapter_metadata",
                JsonMapper.shared().writeValueAsString(adapters)));
    }

    private static String name(String factor) {
        String kind = factor.startsWith(TrainedModel.TEXT) ? ".lora_linear_layer" : ".lora";
        return factor.endsWith(A) ? factor.substring(0, factor.length() - A.length()) + kind + ".down.weight"
                : factor.substring(0, factor.length() - B.length()) + kind + ".up.weight";
    }
}
