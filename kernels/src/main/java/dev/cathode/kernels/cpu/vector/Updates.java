package dev.cathode.kernels.cpu.vector;

/// The inner loops of optimizers, on the thread that calls. Counts are multiples of the lanes of a vector,
/// [Simd#LANES]; what is left of a tensor is the caller's.
///
/// All implementations compute a number by the same operations in the same order, so they give the same bytes; where
/// that is NaN, some NaN.
public interface Updates {
    /// Those on the Vector API.
    static Updates vector() {
        return new VectorUpdates();
    }

    /// One step of Adam:
    ///
    /// ```
    /// g = parameter · decay + gradient · scale
    /// first = (g - first) · newFirst + first
    /// second = g² · newSecond + second · oldSecond
    /// parameter = first / (√second + epsilon) · step + parameter · keep
    /// ```
    ///
    /// @param factors keep, decay, scale, newFirst, oldSecond, newSecond, step and epsilon, eight floats in this order
    void adam(long factors, long parameter, long gradient, long first, long second, long count);

    /// `average += share · (x - average)`.
    void average(float share, long average, long x, long count);

    /// `sum += scale · x`.
    void accumulate(float scale, long sum, long x, long count);

    /// Sums of squares in float64, one for each lane of a vector.
    ///
    /// @param lanes the sums, as many doubles as a vector has floats
    void squares(long x, long count, long lanes);
}
