package dev.cathode.engine.diffusion.schedulers;

import java.util.List;
import java.util.function.Supplier;

/// Ancestral sampling: every step but one at timestep 0 adds noise. Training uses its [#noiseSchedule].
///
/// Ho, Jain and Abbeel, [Denoising Diffusion Probabilistic Models](https://arxiv.org/abs/2006.11239), formulas 6, 7
/// and 15.
///
/// @param clipRange predicted clean samples are clipped to this range around 0; infinite: not at all
/// @param largeVariance steps add noise of variance β, not of the smaller posterior variance
public record DDPMScheduler(NoiseSchedule noiseSchedule, PredictionType predictionType, TimestepSpacing timestepSpacing,
                            int stepsOffset, double clipRange, boolean largeVariance) implements Scheduler {
    private static final double LEAST_VARIANCE = 1e-20;

    /// From a configuration.
    ///
    /// @throws dev.cathode.weights.CheckpointException if a value is not supported
    public static DDPMScheduler of(SchedulerConfig config) {
        config.refuseIfSet("thresholding");
        // The standard deviation of the small variance is the same whether its logarithm is taken in between or not.
        String variance = config.text("variance_type", "fixed_small", "fixed_small", "fixed_small_log", "fixed_large");
        return new DDPMScheduler(NoiseSchedule.of(config), config.constant("prediction_type", PredictionType.EPSILON,
                List.of(PredictionType.values())),
                config.constant("timestep_spacing", TimestepSpacing.LEADING, List.of(TimestepSpacing.values())),
                config.integer("steps_offset", 0), config.clipRange(true), variance.equals("fixed_large"));
    }

    @Override
    public Sampling start(int steps, int begin) {
        int count = noiseSchedule.timesteps();
        double[] timesteps = timestepSpacing.whole(count, Run.checked(steps, 1, count), stepsOffset);
        return new Run.OfAlphas(noiseSchedule, timesteps, begin) {
            @Override
            float[] advance(int i, float[] prediction, float[] sample, Supplier<float[]> noise) {
                double a = noiseSchedule.alphasCumprod((int) timestep(i));
                double b = i + 1 < count() ? noiseSchedule.alphasCumprod((int) timestep(i + 1)) : 1;
                double ratio = a / b;
                float[] original = Vectors.clip(predictionType.original(sample, prediction, Math.sqrt(a),
                        Math.sqrt(1 - a)), clipRange);
                double originalScale = Math.sqrt(b) * (1 - ratio) / (1 - a);
                double sampleScale = Math.sqrt(ratio) * (1 - b) / (1 - a);
                if (timestep(i) == 0) {
                    return Vectors.sum(originalScale, original, sampleScale, sample);
                }
                double posterior = Math.max((1 - b) / (1 - a) * (1 - ratio), LEAST_VARIANCE);
                return Vectors.sum(originalScale, original, sampleScale, sample,
                        Math.sqrt(largeVariance ? 1 - ratio : posterior), noise.get());
            }
        };
    }
}
