package dev.cathode.engine.diffusion.schedulers;

import java.util.function.Supplier;

/// What all runs have in common: the timesteps from some index on, and the order of steps.
abstract class Run implements Sampling {
    private final double[] timesteps;
    private final int begin;
    private int next;

    /// @param timesteps of the whole run
    /// @param begin index of the first to evaluate
    Run(double[] timesteps, int begin) {
        if (begin < 0 || begin >= timesteps.length) {
            throw new IllegalArgumentException("cannot begin at timestep " + begin + " of " + timesteps.length);
        }
        this.timesteps = timesteps;
        this.begin = begin;
    }

    /// Checks a number of steps.
    static int checked(int steps, int least, int most) {
        if (steps < least || steps > most) {
            throw new IllegalArgumentException(steps + " steps are not possible with this sampler: it takes " + least
                    + " to " + most);
        }
        return steps;
    }

    @Override
    public final int count() {
        return timesteps.length - begin;
    }

    @Override
    public final double timestep(int i) {
        return timesteps[begin + i];
    }

    final int begin() {
        return begin;
    }

    @Override
    public final float[] step(int i, float[] prediction, float[] sample, Supplier<float[]> noise) {
        if (i != next || i >= count()) {
            throw new IllegalStateException("step " + i + " of " + count() + " was asked for when it was the turn of "
                    + next);
        }
        if (prediction.length != sample.length) {
            throw new IllegalArgumentException("a prediction of " + prediction.length + " numbers for a sample of "
                    + sample.length);
        }
        next++;
        return advance(i, prediction, sample, noise);
    }

    /// Step i; every step is asked for once and in order.
    abstract float[] advance(int i, float[] prediction, float[] sample, Supplier<float[]> noise);

    /// A run on whole timesteps, where a sample is `√a·x₀ + √(1-a)·ε`.
    abstract static class OfAlphas extends Run {
        private final NoiseSchedule schedule;

        OfAlphas(NoiseSchedule schedule, double[] timesteps, int begin) {
            super(timesteps, begin);
            this.schedule = schedule;
        }

        @Override
        public final float initNoiseSigma() {
            return 1;
        }

        @Override
        public final float[] scaleModelInput(int i, float[] sample) {
            return sample;
        }

        @Override
        public final float[] addNoise(float[] sample, float[] noise, int i) {
            return schedule.addNoise(sample, noise, (int) timestep(i));
        }
    }

    /// A run on noise levels, where a sample is `x₀ + σ·ε`, and `(x₀ + σ·ε) / √(σ² + 1)` is what the network knows.
    abstract static class OfSigmas extends Run {
        private final float[] sigmas;
        private final float initNoiseSigma;

        /// @param sigmas one for each timestep of the whole run, and the last, to end with
        OfSigmas(double[] timesteps, float[] sigmas, int begin, TimestepSpacing spacing) {
            super(timesteps, begin);
            this.sigmas = sigmas;
            float largest = 0;
            for (float sigma : sigmas) {
                largest = Math.max(largest, sigma);
            }
            initNoiseSigma = spacing == TimestepSpacing.LEADING ? (float) Math.sqrt((double) largest * largest + 1)
                    : largest;
        }

        /// The noise level before step i; negative i: before the run begins.
        final double sigma(int i) {
            return sigmas[begin() + i];
        }

        @Override
        public final float initNoiseSigma() {
            return initNoiseSigma;
        }

        @Override
        public final float[] scaleModelInput(int i, float[] sample) {
            return Vectors.divide(sample, (float) Math.sqrt(sigma(i) * sigma(i) + 1));
        }

        @Override
        public final float[] addNoise(float[] sample, float[] noise, int i) {
            return Vectors.sum(1, sample, sigma(i), noise);
        }
    }

    /// A run on noise levels with samples `α·x₀ + σ̂·ε`, where `α = 1 / √(σ² + 1)` and `σ̂ = σ·α`; λ is the logarithm
    /// of `α / σ̂`.
    abstract static class OfLambdas extends Run {
        private final float[] sigmas;

        OfLambdas(double[] timesteps, float[] sigmas, int begin) {
            super(timesteps, begin);
            this.sigmas = sigmas;
        }

        final double alpha(int i) {
            double sigma = sigmas[begin() + i];
            return 1 / Math.sqrt(sigma * sigma + 1);
        }

        final double sigma(int i) {
            return sigmas[begin() + i] * alpha(i);
        }

        /// Infinite where there is no noise.
        final double lambda(int i) {
            return -Math.log(sigmas[begin() + i]);
        }

        @Override
        public final float initNoiseSigma() {
            return 1;
        }

        @Override
        public final float[] scaleModelInput(int i, float[] sample) {
            return sample;
        }

        @Override
        public final float[] addNoise(float[] sample, float[] noise, int i) {
            return Vectors.sum(alpha(i), sample, sigma(i), noise);
        }
    }
}
