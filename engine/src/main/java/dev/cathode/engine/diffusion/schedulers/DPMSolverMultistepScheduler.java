package dev.cathode.engine.diffusion.schedulers;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// DPM-Solver++ as a multistep method, of order 1, 2 ("2M") or 3, deterministic or with noise ("SDE").
///
/// Lu et al., [DPM-Solver++](https://arxiv.org/abs/2211.01095), algorithm 2 for order 2;
/// [DPM-Solver](https://arxiv.org/abs/2206.00927) for the setting.
///
/// @param solverOrder 1, 2 or, without noise, 3
/// @param noisy the stochastic variant
/// @param midpoint second-order steps take the slope at the middle, not the mean of both ends'
/// @param lowerOrderFinal runs of fewer than 15 steps end with steps of lower order
/// @param eulerAtFinal the last step has order 1
/// @param endsClean the last step ends without noise, not with that of timestep 0
/// @param lambdaMinClipped timesteps with a log signal-to-noise ratio (halved) below this are left out
/// @param roundTimesteps timesteps found for noise levels are rounded, not cut
public record DPMSolverMultistepScheduler(NoiseSchedule noiseSchedule, PredictionType predictionType,
                                          TimestepSpacing timestepSpacing, int stepsOffset, SigmaSpacing sigmaSpacing,
                                          int solverOrder, boolean noisy, boolean midpoint, boolean lowerOrderFinal,
                                          boolean eulerAtFinal, boolean endsClean, double lambdaMinClipped,
                                          boolean roundTimesteps) implements Scheduler {
    private static final int FEW_STEPS = 15;

    /// From a configuration.
    ///
    /// @throws dev.cathode.weights.CheckpointException if a value is not supported
    public static DPMSolverMultistepScheduler of(SchedulerConfig config) {
        config.refuseIfSet("thresholding", "use_lu_lambdas", "use_flow_sigmas", "use_dynamic_shifting",
                "variance_type");
        // Names that related solvers use mean the nearest that there is, as in diffusers.
        String algorithm = config.text("algorithm_type", "dpmsolver++", "dpmsolver++", "sde-dpmsolver++", "deis");
        String solver = config.text("solver_type", "midpoint", "midpoint", "heun", "logrho", "bh1", "bh2");
        boolean noisy = algorithm.startsWith("sde");
        int order = config.integer("solver_order", 2);
        if (order < 1 || order > (noisy ? 2 : 3)) {
            throw config.refused("solver_order", noisy ? "1 and 2 (of sde-dpmsolver++)" : "1, 2 and 3");
        }
        SigmaSpacing spacing = SigmaSpacing.of(config);
        boolean cosine = config.text("beta_schedule", "linear", "linear", "scaled_linear", "squaredcos_cap_v2")
                .equals("squaredcos_cap_v2");
        return new DPMSolverMultistepScheduler(NoiseSchedule.of(config),
                config.constant("prediction_type", PredictionType.EPSILON, List.of(PredictionType.values())),
                config.constant("timestep_spacing", TimestepSpacing.LINSPACE, List.of(TimestepSpacing.values())),
                config.integer("steps_offset", 0), spacing, order, noisy, !solver.equals("heun"),
                config.flag("lower_order_final", true), config.flag("euler_at_final", false),
                config.text("final_sigmas_type", "zero", "zero", "sigma_min").equals("zero"),
                config.number("lambda_min_clipped", Double.NEGATIVE_INFINITY), spacing == SigmaSpacing.KARRAS
                && !cosine);
    }

    @Override
    public Sampling start(int steps, int begin) {
        int count = noiseSchedule.timesteps();
        float[] table = noiseSchedule.sigmas();
        int last = count;
        while (last > 1 && -Math.log(table[last - 1]) < lambdaMinClipped) {
            last--;
        }
        double[] timesteps = timestepSpacing.withoutLast(count, last, Run.checked(steps, 1, count - 1), stepsOffset);
        SigmaSpacing.Levels levels = sigmaSpacing.overWholeTable(table, timesteps, steps, Double.NaN, Double.NaN,
                roundTimesteps);
        return new Multistep(levels.timesteps(), levels.endingWith(endsClean ? 0 : table[0]), begin);
    }

    private final class Multistep extends Run.OfLambdas {
        private final int steps;
        /// The last predictions of the clean sample, the latest first.
        private final List<float[]> originals = new ArrayList<>();

        Multistep(double[] timesteps, float[] sigmas, int begin) {
            super(timesteps, sigmas, begin);
            steps = timesteps.length;
        }

        @Override
        float[] advance(int i, float[] prediction, float[] sample, Supplier<float[]> noise) {
            originals.addFirst(predictionType.original(sample, prediction, alpha(i), sigma(i)));
            if (originals.size() > solverOrder) {
                originals.removeLast();
            }
            int order = Math.min(originals.size(), highestOrder(count() - i));
            List<float[]> terms = new ArrayList<>(originals.subList(0, order));
            terms.add(sample);
            if (noisy) {
                terms.add(noise.get());
            }
            return Vectors.sum(scales(i, order), terms);
        }

        /// @param left steps left, this one included
        private int highestOrder(int left) {
            boolean lower = lowerOrderFinal && steps < FEW_STEPS;
            if (left == 1 && (eulerAtFinal || lower || endsClean)) {
                return 1;
            }
            return left == 2 && lower ? 2 : 3;
        }

        /// What to multiply the last clean samples, the sample and the noise with.
        private double[] scales(int i, int order) {
            double h = lambda(i + 1) - lambda(i);
            double alpha = alpha(i + 1);
            // With noise the solution shrinks twice as fast, and noise makes up for half of it.
            double rate = noisy ? 2 * h : h;
            double shrink = Math.exp(-h);
            double first = alpha * -Math.expm1(-rate);
            double[] scales = new double[order + (noisy ? 2 : 1)];
            scales[0] = first;
            scales[order] = sigma(i + 1) / sigma(i) * (noisy ? shrink : 1);
            if (noisy) {
                scales[order + 1] = sigma(i + 1) * Math.sqrt(-Math.expm1(-2 * h));
            }
            if (order == 1) {
                return scales;
            }
            double r0 = (lambda(i) - lambda(i - 1)) / h;
            if (order == 2) {
                double slope = midpoint ? first / 2 : alpha * (Math.expm1(-rate) / rate + 1);
                addDifference(scales, slope / r0, 0);
                return scales;
            }
            double r1 = (lambda(i - 1) - lambda(i - 2)) / h;
            double slope = alpha * (Math.expm1(-rate) / rate + 1);
            double curve = -alpha * ((Math.expm1(-rate) + rate) / (rate * rate) - 0.5);
            // D₁ = d₀ + r₀ / (r₀ + r₁) · (d₀ - d₁), D₂ = (d₀ - d₁) / (r₀ + r₁), of differences d₀ and d₁
            double bend = (slope * r0 + curve) / (r0 + r1);
            addDifference(scales, (slope + bend) / r0, 0);
            addDifference(scales, -bend / r1, 1);
            return scales;
        }

        private static void addDifference(double[] scales, double scale, int at) {
            scales[at] += scale;
            scales[at + 1] -= scale;
        }
    }
}
