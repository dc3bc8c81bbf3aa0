package dev.cathode.engine.diffusion.schedulers;

import java.util.List;
import java.util.function.Supplier;

/// Euler's method on the noise level.
///
/// Karras et al., [Elucidating the Design Space of Diffusion-Based Generative
/// Models](https://arxiv.org/abs/2206.00364), algorithm 2 without churn.
///
/// @param sigmaMin smallest level of Karras' or exponential spacing; NaN: that of the last timestep
/// @param sigmaMax largest level of such a spacing; NaN: that of the first timestep
/// @param endsClean the last step ends without noise, not with that of timestep 0
public record EulerDiscreteScheduler(NoiseSchedule noiseSchedule, PredictionType predictionType,
                                     TimestepSpacing timestepSpacing, int stepsOffset, SigmaSpacing sigmaSpacing,
                                     double sigmaMin, double sigmaMax, boolean endsClean) implements Scheduler {
    /// From a configuration.
    ///
    /// @throws dev.cathode.weights.CheckpointException if a value is not supported
    public static EulerDiscreteScheduler of(SchedulerConfig config) {
        config.text("interpolation_type", "linear", "linear");
        config.text("timestep_type", "discrete", "discrete");
        return new EulerDiscreteScheduler(NoiseSchedule.of(config),
                config.constant("prediction_type", PredictionType.EPSILON, List.of(PredictionType.values())),
                config.constant("timestep_spacing", TimestepSpacing.LINSPACE, List.of(TimestepSpacing.values())),
                config.integer("steps_offset", 0), SigmaSpacing.of(config), config.number("sigma_min", Double.NaN),
                config.number("sigma_max", Double.NaN),
                config.text("final_sigmas_type", "zero", "zero", "sigma_min").equals("zero"));
    }

    @Override
    public Sampling start(int steps, int begin) {
        int count = noiseSchedule.timesteps();
        float[] table = noiseSchedule.sigmas();
        SigmaSpacing.Levels levels = sigmaSpacing.of(table,
                timestepSpacing.fractional(count, Run.checked(steps, 1, count), stepsOffset), sigmaMin, sigmaMax);
        float[] sigmas = levels.endingWith(endsClean ? 0 : table[0]);
        return new Run.OfSigmas(levels.timesteps(), sigmas, begin, timestepSpacing) {
            @Override
            float[] advance(int i, float[] prediction, float[] sample, Supplier<float[]> noise) {
                float[] original = predictionType.original(sample, prediction, sigma(i));
                // x + (x - x₀) / σ · (σ' - σ)
                double ratio = sigma(i + 1) / sigma(i);
                return Vectors.sum(ratio, sample, 1 - ratio, original);
            }
        };
    }
}
