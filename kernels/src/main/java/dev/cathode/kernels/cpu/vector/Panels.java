package dev.cathode.kernels.cpu.vector;

/// How the columns of a weight matrix are cut into panels: as many full ones as fit, then panels of two vectors and of
/// one vector for the rest, so that 4 output channels cost one vector and not four. Only the last panel has columns of
/// padding.
///
/// A panel is `[depth, width]` in memory, panels follow each other. With two halves (GEGLU) each panel of the first
/// half is followed by the same columns of the second half, so that both are at hand in the epilogue.
///
/// @param columns output channels of one half
/// @param halves 1, or 2 if gated
record Panels(int columns, int halves) {
    /// Panels of one half.
    int count() {
        int rest = restVectors();
        return columns / MicroKernel.COLUMNS + (rest == MicroKernel.VECTORS ? 1 : rest / 2 + rest % 2);
    }

    /// Vectors that the columns after the last full panel take; a full panel if they fill one.
    private int restVectors() {
        return (columns % MicroKernel.COLUMNS + Simd.LANES - 1) / Simd.LANES;
    }

    /// Width of panel `p` in vectors.
    int vectors(int p) {
        int full = columns / MicroKernel.COLUMNS;
        int rest = restVectors();
        if (p < full || rest == MicroKernel.VECTORS) {
            return MicroKernel.VECTORS;
        }
        return p == full && rest >= 2 ? 2 : 1;
    }

    /// Width of panel `p` in columns, padding included.
    int width(int p) {
        return vectors(p) * Simd.LANES;
    }

    /// First column of panel `p`.
    int start(int p) {
        int full = columns / MicroKernel.COLUMNS;
        return Math.min(p, full) * MicroKernel.COLUMNS + Math.max(p - full, 0) * 2 * Simd.LANES;
    }

    /// Columns of panel `p` that exist.
    int valid(int p) {
        return Math.min(width(p), columns - start(p));
    }

    /// Columns of all panels of one half, padding included.
    int paddedColumns() {
        return start(count() - 1) + width(count() - 1);
    }

    /// Elements before panel `p` of half `half`, at `depth` rows a panel.
    long offset(int p, int half, long depth) {
        return ((long) start(p) * halves + (long) half * width(p)) * depth;
    }

    /// Elements of all panels.
    long elements(long depth) {
        return (long) paddedColumns() * halves * depth;
    }
}
