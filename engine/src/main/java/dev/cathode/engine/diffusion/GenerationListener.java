package dev.cathode.engine.diffusion;

import dev.cathode.engine.image.RgbImage;
import java.util.Optional;
import java.util.function.Supplier;

/// Hears how a generation goes on, and may stop it. Called on the thread that generates.
public interface GenerationListener {
    /// A listener that hears nothing.
    GenerationListener NONE = new GenerationListener() { };

    /// Something that takes a while begins: "loading the U-Net", "decoding".
    default void onPhase(String what) { }

    /// A prompt was longer than the text encoder takes.
    ///
    /// @param prompt the whole prompt
    /// @param cut its end, which has no effect
    default void onPromptTruncated(String prompt, String cut) { }

    /// A denoising step is done (on a GPU: asked for; it works on by itself).
    ///
    /// @param image which picture, from 0
    /// @param step which step, from 1
    /// @param steps how many there are
    /// @param preview what the picture looks like so far, roughly and small; made when asked for, during this call;
    ///         empty if the latents are not of a known kind
    default void onStep(int image, int step, int steps, Supplier<Optional<RgbImage>> preview) { }

    /// A picture is done.
    default void onImage(GeneratedImage image) { }

    /// Asked many times a second: whether to stop. The call then ends with
    /// [java.util.concurrent.CancellationException].
    default boolean isCancelled() {
        return false;
    }
}
