package dev.cathode.engine.models;

import java.util.Collections;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// The configuration of an [AutoencoderKL]: the keys of diffusers' `config.json`.
///
/// @param inChannels channels of pictures
/// @param outChannels channels of decoded pictures
/// @param blockOutChannels channels of each level, the largest pictures first
/// @param layersPerBlock resnets of a level of the encoder; the decoder has one more
/// @param latentChannels channels of latents
/// @param normNumGroups groups of all group normalisations
/// @param sampleSize side of the pictures it was trained on; tiles of a tiled decode have it
/// @param scalingFactor latents are multiplied by it before the U-Net sees them, and divided by it before they are
/// decoded; the graphs do not apply it
/// @param useQuantConv a 1×1 convolution follows the encoder
/// @param usePostQuantConv a 1×1 convolution precedes the decoder
/// @param midBlockAddAttention the middle blocks have self-attention
public record AutoencoderKLConfig(
        int inChannels, int outChannels, List<Integer> blockOutChannels, int layersPerBlock, int latentChannels,
        int normNumGroups, int sampleSize, double scalingFactor, boolean useQuantConv, boolean usePostQuantConv,
        boolean midBlockAddAttention) {
    /// Copies the list.
    public AutoencoderKLConfig {
        blockOutChannels = List.copyOf(blockOutChannels);
    }

    /// Reads diffusers' `config.json`; missing keys have diffusers' defaults.
    ///
    /// @param file where it comes from, for messages
    /// @throws IllegalArgumentException if a key, its value or their combination is not supported
    public static AutoencoderKLConfig parse(JsonNode json, String file) {
        ConfigFields f = new ConfigFields(json, file);
        var config = new AutoencoderKLConfig(
                f.integer("in_channels", 3), f.integer("out_channels", 3),
                f.integers("block_out_channels", List.of(64)), f.integer("layers_per_block", 1),
                f.integer("latent_channels", 4), f.integer("norm_num_groups", 32), f.sameInteger("sample_size", 32),
                f.number("scaling_factor", 0.18215), f.flag("use_quant_conv", true),
                f.flag("use_post_quant_conv", true), f.flag("mid_block_add_attention", true));
        config.blockTypes(f, "down_block_types", "DownEncoderBlock2D");
        config.blockTypes(f, "up_block_types", "UpDecoderBlock2D");
        f.only("act_fn", "silu", "swish");
        f.only("shift_factor", 0);
        f.only("latents_mean");
        f.only("latents_std");
        f.ignore("force_upcast");
        f.finish();
        config.check(f);
        return config;
    }

    private void blockTypes(ConfigFields f, String key, String type) {
        List<String> all = Collections.nCopies(blockOutChannels.size(), type);
        f.require(f.texts(key, List.of(type)).equals(all),
                key + " must be " + all + ", one for each of block_out_channels");
    }

    private void check(ConfigFields f) {
        f.require(inChannels > 0 && outChannels > 0 && latentChannels > 0 && layersPerBlock > 0 && sampleSize > 0,
                "in_channels, out_channels, latent_channels, layers_per_block and sample_size must be positive");
        f.require(normNumGroups > 0 && blockOutChannels.stream().allMatch(c -> c > 0 && c % normNumGroups == 0),
                "block_out_channels must be multiples of norm_num_groups, " + normNumGroups + ": " + blockOutChannels);
        f.require(scalingFactor > 0, "scaling_factor must be positive");
    }

    /// Pixels of a picture for each pixel of its latent, along each side: 8 for Stable Diffusion.
    public int scaleFactor() {
        return 1 << (blockOutChannels.size() - 1);
    }
}
