package dev.cathode.engine.models;

/// The distribution of an encoded picture's latent: independent normal numbers.
///
/// @param mean their means
/// @param logvar the logarithms of their variances, between -30 and 20
public record DiagonalGaussianDistribution(float[] mean, float[] logvar) {
    private static final float MIN_LOGVAR = -30;
    private static final float MAX_LOGVAR = 20;

    /// Copies, and clamps the logarithms to [-30, 20].
    public DiagonalGaussianDistribution {
        if (mean.length != logvar.length) {
            throw new IllegalArgumentException(mean.length + " means but " + logvar.length + " variances");
        }
        mean = mean.clone();
        logvar = logvar.clone();
        for (int i = 0; i < logvar.length; i++) {
            logvar[i] = Math.clamp(logvar[i], MIN_LOGVAR, MAX_LOGVAR);
        }
    }

    /// Standard deviations, `exp(logvar / 2)`.
    public float[] std() {
        float[] std = new float[logvar.length];
        for (int i = 0; i < std.length; i++) {
            std[i] = (float) Math.exp(0.5 * logvar[i]);
        }
        return std;
    }

    /// A latent drawn with given standard normal numbers: `mean + std · noise`.
    public float[] sample(float[] noise) {
        if (noise.length != mean.length) {
            throw new IllegalArgumentException(mean.length + " numbers of noise are needed, not " + noise.length);
        }
        float[] sample = std();
        for (int i = 0; i < sample.length; i++) {
            sample[i] = mean[i] + sample[i] * noise[i];
        }
        return sample;
    }

    /// The most probable latent, the means.
    public float[] mode() {
        return mean.clone();
    }
}
