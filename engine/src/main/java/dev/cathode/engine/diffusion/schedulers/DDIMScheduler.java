package dev.cathode.engine.diffusion.schedulers;

import java.util.List;
import java.util.function.Supplier;

/// Deterministic steps (η = 0), or DDPM-like ones with some noise.
///
/// Song, Meng and Ermon, [Denoising Diffusion Implicit Models](https://arxiv.org/abs/2010.02502), formulas 12 and 16.
///
/// @param clipRange predicted clean samples are clipped to this range around 0; infinite: not at all
/// @param setAlphaToOne the last step ends without noise, not with that of timestep 0
/// @param eta how much noise a step adds: 0 none, 1 as much as DDPM
public record DDIMScheduler(NoiseSchedule noiseSchedule, PredictionType predictionType, TimestepSpacing timestepSpacing,
                            int stepsOffset, double clipRange, boolean setAlphaToOne, double eta) implements Scheduler {
    /// From a configuration, deterministic.
    ///
    /// @throws dev.cathode.weights.CheckpointException if a value is not supported
    public static DDIMScheduler of(SchedulerConfig config) {
        config.refuseIfSet("thresholding");
        return new DDIMScheduler(NoiseSchedule.of(config), config.constant("prediction_type", PredictionType.EPSILON,
                List.of(PredictionType.values())),
                config.constant("timestep_spacing", TimestepSpacing.LEADING, List.of(TimestepSpacing.values())),
                config.integer("steps_offset", 0), config.clipRange(true), config.flag("set_alpha_to_one", true), 0);
    }

    /// The same with noise.
    public DDIMScheduler withEta(double newEta) {
        return new DDIMScheduler(noiseSchedule, predictionType, timestepSpacing, stepsOffset, clipRange, setAlphaToOne,
                newEta);
    }

    @Override
    public Sampling start(int steps, int begin) {
        int count = noiseSchedule.timesteps();
        double[] timesteps = timestepSpacing.whole(count, Run.checked(steps, 1, count), stepsOffset);
        int stride = count / steps;
        return new Run.OfAlphas(noiseSchedule, timesteps, begin) {
            @Override
            float[] advance(int i, float[] prediction, float[] sample, Supplier<float[]> noise) {
                int from = (int) timestep(i);
                int to = from - stride;
                double a = noiseSchedule.alphasCumprod(from);
                double end = setAlphaToOne ? 1 : noiseSchedule.alphasCumprod(0);
                double b = to >= 0 ? noiseSchedule.alphasCumprod(to) : end;
                double alpha = Math.sqrt(a);
                double sigma = Math.sqrt(1 - a);
                float[] original = Vectors.clip(predictionType.original(sample, prediction, alpha, sigma), clipRange);
                float[] direction = predictionType.noise(sample, prediction, alpha, sigma);
                double variance = eta * eta * (1 - b) / (1 - a) * (1 - a / b);
                double scale = Math.sqrt(1 - b - variance);
                return eta == 0 ? Vectors.sum(Math.sqrt(b), original, scale, direction)
                        : Vectors.sum(Math.sqrt(b), original, scale, direction, Math.sqrt(variance), noise.get());
            }
        };
    }
}
