package dev.cathode.engine.diffusion.schedulers;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// Linear multistep method of order 4 on the noise level: the derivative is continued by the polynomial through its
/// last four values.
///
/// As `sample_lms` in [k-diffusion](https://github.com/crowsonkb/k-diffusion), by Katherine Crowson.
public record LMSDiscreteScheduler(NoiseSchedule noiseSchedule, PredictionType predictionType,
                                   TimestepSpacing timestepSpacing, int stepsOffset, SigmaSpacing sigmaSpacing)
        implements Scheduler {
    private static final int ORDER = 4;

    /// From a configuration.
    ///
    /// @throws dev.cathode.weights.CheckpointException if a value is not supported
    public static LMSDiscreteScheduler of(SchedulerConfig config) {
        return new LMSDiscreteScheduler(NoiseSchedule.of(config.without("rescale_betas_zero_snr")),
                config.constant("prediction_type", PredictionType.EPSILON, List.of(PredictionType.values())),
                config.constant("timestep_spacing", TimestepSpacing.LINSPACE, List.of(TimestepSpacing.values())),
                config.integer("steps_offset", 0), SigmaSpacing.of(config));
    }

    @Override
    public Sampling start(int steps, int begin) {
        int count = noiseSchedule.timesteps();
        SigmaSpacing.Levels levels = sigmaSpacing.of(noiseSchedule.sigmas(),
                timestepSpacing.fractional(count, Run.checked(steps, 1, count), stepsOffset), Double.NaN, Double.NaN);
        return new Multistep(levels.timesteps(), levels.endingWith(0), begin);
    }

    private final class Multistep extends Run.OfSigmas {
        /// The last derivatives, the latest first.
        private final List<float[]> derivatives = new ArrayList<>();

        Multistep(double[] timesteps, float[] sigmas, int begin) {
            super(timesteps, sigmas, begin, timestepSpacing);
        }

        @Override
        float[] advance(int i, float[] prediction, float[] sample, Supplier<float[]> noise) {
            double sigma = sigma(i);
            float[] original = predictionType.original(sample, prediction, sigma);
            derivatives.addFirst(Vectors.sum(1 / sigma, sample, -1 / sigma, original));
            if (derivatives.size() > ORDER) {
                derivatives.removeLast();
            }
            // A run that begins later still takes coefficients of full order, although it has no such past yet.
            int order = Math.min(begin() + i + 1, ORDER);
            double[] scales = new double[derivatives.size() + 1];
            List<float[]> terms = new ArrayList<>(derivatives);
            for (int k = 0; k < derivatives.size(); k++) {
                scales[k] = weight(i, k, order);
            }
            scales[derivatives.size()] = 1;
            terms.add(sample);
            return Vectors.sum(scales, terms);
        }

        /// The integral of the k-th Lagrange polynomial over this step; Simpson's rule is exact for cubic ones.
        private double weight(int i, int k, int order) {
            double from = sigma(i);
            double to = sigma(i + 1);
            return (to - from) / 6 * (lagrange(i, k, order, from) + 4 * lagrange(i, k, order, (from + to) / 2)
                    + lagrange(i, k, order, to));
        }

        private double lagrange(int i, int k, int order, double sigma) {
            double product = 1;
            for (int j = 0; j < order; j++) {
                product *= j == k ? 1 : (sigma - sigma(i - j)) / (sigma(i - k) - sigma(i - j));
            }
            return product;
        }
    }
}
