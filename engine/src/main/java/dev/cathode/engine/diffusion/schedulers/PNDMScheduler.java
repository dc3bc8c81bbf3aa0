package dev.cathode.engine.diffusion.schedulers;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// Pseudo numerical methods: Runge-Kutta steps to begin with (unless left out, as Stable Diffusion does), then linear
/// multistep ones. Stable Diffusion 1 samples with it; 50 steps evaluate the network 51 times, at the second timestep
/// twice.
///
/// Liu et al., [Pseudo Numerical Methods for Diffusion Models on Manifolds](https://arxiv.org/abs/2202.09778),
/// formulas 9, 12 and 13, algorithm 2.
///
/// @param skipPrkSteps begin with a multistep method that grows, not with Runge-Kutta
/// @param setAlphaToOne the last step ends without noise, not with that of timestep 0
public record PNDMScheduler(NoiseSchedule noiseSchedule, PredictionType predictionType, TimestepSpacing timestepSpacing,
                            int stepsOffset, boolean skipPrkSteps, boolean setAlphaToOne) implements Scheduler {
    private static final int ORDER = 4;

    /// From a configuration.
    ///
    /// @throws dev.cathode.weights.CheckpointException if a value is not supported
    public static PNDMScheduler of(SchedulerConfig config) {
        return new PNDMScheduler(NoiseSchedule.of(config.without("rescale_betas_zero_snr")),
                config.constant("prediction_type", PredictionType.EPSILON,
                        List.of(PredictionType.EPSILON, PredictionType.V_PREDICTION)),
                config.constant("timestep_spacing", TimestepSpacing.LEADING, List.of(TimestepSpacing.values())),
                config.integer("steps_offset", 0), config.flag("skip_prk_steps", false),
                config.flag("set_alpha_to_one", false));
    }

    @Override
    public Sampling start(int steps, int begin) {
        int count = noiseSchedule.timesteps();
        double[] spread = timestepSpacing.whole(count, Run.checked(steps, skipPrkSteps ? 1 : ORDER, count),
                stepsOffset);
        List<Double> timesteps = new ArrayList<>();
        int half = count / steps / 2;
        int rungeKutta = skipPrkSteps ? 0 : ORDER - 1;
        for (int i = 0; i < rungeKutta; i++) {
            // At the timestep, half way to the next twice, and at the next.
            timesteps.addAll(List.of(spread[i], spread[i + 1] + half, spread[i + 1] + half, spread[i + 1]));
        }
        for (int i = rungeKutta; i < spread.length; i++) {
            timesteps.add(spread[i]);
            if (skipPrkSteps && i == 1) {
                timesteps.add(spread[i]);
            }
        }
        return new PseudoNumerical(timesteps.stream().mapToDouble(Double::doubleValue).toArray(), begin, count / steps,
                4 * rungeKutta);
    }

    private final class PseudoNumerical extends Run.OfAlphas {
        private final int stride;
        private final int rungeKuttaSteps;
        /// The last noise predictions, the latest first.
        private final List<float[]> history = new ArrayList<>();
        private float[] kept;
        private float[] slope;

        PseudoNumerical(double[] timesteps, int begin, int stride, int rungeKuttaSteps) {
            super(noiseSchedule, timesteps, begin);
            this.stride = stride;
            this.rungeKuttaSteps = rungeKuttaSteps;
        }

        @Override
        float[] advance(int i, float[] prediction, float[] sample, Supplier<float[]> noise) {
            return i < rungeKuttaSteps ? rungeKutta(i, prediction, sample) : multistep(i, prediction, sample);
        }

        private float[] rungeKutta(int i, float[] prediction, float[] sample) {
            int to = (int) timestep(i) - (i % 2 == 0 ? stride / 2 : 0);
            // Every four evaluations start from the same sample and timestep. That timestep is counted from the start
            // of the whole run, wherever this one begins.
            int from = (int) timestep(i / 4 * 4 - begin());
            float[] direction = prediction;
            switch (i % 4) {
                case 0 -> {
                    kept = sample;
                    slope = Vectors.sum(1.0 / 6, prediction, 0, prediction);
                    remember(prediction);
                }
                case 1, 2 -> slope = Vectors.sum(1, slope, 1.0 / 3, prediction);
                default -> direction = Vectors.sum(1, slope, 1.0 / 6, prediction);
            }
            return move(kept, direction, from, to);
        }

        private float[] multistep(int i, float[] prediction, float[] sample) {
            int from = (int) timestep(i);
            int to = from - stride;
            if (i == 1) {
                // The first step once more, from where it began, with the mean of both ends' predictions.
                return move(kept, Vectors.sum(0.5, prediction, 0.5, history.getFirst()), from + stride, from);
            }
            remember(prediction);
            if (history.size() == 1) {
                kept = sample;
            }
            double[] weights = switch (history.size()) {
                case 1 -> new double[] {1};
                case 2 -> new double[] {3 / 2.0, -1 / 2.0};
                case 3 -> new double[] {23 / 12.0, -16 / 12.0, 5 / 12.0};
                default -> new double[] {55 / 24.0, -59 / 24.0, 37 / 24.0, -9 / 24.0};
            };
            return move(sample, Vectors.sum(weights, history), from, to);
        }

        private void remember(float[] prediction) {
            history.addFirst(prediction);
            if (history.size() > ORDER) {
                history.removeLast();
            }
        }

        /// Formula 9: along a prediction from one timestep to another.
        private float[] move(float[] sample, float[] prediction, int from, int to) {
            double a = noiseSchedule.alphasCumprod(from);
            double end = setAlphaToOne ? 1 : noiseSchedule.alphasCumprod(0);
            double b = to >= 0 ? noiseSchedule.alphasCumprod(to) : end;
            float[] noise = predictionType.noise(sample, prediction, Math.sqrt(a), Math.sqrt(1 - a));
            double scale = (b - a) / (a * Math.sqrt(1 - b) + Math.sqrt(a * (1 - a) * b));
            return Vectors.sum(Math.sqrt(b / a), sample, -scale, noise);
        }
    }
}
