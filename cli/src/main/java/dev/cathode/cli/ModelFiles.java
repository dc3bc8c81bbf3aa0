package dev.cathode.cli;

import dev.cathode.weights.LoraOption;
import dev.cathode.weights.ModelOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/// Options that say which files of a model to read, and what single files leave open.
class ModelFiles {
    @Option(names = "--variant", paramLabel = "NAME", description = "Read the weight files of this variant, like fp16.")
    String variant;
    @Option(names = "--configs", paramLabel = "DIR", description = "Model folder whose tokenizer, configurations and"
            + " scheduler go with a single-file checkpoint, which has none.")
    Path configs;
    @Option(names = "--prediction", paramLabel = "TYPE", description = "What the U-Net of a single-file checkpoint"
            + " predicts: epsilon or v_prediction (default: epsilon for Stable Diffusion 1, v_prediction for 2).")
    String prediction;
    @Option(names = "--ema", description = "Take the averaged weights of a single-file checkpoint that has both.")
    boolean ema;
    @Option(names = "--lora", paramLabel = "FILE[:SCALE]", converter = LoraConverter.class, description = "Add this LoRA"
            + " (of diffusers or kohya's scripts), SCALE times (default: 1); may be given several times.")
    List<LoraOption> loras = List.of();

    /// For the loader.
    ///
    /// @throws IllegalArgumentException if a value is none that exists
    ModelOptions toOptions() {
        return new ModelOptions(Optional.ofNullable(variant), ema, Optional.ofNullable(prediction),
                Optional.ofNullable(configs), loras);
    }
}
