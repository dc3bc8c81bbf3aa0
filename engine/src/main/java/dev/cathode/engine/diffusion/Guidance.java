package dev.cathode.engine.diffusion;

import dev.cathode.engine.runtime.Executable;
import java.util.Arrays;
import java.util.function.BooleanSupplier;

/// Classifier-free guidance (Ho and Salimans 2022, https://arxiv.org/abs/2207.12598): the U-Net is evaluated on a
/// prompt and on what the picture shall not show, and what differs is exaggerated.
public final class Guidance {
    private Guidance() { }

    /// Evaluates a U-Net with the inputs `sample` `[prompts, C, H, W]` and `timestep` `[prompts]` and the output `out`.
    ///
    /// @param sample what to denoise, `[C, H, W]`
    /// @param prompts 1: no guidance; 2: the negative one first
    /// @param cancelled asked now and then
    /// @return `unconditional + scale · (conditional - unconditional)`, `[C, H, W]`
    public static float[] predict(Executable unet, float[] sample, double timestep, int prompts, double scale,
                                  BooleanSupplier cancelled) {
        float[] samples = new float[prompts * sample.length];
        for (int i = 0; i < prompts; i++) {
            System.arraycopy(sample, 0, samples, i * sample.length, sample.length);
        }
        float[] timesteps = new float[prompts];
        Arrays.fill(timesteps, (float) timestep);
        unet.set("sample", samples);
        unet.set("timestep", timesteps);
        unet.run(cancelled);
        float[] out = unet.get("out");
        if (prompts == 1) {
            return out;
        }
        float[] guided = new float[sample.length];
        for (int i = 0; i < guided.length; i++) {
            guided[i] = out[i] + (float) scale * (out[guided.length + i] - out[i]);
        }
        return guided;
    }
}
