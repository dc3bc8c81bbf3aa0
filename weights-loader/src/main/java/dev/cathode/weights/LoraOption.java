package dev.cathode.weights;

import java.nio.file.Path;

/// Low-rank additions to a model ([Hu et al. 2021](https://arxiv.org/abs/2106.09685)) that are merged into its weights
/// when they are read.
///
/// @param file with the factors: `pytorch_lora_weights.safetensors` of diffusers, or one of kohya's scripts
/// @param scale how much of them is added; 1: as they were trained
public record LoraOption(Path file, double scale) {
    /// Checks the scale.
    public LoraOption {
        if (!Double.isFinite(scale)) {
            throw new IllegalArgumentException(file + ": the scale of a LoRA must be a number, not " + scale);
        }
    }
}
