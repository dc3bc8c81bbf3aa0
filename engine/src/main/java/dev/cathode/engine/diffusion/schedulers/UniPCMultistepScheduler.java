package dev.cathode.engine.diffusion.schedulers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// A predictor and a corrector that share the network's evaluations: each new prediction first improves the sample it
/// was made for.
///
/// Zhao et al., [UniPC](https://arxiv.org/abs/2302.04867), algorithms 5 and 6 (with B(h)).
///
/// @param solverOrder order of the predictor, at least 1
/// @param predictOriginal integrate the prediction of the clean sample, not that of the noise
/// @param exponentialB B(h) = e^h - 1 ("bh2"), not h ("bh1")
/// @param lowerOrderFinal the last steps have lower orders
/// @param uncorrected indices of steps whose result is not corrected
/// @param endsClean the last step ends without noise, not with that of timestep 0
/// @param sigmaMin smallest level of Karras' or exponential spacing; NaN: that of timestep 0
/// @param sigmaMax largest level of such a spacing; NaN: that of the last training timestep
public record UniPCMultistepScheduler(NoiseSchedule noiseSchedule, PredictionType predictionType,
                                      TimestepSpacing timestepSpacing, int stepsOffset, SigmaSpacing sigmaSpacing,
                                      double sigmaMin, double sigmaMax, int solverOrder, boolean predictOriginal,
                                      boolean exponentialB, boolean lowerOrderFinal, Set<Integer> uncorrected,
                                      boolean endsClean) implements Scheduler {
    private static final int HIGHEST_ORDER = 8;

    /// From a configuration.
    ///
    /// @throws dev.cathode.weights.CheckpointException if a value is not supported
    public static UniPCMultistepScheduler of(SchedulerConfig config) {
        config.refuseIfSet("thresholding", "use_flow_sigmas", "use_dynamic_shifting", "solver_p", "shift_terminal");
        int order = config.integer("solver_order", 2);
        if (order < 1 || order > HIGHEST_ORDER) {
            throw config.refused("solver_order", "1 to " + HIGHEST_ORDER);
        }
        // Names that related solvers use mean "bh2", as in diffusers.
        String solver = config.text("solver_type", "bh2", "bh1", "bh2", "midpoint", "heun", "logrho");
        return new UniPCMultistepScheduler(NoiseSchedule.of(config),
                config.constant("prediction_type", PredictionType.EPSILON, List.of(PredictionType.values())),
                config.constant("timestep_spacing", TimestepSpacing.LINSPACE, List.of(TimestepSpacing.values())),
                config.integer("steps_offset", 0), SigmaSpacing.of(config), config.number("sigma_min", Double.NaN),
                config.number("sigma_max", Double.NaN), order, config.flag("predict_x0", true), !solver.equals("bh1"),
                config.flag("lower_order_final", true), Arrays.stream(config.numbers("disable_corrector"))
                        .mapToObj(step -> (int) step).collect(Collectors.toUnmodifiableSet()),
                config.text("final_sigmas_type", "zero", "zero", "sigma_min").equals("zero"));
    }

    @Override
    public Sampling start(int steps, int begin) {
        int count = noiseSchedule.timesteps();
        float[] table = noiseSchedule.sigmas();
        double[] timesteps = timestepSpacing.withoutLast(count, count, Run.checked(steps, 1, count - 1), stepsOffset);
        SigmaSpacing.Levels levels = sigmaSpacing.overWholeTable(table, timesteps, steps, sigmaMin, sigmaMax,
                sigmaSpacing == SigmaSpacing.KARRAS);
        double least = sigmaSpacing == SigmaSpacing.TIMESTEPS ? table[0] : levels.sigmas()[levels.sigmas().length - 1];
        return new PredictorCorrector(levels.timesteps(), levels.endingWith(endsClean ? 0 : least), begin);
    }

    private final class PredictorCorrector extends Run.OfLambdas {
        /// The last predictions, of the clean sample or of the noise, the latest first.
        private final List<float[]> outputs = new ArrayList<>();
        private float[] previous;
        private int order;

        PredictorCorrector(double[] timesteps, float[] sigmas, int begin) {
            super(timesteps, sigmas, begin);
        }

        @Override
        float[] advance(int i, float[] prediction, float[] sample, Supplier<float[]> noise) {
            float[] output = predictOriginal ? predictionType.original(sample, prediction, alpha(i), sigma(i))
                    : predictionType.noise(sample, prediction, alpha(i), sigma(i));
            boolean correct = i > 0 && !uncorrected.contains(begin() + i - 1);
            float[] corrected = correct ? move(i, previous, output) : sample;
            outputs.addFirst(output);
            if (outputs.size() > solverOrder) {
                outputs.removeLast();
            }
            int most = lowerOrderFinal ? Math.min(solverOrder, count() - i) : solverOrder;
            order = Math.min(most, i + 1);
            previous = corrected;
            return move(i + 1, corrected, null);
        }

        /// From the sample before step `target` to that after it, along the last outputs, and along the output at the
        /// target itself if that is known already: then this is the corrector, else the predictor.
        private float[] move(int target, float[] sample, float[] atTarget) {
            int base = target - 1;
            double h = lambda(target) - lambda(base);
            double signed = predictOriginal ? -h : h;
            double phi = Math.expm1(signed);
            double b = exponentialB ? phi : signed;
            double outer = predictOriginal ? alpha(target) : sigma(target);
            double[] ratios = new double[order - 1];
            for (int k = 1; k < order; k++) {
                ratios[k - 1] = (lambda(base - k) - lambda(base)) / h;
            }
            double[] weights = weights(ratios, signed, b, atTarget != null);
            List<float[]> terms = new ArrayList<>(outputs.subList(0, order));
            terms.add(sample);
            double[] scales = new double[order + (atTarget != null ? 2 : 1)];
            scales[0] = -outer * phi;
            scales[order] = predictOriginal ? sigma(target) / sigma(base) : alpha(target) / alpha(base);
            for (int k = 1; k < order; k++) {
                double slope = -outer * b * weights[k - 1] / ratios[k - 1];
                scales[k] = slope;
                scales[0] -= slope;
            }
            if (atTarget != null) {
                terms.add(atTarget);
                scales[order + 1] = -outer * b * weights[order - 1];
                scales[0] -= scales[order + 1];
            }
            return Vectors.sum(scales, terms);
        }

        /// The weights of the differences to earlier outputs; the last one is that of the output at the target.
        private double[] weights(double[] ratios, double h, double b, boolean withTarget) {
            int unknowns = withTarget ? order : order - 1;
            if (unknowns == 1 && !(withTarget && order > 1)) {
                return new double[] {0.5};
            }
            double[][] matrix = new double[unknowns][unknowns];
            double[] right = new double[unknowns];
            double factorial = 1;
            double phi = Math.expm1(h) / h - 1;
            for (int row = 0; row < unknowns; row++) {
                for (int column = 0; column < unknowns; column++) {
                    matrix[row][column] = column < ratios.length ? Math.pow(ratios[column], row) : 1;
                }
                right[row] = phi * factorial / b;
                factorial *= row + 2;
                phi = phi / h - 1 / factorial;
            }
            return solve(matrix, right);
        }
    }

    /// Gaussian elimination with pivoting, in place.
    private static double[] solve(double[][] matrix, double[] right) {
        int n = right.length;
        for (int column = 0; column < n; column++) {
            int pivot = column;
            for (int row = column + 1; row < n; row++) {
                pivot = Math.abs(matrix[row][column]) > Math.abs(matrix[pivot][column]) ? row : pivot;
            }
            double[] pivotRow = matrix[pivot];
            double pivotRight = right[pivot];
            matrix[pivot] = matrix[column];
            right[pivot] = right[column];
            matrix[column] = pivotRow;
            right[column] = pivotRight;
            for (int row = column + 1; row < n; row++) {
                double factor = matrix[row][column] / pivotRow[column];
                for (int k = column; k < n; k++) {
                    matrix[row][k] -= factor * pivotRow[k];
                }
                right[row] -= factor * pivotRight;
            }
        }
        for (int row = n - 1; row >= 0; row--) {
            for (int k = row + 1; k < n; k++) {
                right[row] -= matrix[row][k] * right[k];
            }
            right[row] /= matrix[row][row];
        }
        return right;
    }
}
