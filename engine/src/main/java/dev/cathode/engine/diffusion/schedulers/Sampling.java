package dev.cathode.engine.diffusion.schedulers;

import java.util.function.Supplier;

/// One run of a sampler: it knows the timesteps and remembers what its algorithm needs of earlier steps. Samples are
/// latents of any shape, flat; a batch is one sample.
///
/// ```
/// Sampling sampling = scheduler.start(50);
/// float[] x = noise scaled by sampling.initNoiseSigma();
/// for (int i = 0; i < sampling.count(); i++) {
///     float[] prediction = network(sampling.scaleModelInput(i, x), sampling.timestep(i));
///     x = sampling.step(i, prediction, x, noise);
/// }
/// ```
public interface Sampling {
    /// Number of evaluations of the network; some algorithms need more of them than steps.
    int count();

    /// The timestep of evaluation i (from 0), maybe a fraction.
    double timestep(int i);

    /// All of them.
    default double[] timesteps() {
        double[] timesteps = new double[count()];
        for (int i = 0; i < timesteps.length; i++) {
            timesteps[i] = timestep(i);
        }
        return timesteps;
    }

    /// Standard deviation of the noise that a run from nothing but noise starts with.
    float initNoiseSigma();

    /// What the network gets to see in evaluation i.
    float[] scaleModelInput(int i, float[] sample);

    /// The sample after evaluation i. To be called once for every i, in order.
    ///
    /// @param prediction what the network said, of the sample's length
    /// @param sample what [#scaleModelInput] was given; not changed
    /// @param noise standard normal numbers of the sample's length; called once by steps that add noise, else not
    /// @throws IllegalStateException if it is not this step's turn
    float[] step(int i, float[] prediction, float[] sample, Supplier<float[]> noise);

    /// A clean sample with the noise that [#step] i expects: the start of image to image (i = 0), and the known part
    /// of a picture while the rest is painted.
    ///
    /// @param noise standard normal numbers
    float[] addNoise(float[] sample, float[] noise, int i);
}
