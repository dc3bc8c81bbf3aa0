package dev.cathode.kernels.cpu.vector;

/// How the rows of an [OuterProduct] are cut: panels of six, then of four, so that an even number of rows (four at
/// least) wastes nothing. Only the last panel has rows of padding.
///
/// @param rows rows
record RowPanels(int rows) {
    /// Rows of a panel at most.
    static final int HEIGHT = 6;

    /// Panels of four rows.
    private int fours() {
        return switch (Math.ceilDiv(rows, 2) % 3) {
            case 0 -> 0;
            case 1 -> rows <= 2 ? 1 : 2;
            default -> 1;
        };
    }

    private int sixes() {
        return Math.max(0, Math.ceilDiv(rows - 4 * fours(), 6));
    }

    /// Panels in all.
    int count() {
        return sixes() + fours();
    }

    /// Rows of panel `p`, padding included.
    int height(int p) {
        return p < sixes() ? 6 : 4;
    }

    /// First row of panel `p`; of the panel behind the last, the number of rows with padding.
    int start(int p) {
        return 6 * Math.min(p, sixes()) + 4 * Math.max(0, p - sixes());
    }

    /// Rows of panel `p` that exist.
    int valid(int p) {
        return Math.min(height(p), rows - start(p));
    }
}
