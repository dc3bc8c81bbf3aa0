package dev.cathode.engine.diffusion.schedulers;

import java.util.List;
import java.util.function.Supplier;

/// Euler's method on the noise level with ancestral sampling: each step goes further down than it should, and adds
/// noise.
///
/// As `sample_euler_ancestral` in [k-diffusion](https://github.com/crowsonkb/k-diffusion), by Katherine Crowson.
public record EulerAncestralDiscreteScheduler(NoiseSchedule noiseSchedule, PredictionType predictionType,
                                              TimestepSpacing timestepSpacing, int stepsOffset) implements Scheduler {
    /// From a configuration.
    ///
    /// @throws dev.cathode.weights.CheckpointException if a value is not supported
    public static EulerAncestralDiscreteScheduler of(SchedulerConfig config) {
        return new EulerAncestralDiscreteScheduler(NoiseSchedule.of(config),
                config.constant("prediction_type", PredictionType.EPSILON,
                        List.of(PredictionType.EPSILON, PredictionType.V_PREDICTION)),
                config.constant("timestep_spacing", TimestepSpacing.LINSPACE, List.of(TimestepSpacing.values())),
                config.integer("steps_offset", 0));
    }

    @Override
    public Sampling start(int steps, int begin) {
        int count = noiseSchedule.timesteps();
        SigmaSpacing.Levels levels = SigmaSpacing.TIMESTEPS.of(noiseSchedule.sigmas(),
                timestepSpacing.fractional(count, Run.checked(steps, 1, count), stepsOffset), Double.NaN, Double.NaN);
        return new Run.OfSigmas(levels.timesteps(), levels.endingWith(0), begin, timestepSpacing) {
            @Override
            float[] advance(int i, float[] prediction, float[] sample, Supplier<float[]> noise) {
                double from = sigma(i) * sigma(i);
                double to = sigma(i + 1) * sigma(i + 1);
                double up = to * (from - to) / from;
                double ratio = Math.sqrt(to - up) / sigma(i);
                float[] original = predictionType.original(sample, prediction, sigma(i));
                return Vectors.sum(ratio, sample, 1 - ratio, original, Math.sqrt(up), noise.get());
            }
        };
    }
}
