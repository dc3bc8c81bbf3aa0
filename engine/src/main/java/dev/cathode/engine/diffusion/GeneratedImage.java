package dev.cathode.engine.diffusion;

import dev.cathode.engine.image.RgbImage;

/// A finished picture and the numbers on its way.
///
/// @param index which of the request's pictures, from 0
/// @param seed its seed
/// @param width columns
/// @param height rows
/// @param latentShape `[1, C, h, w]` of the latents
/// @param initialLatents the standard normal numbers it started from: as a request's initial latents they give the same
///         picture again
/// @param finalLatents what the decoder was given, still scaled by the VAE's factor
/// @param planes `[3, height, width]` in [0, 1], not yet rounded to 8 bits
public record GeneratedImage(int index, long seed, int width, int height, int[] latentShape, float[] initialLatents,
                             float[] finalLatents, float[] planes) {
    /// The picture in 8 bits a channel.
    public RgbImage toRgb() {
        return RgbImage.ofPlanes(planes, width, height);
    }
}
