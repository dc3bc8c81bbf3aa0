package dev.cathode.weights.names;

import dev.cathode.weights.RenamedCheckpoint.Join;
import dev.cathode.weights.RenamedCheckpoint.Part;
import dev.cathode.weights.RenamedCheckpoint.Split;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Names of OpenCLIP's text encoder, as Stable Diffusion 2 files have it under `cond_stage_model.model.`: the three
/// projections of attention are one tensor, and the last block is there but not used.
public final class OpenClip {
    private static final Map<String, String> TOP = Map.of(
            "token_embedding.weight", "text_model.embeddings.token_embedding.weight",
            "positional_embedding", "text_model.embeddings.position_embedding.weight",
            "ln_final.weight", "text_model.final_layer_norm.weight",
            "ln_final.bias", "text_model.final_layer_norm.bias");
    private static final Map<String, String> BLOCK = Map.of(
            "ln_1", "layer_norm1", "ln_2", "layer_norm2", "mlp.c_fc", "mlp.fc1", "mlp.c_proj", "mlp.fc2",
            "attn.out_proj", "self_attn.out_proj");
    private static final Map<String, String> TOP_BACK = Tables.inverse(TOP);
    private static final Map<String, String> BLOCK_BACK = Tables.inverse(BLOCK);
    private static final List<String> FUSED = List.of("q_proj", "k_proj", "v_proj");

    private static final Pattern BLOCKS = Pattern.compile("transformer\\.resblocks\\.(\\d{1,4})\\.(.+)");
    private static final Pattern LAYERS = Pattern.compile("text_model\\.encoder\\.layers\\.(\\d{1,4})\\.(.+)");
    private static final Pattern PROJECTION = Pattern.compile("self_attn\\.([qkv]_proj)\\.(weight|bias)");

    private OpenClip() {
    }

    /// transformers' names and where they come from.
    ///
    /// @param names OpenCLIP's, without prefix; others among them are left out
    /// @param prefix what the file has before them
    public static Map<String, Part> toTransformers(Collection<String> names, String prefix) {
        int last = Tables.largest(names, BLOCKS);
        Map<String, Part> parts = new LinkedHashMap<>();
        for (String name : names) {
            if (TOP.containsKey(name)) {
                parts.put(TOP.get(name), Part.of(prefix + name));
            }
            Matcher block = BLOCKS.matcher(name);
            // Stable Diffusion 2 takes the states before the last block.
            if (block.matches() && Integer.parseInt(block.group(1)) < last) {
                String layer = "text_model.encoder.layers." + block.group(1) + ".";
                String rest = block.group(2);
                if (rest.startsWith("attn.in_proj_")) {
                    for (int i = 0; i < FUSED.size(); i++) {
                        parts.put(layer + "self_attn." + FUSED.get(i) + "." + rest.substring("attn.in_proj_".length()),
                                Part.of(prefix + name, new Split(i, FUSED.size())));
                    }
                } else if (BLOCK.containsKey(Tables.module(rest))) {
                    parts.put(layer + BLOCK.get(Tables.module(rest)) + Tables.leaf(rest), Part.of(prefix + name));
                }
            }
        }
        return parts;
    }

    /// OpenCLIP's names with a prefix, and where they come from; the unused last block stays away.
    public static Map<String, Part> fromTransformers(Collection<String> names, String prefix) {
        Map<String, Part> parts = new LinkedHashMap<>();
        for (String name : names) {
            if (TOP_BACK.containsKey(name)) {
                parts.put(prefix + TOP_BACK.get(name), Part.of(name));
            }
            Matcher layer = LAYERS.matcher(name);
            if (layer.matches()) {
                String block = prefix + "transformer.resblocks." + layer.group(1) + ".";
                String rest = layer.group(2);
                Matcher projection = PROJECTION.matcher(rest);
                if (projection.matches()) {
                    String stem = name.substring(0, name.length() - projection.group().length()) + "self_attn.";
                    List<String> sources =
                            FUSED.stream().map(f -> stem + f + "." + projection.group(2)).toList();
                    parts.putIfAbsent(block + "attn.in_proj_" + projection.group(2), new Part(sources, new Join()));
                } else if (BLOCK_BACK.containsKey(Tables.module(rest))) {
                    parts.put(block + BLOCK_BACK.get(Tables.module(rest)) + Tables.leaf(rest), Part.of(name));
                }
            }
        }
        return parts;
    }
}
