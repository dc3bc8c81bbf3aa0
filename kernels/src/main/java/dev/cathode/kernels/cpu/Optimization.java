package dev.cathode.kernels.cpu;

/// What changes parameters in place: float32 numbers of one tensor after the other, each the same function of its own
/// numbers, so results do not depend on the number of threads.
public interface Optimization {
    /// Adam's constants for one step; PyTorch's formula, with float64 bias corrections rounded once.
    ///
    /// @param learningRate step size
    /// @param beta1 decay of the first moment
    /// @param beta2 decay of the second moment
    /// @param epsilon added to the root of the second moment
    /// @param weightDecay decoupled: the parameter is first multiplied by 1 - learningRate · weightDecay; otherwise
    ///         weightDecay · parameter is added to the gradient
    /// @param decoupled AdamW's weight decay rather than Adam's
    /// @param step 1 in the first step
    /// @param gradientScale factor on the gradient, as clipping demands
    record Adam(double learningRate, double beta1, double beta2, double epsilon, double weightDecay, boolean decoupled,
                long step, float gradientScale) { }

    /// One step of AdamW or Adam over `count` numbers. If the gradient's factor is NaN or infinite, as after the norm
    /// of the gradient overflowed, nothing changes.
    ///
    /// @param parameter changed in place
    /// @param gradient read
    /// @param firstMoment changed in place
    /// @param secondMoment changed in place
    void adam(Adam constants, long parameter, long gradient, long firstMoment, long secondMoment, long count,
              Workers workers);

    /// One step of PyTorch's SGD: `g = scale · gradient + weightDecay · p; b = momentum · b + g (first step: g);
    /// p -= learningRate · (nesterov ? g + momentum · b : b)`. Address `buffer` 0 means no momentum.
    /// If `gradientScale` is NaN or infinite, nothing changes.
    void sgd(double learningRate, double momentum, double weightDecay, boolean nesterov, boolean firstStep,
             float gradientScale, long parameter, long gradient, long buffer, long count, Workers workers);

    /// `average[i] += (1 - decay) · (x[i] - average[i])`: exponential moving averages and running statistics.
    void average(double decay, long average, long x, long count, Workers workers);

    /// `sum[i] += scale · x[i]`.
    void accumulate(float scale, long x, long sum, long count, Workers workers);

    /// `Σ x[i]²` in float64.
    double sumOfSquares(long x, long count, Workers workers);

    /// The index of the first NaN or infinity, or -1.
    long firstNonFinite(long x, long count, Workers workers);
}
