package dev.cathode.engine.diffusion.schedulers;

import java.util.List;
import java.util.function.Supplier;

/// Heun's method on the noise level: each step but the last evaluates the network at both of its ends.
///
/// Karras et al., [Elucidating the Design Space of Diffusion-Based Generative
/// Models](https://arxiv.org/abs/2206.00364), algorithm 1.
///
/// @param clipRange predicted clean samples are clipped to this range around 0; infinite: not at all
public record HeunDiscreteScheduler(NoiseSchedule noiseSchedule, PredictionType predictionType,
                                    TimestepSpacing timestepSpacing, int stepsOffset, SigmaSpacing sigmaSpacing,
                                    double clipRange) implements Scheduler {
    /// From a configuration; the usual betas are those of Stable Diffusion, unlike those of the other schedulers.
    ///
    /// @throws dev.cathode.weights.CheckpointException if a value is not supported
    public static HeunDiscreteScheduler of(SchedulerConfig config) {
        return new HeunDiscreteScheduler(NoiseSchedule.of(config.without("rescale_betas_zero_snr"), 0.00085, 0.012),
                config.constant("prediction_type", PredictionType.EPSILON, List.of(PredictionType.values())),
                config.constant("timestep_spacing", TimestepSpacing.LINSPACE, List.of(TimestepSpacing.values())),
                config.integer("steps_offset", 0), SigmaSpacing.of(config), config.clipRange(false));
    }

    @Override
    public int order() {
        return 2;
    }

    @Override
    public Sampling start(int steps, int begin) {
        int count = noiseSchedule.timesteps();
        SigmaSpacing.Levels levels = sigmaSpacing.of(noiseSchedule.sigmas(),
                timestepSpacing.fractional(count, Run.checked(steps, 1, count), stepsOffset), Double.NaN, Double.NaN);
        int evaluations = 2 * levels.timesteps().length - 1;
        float[] single = levels.endingWith(0);
        double[] timesteps = new double[evaluations];
        float[] sigmas = new float[evaluations + 1];
        for (int i = 0; i < evaluations; i++) {
            timesteps[i] = levels.timesteps()[(i + 1) / 2];
            sigmas[i] = single[(i + 1) / 2];
        }
        return new TwoEnds(timesteps, sigmas, begin);
    }

    private final class TwoEnds extends Run.OfSigmas {
        private float[] start;
        private float[] derivative;

        TwoEnds(double[] timesteps, float[] sigmas, int begin) {
            super(timesteps, sigmas, begin, timestepSpacing);
        }

        @Override
        float[] advance(int i, float[] prediction, float[] sample, Supplier<float[]> noise) {
            double sigma = sigma(i);
            float[] original = Vectors.clip(predictionType.original(sample, prediction, sigma), clipRange);
            float[] here = Vectors.sum(1 / sigma, sample, -1 / sigma, original);
            if (derivative == null) {
                start = sample;
                derivative = here;
                return Vectors.sum(1, sample, sigma(i + 1) - sigma, here);
            }
            double half = (sigma - sigma(i - 1)) / 2;
            float[] result = Vectors.sum(1, start, half, derivative, half, here);
            derivative = null;
            return result;
        }
    }
}
