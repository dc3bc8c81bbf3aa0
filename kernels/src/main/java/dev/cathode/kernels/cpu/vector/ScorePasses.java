package dev.cathode.kernels.cpu.vector;

/// What the gradient of attention does to its scores between products, on blocks `[queries][keys]` with rows of
/// [AttentionGradientBlock#ROW] bytes, on the thread that calls. Columns are whole vectors.
///
/// All implementations compute a number by the same operations in the same order, so they give the same bytes; where
/// that is NaN, some NaN.
public interface ScorePasses {
    /// Those on the Vector API.
    static ScorePasses vector() {
        return new VectorScorePasses();
    }

    /// `x = x · factor + shift`, and the maxima of each query lane by lane.
    ///
    /// @param queries at least 1, here and below
    /// @param columns at least the lanes of a vector, here and below
    /// @param shift `[columns]`
    /// @param lanes a vector for each query, changed
    void shift(long x, int queries, int columns, float factor, long shift, long lanes);

    /// `x = 2^(x - maximum)`, and the sums of each query lane by lane.
    ///
    /// @param maxima `[queries]`
    /// @param lanes a vector for each query, changed
    void exponentiate(long x, int queries, int columns, long maxima, long lanes);

    /// Turns weights into probabilities, `p = p · inverse`, and gradients of probabilities into gradients of unscaled
    /// scores, `ds = (ds - dot) · p · scale`.
    ///
    /// @param inverses `[queries]`
    /// @param dots `[queries]`
    void differentiate(long p, long ds, int queries, int columns, long inverses, long dots, float scale);
}
