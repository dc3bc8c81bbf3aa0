package dev.cathode.weights;

import dev.cathode.weights.file.Quote;
import java.util.List;
import java.util.Map;

/// The names of tensors in LoRA files, in all the ways there are: diffusers' (`unet.….to_q.lora.down.weight`, before
/// that `….processor.to_q_lora.down.weight`), peft's (`….to_q.lora_A.weight`) and kohya's
/// (`lora_unet_…_to_q.lora_down.weight`, with underscores where the module's name has dots). The last cannot be told
/// apart into modules without the network, so modules are known here by names with underscores for dots:
/// `unet_mid_block_attentions_0_proj_in`.
final class LoraNames {
    private static final List<String> DOWN = List.of(".lora_A.weight", ".lora_A.default.weight", ".lora.down.weight",
            "_lora.down.weight", ".lora_linear_layer.down.weight", ".lora_down.weight");
    private static final List<String> UP = List.of(".lora_B.weight", ".lora_B.default.weight", ".lora.up.weight",
            "_lora.up.weight", ".lora_linear_layer.up.weight", ".lora_up.weight");
    private static final String ALPHA = ".alpha";
    private static final Map<String, String> PREFIXES = Map.of("lora_unet_", "unet_", "lora_te_", "text_encoder_",
            "lora_te1_", "text_encoder_", "unet.", "unet_", "text_encoder.", "text_encoder_");
    /// Ends of module names that diffusers once wrote, and what they mean.
    private static final Map<String, String> OLD = Map.of("_to_out", "_to_out_0", "self_attn_to_q", "self_attn_q_proj",
            "self_attn_to_k", "self_attn_k_proj", "self_attn_to_v", "self_attn_v_proj", "self_attn_to_out",
            "self_attn_out_proj");

    private LoraNames() {
    }

    /// What a tensor is in a LoRA.
    enum Kind {
        /// The factor next to the inputs.
        DOWN,
        /// The factor next to the outputs.
        UP,
        /// What the product is multiplied by, times the rank.
        ALPHA
    }

    /// A name taken apart.
    ///
    /// @param module with underscores for dots, the component in front
    record Part(String module, Kind kind) {
    }

    /// Takes a name apart.
    ///
    /// @throws CheckpointException if it is none of a LoRA that can be merged
    static Part of(String source, String name) {
        for (String suffix : DOWN) {
            if (name.endsWith(suffix)) {
                return new Part(module(source, name, suffix), Kind.DOWN);
            }
        }
        for (String suffix : UP) {
            if (name.endsWith(suffix)) {
                return new Part(module(source, name, suffix), Kind.UP);
            }
        }
        if (name.endsWith(ALPHA)) {
            return new Part(module(source, name, ALPHA), Kind.ALPHA);
        }
        throw new CheckpointException(source + ": tensor " + Quote.of(name) + " belongs to no LoRA of two factors;"
                + " other kinds of adapters (DoRA, LoHa, LoKr, embeddings) are not supported");
    }

    private static String module(String source, String name, String suffix) {
        String path = name.substring(0, name.length() - suffix.length());
        if (path.startsWith("base_model.model.")) { // peft without diffusers around it
            path = path.substring("base_model.model.".length());
        }
        if (path.startsWith("lora_te2_") || path.startsWith("text_encoder_2.")) {
            throw new CheckpointException(source + ": is a LoRA for Stable Diffusion XL (" + Quote.of(name)
                    + "), which is not supported");
        }
        return flat(path);
    }

    /// The name of a module with underscores for dots.
    ///
    /// @param path as in a LoRA file, without what says which factor it is
    static String flat(String path) {
        String component = "unet_";
        String rest = path;
        for (Map.Entry<String, String> prefix : PREFIXES.entrySet()) {
            if (path.startsWith(prefix.getKey())) {
                component = prefix.getValue();
                rest = path.substring(prefix.getKey().length());
            }
        }
        String flat = rest.replace(".processor", "").replace('.', '_');
        for (Map.Entry<String, String> old : OLD.entrySet()) {
            if (flat.endsWith(old.getKey()) && (component.startsWith("unet") == old.getKey().startsWith("_"))) {
                flat = flat.substring(0, flat.length() - old.getKey().length()) + old.getValue();
                break;
            }
        }
        boolean bare = component.startsWith("text") && flat.startsWith("encoder_layers_");
        return component + (bare ? "text_model_" : "") + flat; // transformers 5 leaves text_model out
    }
}
