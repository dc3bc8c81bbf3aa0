package dev.cathode.engine.diffusion;

import dev.cathode.engine.image.RgbImage;
import java.util.Optional;

/// A rough picture from latents without a decoder: each colour is about a linear function of the four latent channels
/// of Stable Diffusion 1 and 2.
final class LatentPreview {
    /// Latent channel to red, green, blue in [-1, 1]; a least-squares fit known among users of Stable Diffusion 1.
    private static final float[][] COLOURS = {
        {0.3512f, 0.2297f, 0.3227f}, {0.3250f, 0.4974f, 0.2350f}, {-0.2829f, 0.1762f, 0.2721f},
        {-0.2120f, -0.2616f, -0.7177f}};

    private LatentPreview() { }

    /// One pixel for each pixel of the latents `[C, h, w]`; empty if there are not four channels.
    static Optional<RgbImage> of(float[] latents, int channels, int height, int width) {
        if (channels != COLOURS.length) {
            return Optional.empty();
        }
        int pixels = height * width;
        float[] planes = new float[3 * pixels];
        for (int colour = 0; colour < 3; colour++) {
            for (int i = 0; i < pixels; i++) {
                float sum = 0;
                for (int channel = 0; channel < channels; channel++) {
                    sum += COLOURS[channel][colour] * latents[channel * pixels + i];
                }
                planes[colour * pixels + i] = Math.clamp(sum / 2 + 0.5f, 0f, 1f);
            }
        }
        return Optional.of(RgbImage.ofPlanes(planes, width, height));
    }
}
