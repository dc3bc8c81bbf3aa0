package dev.cathode.engine.diffusion.schedulers;

/// How much noise each training timestep has: a sample at timestep t is `√a·x₀ + √(1-a)·ε` with `a = alphasCumprod(t)`.
///
/// The tables are float32 and computed as PyTorch does: products accumulate in double.
public final class NoiseSchedule {
    /// What zero terminal SNR leaves at the last timestep where 0 would make an infinite sigma.
    private static final float ALMOST_ZERO = 0x1p-24f;
    private static final double MAX_BETA = 0.999;

    private final float[] betas;
    private final float[] alphasCumprod;

    private NoiseSchedule(float[] betas, float[] alphasCumprod) {
        this.betas = betas;
        this.alphasCumprod = alphasCumprod;
    }

    /// The schedule of a configuration: `num_train_timesteps`, `beta_start`, `beta_end`, `beta_schedule` (linear,
    /// scaled_linear, squaredcos_cap_v2), `trained_betas`, `rescale_betas_zero_snr`.
    ///
    /// @throws dev.cathode.weights.CheckpointException if a value is not supported
    public static NoiseSchedule of(SchedulerConfig config) {
        return of(config, 0.0001, 0.02);
    }

    static NoiseSchedule of(SchedulerConfig config, double usualStart, double usualEnd) {
        float[] betas = betas(config, usualStart, usualEnd);
        if (config.flag("rescale_betas_zero_snr", false)) {
            betas = withZeroTerminalSnr(betas);
        }
        return new NoiseSchedule(betas, cumulativeAlphas(betas));
    }

    private static float[] betas(SchedulerConfig config, double usualStart, double usualEnd) {
        int count = config.integer("num_train_timesteps", 1000);
        if (count < 2 || count > 1_000_000) {
            throw config.refused("num_train_timesteps", "2 to 1000000");
        }
        double[] trained = config.numbers("trained_betas");
        if (trained.length > 0) {
            if (trained.length != count) {
                throw config.refused("trained_betas", "as many numbers as num_train_timesteps, " + count);
            }
            float[] betas = new float[count];
            for (int i = 0; i < count; i++) {
                betas[i] = (float) trained[i];
            }
            return betas;
        }
        double start = config.number("beta_start", usualStart);
        double end = config.number("beta_end", usualEnd);
        return switch (config.text("beta_schedule", "linear", "linear", "scaled_linear", "squaredcos_cap_v2")) {
            case "linear" -> linear(start, end, count);
            case "scaled_linear" -> {
                float[] betas = linear(Math.sqrt(start), Math.sqrt(end), count);
                for (int i = 0; i < count; i++) {
                    betas[i] *= betas[i];
                }
                yield betas;
            }
            default -> cosine(count);
        };
    }

    /// Evenly spaced numbers, symmetric around the middle as `torch.linspace` makes them.
    private static float[] linear(double start, double end, int count) {
        float first = (float) start;
        float last = (float) end;
        float step = (last - first) / (count - 1);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i < count / 2 ? Math.fma(step, (float) i, first) : Math.fma(-step, (float) (count - 1 - i),
                    last);
        }
        return values;
    }

    /// [Nichol and Dhariwal](https://arxiv.org/abs/2102.09672), equation 17.
    private static float[] cosine(int count) {
        float[] betas = new float[count];
        for (int i = 0; i < count; i++) {
            double ratio = cosineAlpha((i + 1) / (double) count) / cosineAlpha(i / (double) count);
            betas[i] = (float) Math.min(1 - ratio, MAX_BETA);
        }
        return betas;
    }

    private static double cosineAlpha(double time) {
        double cosine = Math.cos((time + 0.008) / 1.008 * Math.PI / 2);
        return cosine * cosine;
    }

    /// Shifts and scales √a so that nothing but noise is left at the last timestep:
    /// [Lin et al.](https://arxiv.org/abs/2305.08891), algorithm 1.
    private static float[] withZeroTerminalSnr(float[] betas) {
        float[] products = cumulativeAlphas(betas);
        int count = products.length;
        float first = (float) Math.sqrt(products[0]);
        float last = (float) Math.sqrt(products[count - 1]);
        float scale = first / (first - last);
        float[] rescaled = new float[count];
        float previous = 1;
        for (int i = 0; i < count; i++) {
            float root = ((float) Math.sqrt(products[i]) - last) * scale;
            float product = root * root;
            rescaled[i] = 1 - product / previous;
            previous = product;
        }
        return rescaled;
    }

    private static float[] cumulativeAlphas(float[] betas) {
        float[] products = new float[betas.length];
        double product = 1;
        for (int i = 0; i < products.length; i++) {
            product *= 1 - betas[i];
            products[i] = (float) product;
        }
        return products;
    }

    /// Number of timesteps the network was trained with.
    public int timesteps() {
        return betas.length;
    }

    /// The variance of the noise added in one timestep.
    public float beta(int timestep) {
        return betas[index(timestep)];
    }

    /// The share of the clean sample's variance that is left after a timestep.
    ///
    /// @throws IllegalArgumentException if the network was not trained with this timestep
    public float alphasCumprod(int timestep) {
        return alphasCumprod[index(timestep)];
    }

    private int index(int timestep) {
        if (timestep < 0 || timestep >= betas.length) {
            throw new IllegalArgumentException("timestep " + timestep + " is outside 0 to " + (betas.length - 1)
                    + ", those the network was trained with; take fewer steps or another steps_offset");
        }
        return timestep;
    }

    /// A clean sample with the noise of a timestep: `√a·sample + √(1-a)·noise`.
    public float[] addNoise(float[] sample, float[] noise, int timestep) {
        double product = alphasCumprod(timestep);
        return Vectors.sum(Math.sqrt(product), sample, Math.sqrt(1 - product), noise);
    }

    /// What a network with [PredictionType#V_PREDICTION] learns to predict: `√a·noise - √(1-a)·sample`.
    public float[] velocity(float[] sample, float[] noise, int timestep) {
        double product = alphasCumprod(timestep);
        return Vectors.sum(Math.sqrt(product), noise, -Math.sqrt(1 - product), sample);
    }

    /// The noise of each timestep relative to the clean sample, `√((1-a)/a)`; never infinite.
    float[] sigmas() {
        float[] sigmas = new float[betas.length];
        for (int i = 0; i < sigmas.length; i++) {
            float product = alphasCumprod[i] == 0 ? ALMOST_ZERO : alphasCumprod[i];
            sigmas[i] = (float) Math.sqrt((1 - product) / product);
        }
        return sigmas;
    }
}
