package dev.cathode.weights.names;

import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Configurations of networks that come without one, from the shapes of their tensors. What shapes do not tell (heads,
/// groups, activations) is as in the published Stable Diffusion 1 and 2.
public final class DerivedConfigs {
    private static final int HEADS_1 = 8;
    private static final int HEAD_SIZE = 64;
    private static final int GROUPS = 32;
    private static final int BERT_HEAD_SIZE = 64;

    private static final Pattern UNET_LEVEL = Pattern.compile("down_blocks\\.(\\d{1,4})\\..+");
    private static final Pattern UNET_LAYER = Pattern.compile("down_blocks\\.0\\.resnets\\.(\\d{1,4})\\..+");
    private static final Pattern VAE_LEVEL = Pattern.compile("decoder\\.up_blocks\\.(\\d{1,4})\\..+");
    private static final Pattern VAE_LAYER = Pattern.compile("decoder\\.up_blocks\\.0\\.resnets\\.(\\d{1,4})\\..+");
    private static final Pattern CLIP_LAYER = Pattern.compile("text_model\\.encoder\\.layers\\.(\\d{1,4})\\..+");
    private static final Pattern BERT_LAYER = Pattern.compile("encoder\\.layer\\.(\\d{1,4})\\..+");

    private DerivedConfigs() {
    }

    /// The config of a `UNet2DConditionModel` (diffusers' names).
    public static JsonNode unet(Checkpoint unet) {
        int levels = 1 + Tables.largest(unet.names(), UNET_LEVEL);
        List<Integer> channels = IntStream.range(0, levels)
                .mapToObj(level -> size(unet, "down_blocks." + level + ".resnets.0.conv1.weight", 0)).toList();
        List<Boolean> attention = IntStream.range(0, levels)
                .mapToObj(level -> unet.names().contains("down_blocks." + level + ".attentions.0.norm.weight"))
                .toList();
        boolean linear = unet.tensor("mid_block.attentions.0.proj_in.weight").shape().size() == 2;
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        config.put("_class_name", "UNet2DConditionModel");
        config.put("act_fn", "silu");
        config.set("attention_head_dim", linear ? ints(channels.stream().map(c -> c / HEAD_SIZE).toList())
                : JsonNodeFactory.instance.numberNode(HEADS_1));
        config.set("block_out_channels", ints(channels));
        config.put("center_input_sample", false);
        config.put("cross_attention_dim",
                size(unet, "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight", 1));
        config.set("down_block_types",
                texts(attention.stream().map(a -> a ? "CrossAttnDownBlock2D" : "DownBlock2D").toList()));
        config.put("downsample_padding", 1);
        config.put("flip_sin_to_cos", true);
        config.put("freq_shift", 0);
        config.put("in_channels", size(unet, "conv_in.weight", 1));
        config.put("layers_per_block", 1 + Tables.largest(unet.names(), UNET_LAYER));
        config.put("mid_block_scale_factor", 1);
        config.put("mid_block_type", "UNetMidBlock2DCrossAttn");
        config.put("norm_eps", 1e-5);
        config.put("norm_num_groups", GROUPS);
        config.put("out_channels", size(unet, "conv_out.weight", 0));
        config.put("sample_size", linear ? 96 : 64);
        config.set("up_block_types",
                texts(attention.reversed().stream().map(a -> a ? "CrossAttnUpBlock2D" : "UpBlock2D").toList()));
        config.put("use_linear_projection", linear);
        return config;
    }

    /// The config of an `AutoencoderKL` (diffusers' names).
    public static JsonNode vae(Checkpoint vae) {
        int levels = 1 + Tables.largest(vae.names(), VAE_LEVEL);
        // The decoder goes from the deepest level up.
        List<Integer> channels = IntStream.range(0, levels)
                .mapToObj(up -> size(vae, "decoder.up_blocks." + up + ".resnets.0.conv1.weight", 0)).toList()
                .reversed();
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        config.put("_class_name", "AutoencoderKL");
        config.put("act_fn", "silu");
        config.set("block_out_channels", ints(channels));
        config.set("down_block_types", texts(channels.stream().map(c -> "DownEncoderBlock2D").toList()));
        config.put("in_channels", size(vae, "decoder.conv_out.weight", 0));
        config.put("latent_channels", size(vae, "decoder.conv_in.weight", 1));
        config.put("layers_per_block", Tables.largest(vae.names(), VAE_LAYER));
        config.put("norm_num_groups", GROUPS);
        config.put("out_channels", size(vae, "decoder.conv_out.weight", 0));
        config.put("sample_size", 512);
        config.put("scaling_factor", 0.18215);
        config.set("up_block_types", texts(channels.stream().map(c -> "UpDecoderBlock2D").toList()));
        return config;
    }

    /// The config of a `CLIPTextModel` (transformers' names).
    ///
    /// @param openClip whether it is Stable Diffusion 2's, trained by OpenCLIP
    public static JsonNode clipText(Checkpoint text, boolean openClip) {
        int hidden = size(text, "text_model.embeddings.token_embedding.weight", 1);
        int vocabulary = size(text, "text_model.embeddings.token_embedding.weight", 0);
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        config.set("architectures", texts(List.of("CLIPTextModel")));
        config.put("model_type", "clip_text_model");
        config.put("vocab_size", vocabulary);
        config.put("hidden_size", hidden);
        config.put("intermediate_size", size(text, "text_model.encoder.layers.0.mlp.fc1.weight", 0));
        config.put("num_hidden_layers", 1 + Tables.largest(text.names(), CLIP_LAYER));
        config.put("num_attention_heads", Math.max(1, hidden / HEAD_SIZE));
        config.put("max_position_embeddings", size(text, "text_model.embeddings.position_embedding.weight", 0));
        config.put("hidden_act", openClip ? "gelu" : "quick_gelu");
        config.put("layer_norm_eps", 1e-5);
        config.put("projection_dim", hidden);
        // The vocabulary ends with start and end of text.
        config.put("bos_token_id", vocabulary - 2);
        config.put("eos_token_id", vocabulary - 1);
        config.put("pad_token_id", openClip ? 0 : vocabulary - 1);
        return config;
    }

    /// The config of a `BertModel`.
    public static JsonNode bert(Checkpoint bert) {
        int hidden = size(bert, "embeddings.word_embeddings.weight", 1);
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        config.set("architectures", texts(List.of("BertModel")));
        config.put("model_type", "bert");
        config.put("vocab_size", size(bert, "embeddings.word_embeddings.weight", 0));
        config.put("hidden_size", hidden);
        config.put("num_hidden_layers", 1 + Tables.largest(bert.names(), BERT_LAYER));
        config.put("num_attention_heads", Math.max(1, hidden / BERT_HEAD_SIZE));
        config.put("intermediate_size", size(bert, "encoder.layer.0.intermediate.dense.weight", 0));
        config.put("hidden_act", "gelu");
        config.put("max_position_embeddings", size(bert, "embeddings.position_embeddings.weight", 0));
        config.put("type_vocab_size", size(bert, "embeddings.token_type_embeddings.weight", 0));
        config.put("layer_norm_eps", 1e-12);
        config.put("pad_token_id", 0);
        return config;
    }

    /// The scheduler that Stable Diffusion 1 (PNDM) or 2 (DDIM) was published with.
    public static JsonNode scheduler(boolean second, String predictionType) {
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        config.put("_class_name", second ? "DDIMScheduler" : "PNDMScheduler");
        config.put("beta_end", 0.012);
        config.put("beta_schedule", "scaled_linear");
        config.put("beta_start", 0.00085);
        config.put("clip_sample", false);
        config.put("num_train_timesteps", 1000);
        config.put("prediction_type", predictionType);
        config.put("set_alpha_to_one", false);
        config.put("skip_prk_steps", true);
        config.put("steps_offset", 1);
        return config;
    }

    private static int size(Checkpoint file, String name, int axis) {
        List<Long> shape = file.tensor(name).shape();
        if (shape.size() <= axis || shape.get(axis) > Integer.MAX_VALUE) {
            throw new CheckpointException(file.source() + ": tensor '" + name + "' has the unexpected shape " + shape);
        }
        return shape.get(axis).intValue();
    }

    private static ArrayNode ints(List<Integer> values) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        values.forEach(array::add);
        return array;
    }

    private static ArrayNode texts(List<String> values) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        values.forEach(array::add);
        return array;
    }
}
