package dev.cathode.kernels.cpu.vector;

/// [ScorePasses] on the Vector API.
final class VectorScorePasses implements ScorePasses {
    @Override
    public void shift(long x, int queries, int columns, float factor, long shift, long lanes) {
        AttentionGradientBlock.shift(x, queries, columns, factor, shift, lanes);
    }

    @Override
    public void exponentiate(long x, int queries, int columns, long maxima, long lanes) {
        AttentionGradientBlock.exponentiate(x, queries, columns, maxima, lanes);
    }

    @Override
    public void differentiate(long p, long ds, int queries, int columns, long inverses, long dots, float scale) {
        AttentionGradientBlock.differentiate(p, ds, queries, columns, inverses, dots, scale);
    }
}
