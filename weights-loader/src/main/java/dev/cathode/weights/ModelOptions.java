package dev.cathode.weights;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// How to open a model.
///
/// @param variant which of several files to take in a folder, `fp16` for `diffusion_pytorch_model.fp16.safetensors`
/// @param ema take the moving average of the U-Net's weights where a single file has both
/// @param predictionType what the U-Net of a single file predicts: `epsilon` or `v_prediction`, which nothing in the
///     file tells. By default `epsilon` for Stable Diffusion 1 and `v_prediction` for 2
/// @param configs a diffusers folder whose configurations, tokenizer and scheduler go with a single file, which holds
///     none of them; by default configurations follow from the shapes of the tensors
/// @param loras additions that are merged into the weights of U-Net and text encoder
public record ModelOptions(Optional<String> variant, boolean ema, Optional<String> predictionType,
        Optional<Path> configs, List<LoraOption> loras) {
    /// No variant, no moving average, all else by default.
    public static final ModelOptions DEFAULT =
            new ModelOptions(Optional.empty(), false, Optional.empty(), Optional.empty(), List.of());

    /// Checks the options.
    public ModelOptions {
        loras = List.copyOf(loras);
        if (variant.isPresent() && !variant.get().matches("[A-Za-z0-9_-]+")) {
            throw new IllegalArgumentException("variant '" + variant.get() + "': only letters, digits, _ and -");
        }
        if (predictionType.isPresent() && !predictionType.get().matches("epsilon|v_prediction|sample")) {
            throw new IllegalArgumentException("prediction type '" + predictionType.get()
                    + "': epsilon, v_prediction or sample");
        }
    }

    /// The same with a variant.
    public ModelOptions withVariant(String name) {
        return new ModelOptions(Optional.of(name), ema, predictionType, configs, loras);
    }

    /// The same with or without the moving average.
    public ModelOptions withEma(boolean take) {
        return new ModelOptions(variant, take, predictionType, configs, loras);
    }

    /// The same with a prediction type.
    public ModelOptions withPredictionType(String type) {
        return new ModelOptions(variant, ema, Optional.of(type), configs, loras);
    }

    /// The same with a folder of configurations.
    public ModelOptions withConfigs(Path folder) {
        return new ModelOptions(variant, ema, predictionType, Optional.of(folder), loras);
    }

    /// The same with additions to be merged.
    public ModelOptions withLoras(List<LoraOption> additions) {
        return new ModelOptions(variant, ema, predictionType, configs, additions);
    }
}
