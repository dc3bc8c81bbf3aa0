package dev.cathode.engine.diffusion;

import dev.cathode.engine.diffusion.schedulers.SchedulerConfig;
import dev.cathode.engine.models.AutoencoderKLConfig;
import dev.cathode.engine.models.UNet2DConditionConfig;
import dev.cathode.engine.text.Tokenizer;
import dev.cathode.engine.text.Tokenizers;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.ModelComponent;
import dev.cathode.weights.ModelOptions;
import dev.cathode.weights.ModelSource;
import java.nio.file.Path;

/// What a model's files say, weights aside: nothing of it depends on a device.
///
/// @param source the files
/// @param unet the U-Net's configuration
/// @param vae the autoencoder's
/// @param scheduler the noise schedule
/// @param tokenizer the text encoder's
record ModelFiles(ModelSource source, UNet2DConditionConfig unet, AutoencoderKLConfig vae, SchedulerConfig scheduler,
                  Tokenizer tokenizer) implements AutoCloseable {
    /// Reads the configurations.
    ///
    /// @throws CheckpointException if it is not a Stable Diffusion model, or a setting of its is not supported
    static ModelFiles open(Path path, ModelOptions options) {
        ModelSource source = ModelSource.open(path, options);
        try {
            ModelComponent scheduler = source.component("scheduler");
            return new ModelFiles(source,
                    UNet2DConditionConfig.parse(source.component("unet").config(), label(source, "unet")),
                    AutoencoderKLConfig.parse(source.component("vae").config(), label(source, "vae")),
                    new SchedulerConfig(label(source, "scheduler"), className(scheduler), scheduler.config())
                            .forStableDiffusion(),
                    Tokenizers.load(source.component("tokenizer").folder().orElseThrow(() -> new CheckpointException(
                            source.source() + " has no tokenizer: name a diffusers folder that has one"))));
        } catch (RuntimeException e) {
            source.close();
            throw e;
        }
    }

    private static String className(ModelComponent scheduler) {
        return scheduler.className().isEmpty() ? scheduler.config().path("_class_name").asString("")
                : scheduler.className();
    }

    /// A component's place, for messages.
    String label(String component) {
        return label(source, component);
    }

    private static String label(ModelSource source, String component) {
        return source.component(component).folder().map(Path::toString)
                .orElseGet(() -> source.source() + " (" + component + ")");
    }

    @Override
    public void close() {
        source.close();
    }
}
