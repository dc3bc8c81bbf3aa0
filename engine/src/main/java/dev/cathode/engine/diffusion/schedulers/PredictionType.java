package dev.cathode.engine.diffusion.schedulers;

import java.util.Locale;

/// What the network predicts of a noisy sample `x = α·x₀ + σ·ε`.
public enum PredictionType {
    /// The noise ε.
    EPSILON,
    /// The velocity `α·ε - σ·x₀` ([Salimans and Ho](https://arxiv.org/abs/2202.00512)).
    V_PREDICTION,
    /// The clean sample x₀.
    SAMPLE;

    /// As `prediction_type` in a configuration file.
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The clean sample that a prediction implies, where `α² + σ² = 1`.
    float[] original(float[] sample, float[] prediction, double alpha, double sigma) {
        return switch (this) {
            case EPSILON -> Vectors.sum(1 / alpha, sample, -sigma / alpha, prediction);
            case V_PREDICTION -> Vectors.sum(alpha, sample, -sigma, prediction);
            case SAMPLE -> prediction;
        };
    }

    /// The noise that a prediction implies, where `α² + σ² = 1`.
    float[] noise(float[] sample, float[] prediction, double alpha, double sigma) {
        return switch (this) {
            case EPSILON -> prediction;
            case V_PREDICTION -> Vectors.sum(alpha, prediction, sigma, sample);
            case SAMPLE -> Vectors.sum(1 / sigma, sample, -alpha / sigma, prediction);
        };
    }

    /// The clean sample that a prediction implies, for samples `x = x₀ + σ·ε` that were divided by `√(σ² + 1)` before
    /// the network saw them.
    float[] original(float[] sample, float[] prediction, double sigma) {
        double variance = sigma * sigma + 1;
        return switch (this) {
            case EPSILON -> Vectors.sum(1, sample, -sigma, prediction);
            case V_PREDICTION -> Vectors.sum(1 / variance, sample, -sigma / Math.sqrt(variance), prediction);
            case SAMPLE -> prediction;
        };
    }
}
