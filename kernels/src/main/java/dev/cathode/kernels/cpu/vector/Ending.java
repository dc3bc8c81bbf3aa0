package dev.cathode.kernels.cpu.vector;

/// Where the sums of a product go, and what is added to them on the way, in this order:
/// `output[i][c] = sums[i][c] + bias[c] + residual[i][c]`.
///
/// @param output the first number of the first row
/// @param outputStride bytes from row to row of it
/// @param bias as many numbers as a row has, or address 0 for none
/// @param residual the first number of the first row, or address 0 for none; may be the output's own
/// @param residualStride bytes from row to row of it
public record Ending(long output, long outputStride, long bias, long residual, long residualStride) {
    /// Sums `[rows][width]` that stay where they wait.
    public static Ending stay(long sums, long width) {
        return new Ending(sums, width, 0, 0, 0);
    }

    /// Takes sums `[rows][vectors]` that lie one row behind the other to the output; they may lie in the output.
    void apply(Passes passes, long sums, int vectors, int rows) {
        int width = vectors * Simd.LANES;
        passes.add(sums, (long) width * Float.BYTES, bias, residual, residualStride, output, outputStride, rows, width);
    }
}
