package dev.cathode.engine.diffusion.schedulers;

/// How noise levels are laid out between the largest and the smallest, where they do not simply follow the timesteps.
public enum SigmaSpacing {
    /// Those of the timesteps.
    TIMESTEPS,
    /// [Karras et al.](https://arxiv.org/abs/2206.00364), equation 5, with ρ = 7.
    KARRAS,
    /// Evenly in the logarithm.
    EXPONENTIAL;

    private static final double RHO = 7;
    private static final double SMALLEST = 1e-10;

    static SigmaSpacing of(SchedulerConfig config) {
        config.refuseIfSet("use_beta_sigmas");
        boolean karras = config.flag("use_karras_sigmas", false);
        boolean exponential = config.flag("use_exponential_sigmas", false);
        if (karras && exponential) {
            throw config.refused("use_exponential_sigmas", "one of use_karras_sigmas and use_exponential_sigmas");
        }
        return karras ? KARRAS : exponential ? EXPONENTIAL : TIMESTEPS;
    }

    /// Timesteps and the noise levels at them, before the one to end with.
    record Levels(double[] timesteps, double[] sigmas) {
        /// Noise levels in float32, with one more to end with.
        float[] endingWith(double last) {
            float[] rounded = new float[sigmas.length + 1];
            for (int i = 0; i < sigmas.length; i++) {
                rounded[i] = (float) sigmas[i];
            }
            rounded[sigmas.length] = (float) last;
            return rounded;
        }
    }

    /// Noise levels for timesteps: those of the timesteps, or as many others within the same limits, and their
    /// timesteps.
    ///
    /// @param table noise levels of the training timesteps
    /// @param least the smallest level; NaN: that of the last timestep
    /// @param most the largest; NaN: that of the first timestep
    Levels of(float[] table, double[] timesteps, double least, double most) {
        double[] levels = at(table, timesteps);
        if (this == TIMESTEPS) {
            return new Levels(timesteps, levels);
        }
        double[] spread = sigmas(Double.isNaN(most) ? levels[0] : most,
                Double.isNaN(least) ? levels[levels.length - 1] : least, levels.length);
        double[] found = timesteps(table, spread);
        for (int i = 0; i < found.length; i++) {
            found[i] = (float) found[i];
        }
        return new Levels(found, spread);
    }

    /// The same for the multistep solvers: other levels lie within the limits of the whole table, and their timesteps
    /// are whole numbers.
    ///
    /// @param steps number of levels, where they do not follow the timesteps
    /// @param least the smallest level; NaN: that of timestep 0
    /// @param most the largest; NaN: that of the last training timestep
    /// @param round round timesteps, do not cut them
    Levels overWholeTable(float[] table, double[] timesteps, int steps, double least, double most, boolean round) {
        if (this == TIMESTEPS) {
            return new Levels(timesteps, at(table, timesteps));
        }
        double[] spread = sigmas(Double.isNaN(most) ? table[table.length - 1] : most,
                Double.isNaN(least) ? table[0] : least, steps);
        double[] found = timesteps(table, spread);
        for (int i = 0; i < found.length; i++) {
            found[i] = round ? Math.rint(found[i]) : Math.floor(found[i]);
        }
        return new Levels(found, spread);
    }

    /// Descending noise levels.
    double[] sigmas(double largest, double smallest, int count) {
        double[] ramp = TimestepSpacing.linspace(0, 1, count);
        for (int i = 0; i < count; i++) {
            ramp[i] = switch (this) {
                case KARRAS -> {
                    double top = Math.pow(largest, 1 / RHO);
                    yield Math.pow(top + ramp[i] * (Math.pow(smallest, 1 / RHO) - top), RHO);
                }
                case EXPONENTIAL -> Math.exp(Math.log(largest) + ramp[i] * (Math.log(smallest) - Math.log(largest)));
                case TIMESTEPS -> throw new IllegalStateException("follow the timesteps");
            };
        }
        return ramp;
    }

    /// The noise level at a timestep, interpolated between the training timesteps; constant beyond them.
    static double at(float[] sigmas, double timestep) {
        if (timestep <= 0) {
            return sigmas[0];
        }
        int below = (int) Math.min(timestep, sigmas.length - 1);
        if (below == sigmas.length - 1) {
            return sigmas[below];
        }
        return ((double) sigmas[below + 1] - sigmas[below]) * (timestep - below) + sigmas[below];
    }

    static double[] at(float[] sigmas, double[] timesteps) {
        double[] values = new double[timesteps.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = at(sigmas, timesteps[i]);
        }
        return values;
    }

    /// The timestep of a noise level, interpolated in the logarithm.
    ///
    /// @param sigmas noise levels of the training timesteps, ascending
    static double timestep(float[] sigmas, double sigma) {
        double log = Math.log(Math.max(sigma, SMALLEST));
        int low = 0;
        while (low < sigmas.length - 2 && (float) Math.log(sigmas[low + 1]) <= log) {
            low++;
        }
        float below = (float) Math.log(sigmas[low]);
        float above = (float) Math.log(sigmas[low + 1]);
        double weight = Math.clamp((below - log) / (below - above), 0.0, 1.0);
        return (1 - weight) * low + weight * (low + 1);
    }

    static double[] timesteps(float[] sigmas, double[] levels) {
        double[] timesteps = new double[levels.length];
        for (int i = 0; i < timesteps.length; i++) {
            timesteps[i] = timestep(sigmas, levels[i]);
        }
        return timesteps;
    }
}
