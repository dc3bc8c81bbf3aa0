package dev.cathode.engine.models;

import java.util.List;
import tools.jackson.databind.JsonNode;

/// The configuration of a [UNet2DConditionModel]: the keys of diffusers' `config.json`. Lists have one entry a level,
/// in the order of the down blocks.
///
/// @param sampleSize side of the latents it was trained on; 64 is 512 pixels
/// @param inChannels channels of the sample; 9 for inpainting networks
/// @param outChannels channels of the result
/// @param flipSinToCos the timestep embedding begins with its cosines
/// @param freqShift shift of the embedding's frequencies
/// @param downBlockTypes `CrossAttnDownBlock2D` or `DownBlock2D`
/// @param upBlockTypes `CrossAttnUpBlock2D` or `UpBlock2D`, in the order of the up blocks
/// @param onlyCrossAttention the first attention of a transformer block looks at the text as well
/// @param blockOutChannels channels
/// @param layersPerBlock resnets of a down block; an up block has one more
/// @param downsamplePadding padding of the stride-2 convolutions; 0 pads only below and to the right
/// @param normNumGroups groups of all group normalisations
/// @param normEps epsilon of those outside the transformers
/// @param crossAttentionDim columns of the text's hidden states
/// @param transformerLayersPerBlock blocks of each transformer
/// @param attentionHeadDim number of attention heads, despite its name
/// @param useLinearProjection the transformers' projections are linear layers, not 1×1 convolutions
/// @param convInKernel side of the first filter
/// @param convOutKernel side of the last filter
public record UNet2DConditionConfig(
        int sampleSize, int inChannels, int outChannels, boolean flipSinToCos, double freqShift,
        List<String> downBlockTypes, List<String> upBlockTypes, List<Boolean> onlyCrossAttention,
        List<Integer> blockOutChannels, List<Integer> layersPerBlock, int downsamplePadding,
        int normNumGroups, double normEps, int crossAttentionDim, List<Integer> transformerLayersPerBlock,
        List<Integer> attentionHeadDim, boolean useLinearProjection, int convInKernel, int convOutKernel) {
    private static final String CROSS_DOWN = "CrossAttnDownBlock2D";
    private static final String CROSS_UP = "CrossAttnUpBlock2D";

    /// Copies the lists.
    public UNet2DConditionConfig {
        downBlockTypes = List.copyOf(downBlockTypes);
        upBlockTypes = List.copyOf(upBlockTypes);
        onlyCrossAttention = List.copyOf(onlyCrossAttention);
        blockOutChannels = List.copyOf(blockOutChannels);
        layersPerBlock = List.copyOf(layersPerBlock);
        transformerLayersPerBlock = List.copyOf(transformerLayersPerBlock);
        attentionHeadDim = List.copyOf(attentionHeadDim);
    }

    /// Reads diffusers' `config.json`; missing keys have diffusers' defaults.
    ///
    /// @param file where it comes from, for messages
    /// @throws IllegalArgumentException if a key, its value or their combination is not supported
    public static UNet2DConditionConfig parse(JsonNode json, String file) {
        ConfigFields f = new ConfigFields(json, file);
        List<Integer> channels = f.integers("block_out_channels", List.of(320, 640, 1280, 1280));
        int levels = channels.size();
        var config = new UNet2DConditionConfig(
                json.path("sample_size").isNull() ? 64 : f.sameInteger("sample_size", 64), f.integer("in_channels", 4),
                f.integer("out_channels", 4),
                f.flag("flip_sin_to_cos", true), f.number("freq_shift", 0),
                f.texts("down_block_types", List.of(CROSS_DOWN, CROSS_DOWN, CROSS_DOWN, "DownBlock2D")),
                f.texts("up_block_types", List.of("UpBlock2D", CROSS_UP, CROSS_UP, CROSS_UP)),
                f.flagPerLevel("only_cross_attention", false, levels),
                channels, f.integerPerLevel("layers_per_block", 2, levels), f.integer("downsample_padding", 1),
                f.integer("norm_num_groups", 32), f.number("norm_eps", 1e-5),
                f.sameInteger("cross_attention_dim", 1280),
                f.integerPerLevel("transformer_layers_per_block", 1, levels),
                f.integerPerLevel("attention_head_dim", 8, levels),
                f.flag("use_linear_projection", false), f.integer("conv_in_kernel", 3),
                f.integer("conv_out_kernel", 3));
        refuseOthers(f);
        config.check(f);
        return config;
    }

    private static void refuseOthers(ConfigFields f) {
        f.only("act_fn", "silu", "swish");
        f.only("addition_embed_type");
        f.only("attention_type", "default");
        f.only("center_input_sample", false);
        f.only("class_embed_type");
        f.only("class_embeddings_concat", false);
        f.only("cross_attention_norm");
        f.only("dual_cross_attention", false);
        f.only("encoder_hid_dim");
        f.only("encoder_hid_dim_type");
        f.only("mid_block_scale_factor", 1);
        f.only("mid_block_type", "UNetMidBlock2DCrossAttn");
        f.only("num_attention_heads");
        f.only("num_class_embeds");
        f.only("projection_class_embeddings_input_dim");
        f.only("resnet_out_scale_factor", 1);
        f.only("resnet_skip_time_act", false);
        f.only("resnet_time_scale_shift", "default");
        f.only("reverse_transformer_layers_per_block");
        f.only("time_cond_proj_dim");
        f.only("time_embedding_act_fn");
        f.only("time_embedding_dim");
        f.only("time_embedding_type", "positional");
        f.only("timestep_post_act");
        // Read only by features that the lines above refuse, or about precision that float32 has anyway.
        f.ignore("addition_embed_type_num_heads", "addition_time_embed_dim", "mid_block_only_cross_attention",
                "upcast_attention");
        // What training with a moving average leaves in its own config.json.
        f.ignore("decay", "inv_gamma", "min_decay", "optimization_step", "power", "update_after_step",
                "use_ema_warmup");
        f.finish();
    }

    private void check(ConfigFields f) {
        int levels = blockOutChannels.size();
        f.require(levels > 0 && downBlockTypes.size() == levels && upBlockTypes.size() == levels,
                "block_out_channels, down_block_types and up_block_types must have the same length");
        f.require(List.of(CROSS_DOWN, "DownBlock2D").containsAll(downBlockTypes),
                "down_block_types are " + downBlockTypes + "; supported are " + CROSS_DOWN + " and DownBlock2D");
        f.require(List.of(CROSS_UP, "UpBlock2D").containsAll(upBlockTypes),
                "up_block_types are " + upBlockTypes + "; supported are " + CROSS_UP + " and UpBlock2D");
        f.require(inChannels > 0 && outChannels > 0 && crossAttentionDim > 0 && sampleSize > 0,
                "in_channels, out_channels, cross_attention_dim and sample_size must be positive");
        f.require(normNumGroups > 0 && normEps > 0, "norm_num_groups and norm_eps must be positive");
        f.require(convInKernel % 2 == 1 && convOutKernel % 2 == 1, "conv_in_kernel and conv_out_kernel must be odd");
        f.require(downsamplePadding == 0 || downsamplePadding == 1, "downsample_padding must be 0 or 1");
        f.require(blockOutChannels.getFirst() % 2 == 0, "the first of block_out_channels must be even");
        for (int i = 0; i < levels; i++) {
            int channels = blockOutChannels.get(i);
            f.require(channels > 0 && channels % normNumGroups == 0,
                    "block_out_channels must be multiples of norm_num_groups, " + normNumGroups + ": " + channels);
            f.require(layersPerBlock.get(i) > 0, "layers_per_block must be positive");
            f.require(transformerLayersPerBlock.get(i) > 0, "transformer_layers_per_block must be positive");
            f.require(attentionHeadDim.get(i) > 0 && channels % attentionHeadDim.get(i) == 0, "block_out_channels must "
                    + "be multiples of attention_head_dim (the number of heads): " + channels + " and "
                    + attentionHeadDim.get(i));
        }
    }

    /// Number of down blocks, and of up blocks.
    public int levels() {
        return blockOutChannels.size();
    }

    /// Whether down block `i` has transformers.
    boolean attendsDown(int i) {
        return downBlockTypes.get(i).equals(CROSS_DOWN);
    }

    /// Whether up block `i` has transformers.
    boolean attendsUp(int i) {
        return upBlockTypes.get(i).equals(CROSS_UP);
    }
}
