package dev.cathode.kernels.cpu.vector;

/// The inner loop of every linear layer and convolution: a block of the product of rows (anywhere in memory) with a
/// packed panel of weights.
///
/// Each sum is one chain of fused multiply-adds in the order of k, so all implementations give the same bytes.
@FunctionalInterface
public interface PanelProduct {
    /// `c = start + Σ a·b` for a block of rows and one panel. `c` is `[rows, width]`, width = vectors · lanes.
    ///
    /// @param vectors width of the panel: 1, 2 or 4 vectors
    /// @param table addresses of the rows, `[taps][...]`, `tapStep` bytes from tap to tap
    /// @param tapStep bytes between the tables of two taps
    /// @param taps how many segments of `k` numbers each row has, at least 1
    /// @param offset bytes added to every row address
    /// @param k numbers in a segment, at least 1
    /// @param b weights `[taps · k, width]`
    /// @param zeros width zeros to start from, or 0 to start from what is in `c`
    /// @param c the sums
    /// @param rows a multiple of 12
    void block(int vectors, long table, long tapStep, int taps, long offset, int k, long b, long zeros, long c,
               int rows);
}
