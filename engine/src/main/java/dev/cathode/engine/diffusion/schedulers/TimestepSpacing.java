package dev.cathode.engine.diffusion.schedulers;

import java.util.Arrays;

/// Which of the training timesteps are sampled: [Lin et al.](https://arxiv.org/abs/2305.08891), table 2.
public enum TimestepSpacing {
    /// From the first to the last, evenly.
    LINSPACE,
    /// Multiples of a whole number, from `steps_offset` on; the last timesteps are left out.
    LEADING,
    /// Backwards from the last timestep.
    TRAILING;

    /// Descending timesteps, as many as `steps`; float32 fractions where the spacing has them.
    ///
    /// @param count number of training timesteps
    double[] fractional(int count, int steps, int offset) {
        double[] timesteps = spread(count, steps, offset);
        for (int i = 0; i < timesteps.length; i++) {
            timesteps[i] = (float) timesteps[i];
        }
        return timesteps;
    }

    /// The same, rounded to whole numbers.
    double[] whole(int count, int steps, int offset) {
        return rounded(spread(count, steps, offset));
    }

    private double[] spread(int count, int steps, int offset) {
        return switch (this) {
            case LINSPACE -> reversed(linspace(0, count - 1, steps));
            case LEADING -> leading(count / steps, steps, offset);
            case TRAILING -> trailing(count, count / (double) steps);
        };
    }

    /// Descending timesteps of the multistep solvers: one more is laid out, and the last one, which is almost clean,
    /// left out.
    ///
    /// @param last the timestep to begin with is below this one
    double[] withoutLast(int count, int last, int steps, int offset) {
        return rounded(switch (this) {
            case LINSPACE -> dropLast(reversed(linspace(0, last - 1, steps + 1)));
            case LEADING -> dropLast(leading(last / (steps + 1), steps + 1, offset));
            case TRAILING -> trailing(last, count / (double) steps);
        });
    }

    private static double[] leading(int ratio, int steps, int offset) {
        double[] timesteps = new double[steps];
        for (int i = 0; i < steps; i++) {
            timesteps[i] = (long) (steps - 1 - i) * ratio + offset;
        }
        return timesteps;
    }

    /// As `np.arange(start, 0, -ratio)`, whose length may be one more than expected where the ratio is no binary
    /// fraction.
    private static double[] trailing(int start, double ratio) {
        double[] timesteps = new double[(int) Math.ceil(start / ratio)];
        double step = start - ratio - start;
        for (int i = 0; i < timesteps.length; i++) {
            timesteps[i] = Math.rint(start + i * step) - 1;
        }
        return timesteps;
    }

    /// As `np.linspace`.
    static double[] linspace(double start, double end, int count) {
        double[] values = new double[count];
        double step = (end - start) / (count - 1);
        for (int i = 0; i < count; i++) {
            values[i] = i == 0 ? start : i == count - 1 ? end : i * step + start;
        }
        return values;
    }

    private static double[] rounded(double[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.rint(values[i]);
        }
        return values;
    }

    private static double[] reversed(double[] values) {
        double[] reversed = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            reversed[i] = values[values.length - 1 - i];
        }
        return reversed;
    }

    private static double[] dropLast(double[] values) {
        return Arrays.copyOf(values, values.length - 1);
    }
}
