package dev.cathode.kernels.cpu.vector;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Elementwise;

/// The inner loops beside products: what goes over numbers once, on the thread that calls. Lengths are those of whole
/// vectors, [Simd#LANES]; what is left of a row is the caller's.
///
/// All implementations compute a number by the same operations in the same order, so they give the same bytes; where
/// that is NaN, some NaN.
public interface Passes {
    /// Those on the Vector API.
    static Passes vector() {
        return new VectorPasses();
    }

    /// The conversions that go with these.
    default Conversions conversions() {
        return Conversions.vector();
    }

    /// `y[c][i] = x[i][c]`.
    ///
    /// @param x `[rows][columns]`, `xStride` bytes from row to row
    /// @param rows a multiple of the lanes of a vector
    /// @param columns likewise
    /// @param y `[columns][rows]`, `yStride` bytes from row to row
    /// @param square scratch memory, lanes · lanes floats
    void transpose(long x, long xStride, int rows, int columns, long y, long yStride, long square);

    /// Replaces numbers by their activation.
    ///
    /// @param count a multiple of the lanes of a vector, as everywhere below
    void activate(Activation activation, long x, long count);

    /// `y[i][c] = x[i][c] · gelu(gate[i][c])`; rows of x and gate lie one behind the other.
    ///
    /// @param y may be x or the gate
    /// @param count any
    void gate(long x, long gate, long y, long yStride, int rows, int count);

    /// `y = a ∘ b`.
    ///
    /// @param y may be a or b
    /// @param count any
    void combine(Elementwise.Binary operation, long a, long b, long y, long count);

    /// `y[i][c] = activation(x[i][c] · scale[c] + shift[c])`.
    ///
    /// @param xStride bytes from row to row, likewise `yStride`
    void scale(Activation activation, long x, long xStride, long scale, long shift, long y, long yStride, int rows,
               int count);

    /// Per channel, the sum of the differences from row 0 and the sum of their squares.
    void moments(long x, long xStride, int rows, long sums, long squares, int count);

    /// `y[i][c] = x[i][c] + bias[c] + residual[i][c]`; with address 0 there is no bias, or no residual.
    void add(long x, long xStride, long bias, long residual, long residualStride, long y, long yStride, int rows,
             int count);

    /// Fills a table of addresses: `first`, `first + step`, and so on.
    void addresses(long table, long first, long step, int count);

    /// `to[i] = Σ Bᵀ[i][j] · from[j]` for Winograd's F(2, 3) (`size` 4) or F(4, 3) (6), along a run of channels. The
    /// addresses of the inputs lie in memory, `step` bytes apart, and count from `offset`; the outputs lie `toStep`
    /// bytes apart. All `size` lines of a patch are done, `nextStep` and `nextTo` bytes from one to the next.
    ///
    /// @param n numbers of a run: at least a vector, need not be a multiple, here and below
    void winogradInput(int size, long table, long step, long nextStep, long offset, long to, long toStep, long nextTo,
                       int n);

    /// `to[i] = Σ Aᵀ[i][j] · from[j]`: 6 numbers to 4, or 4 to 2, of so many lines of a patch.
    void winogradOutput(int size, int lines, long from, long fromStep, long nextFrom, long to, long toStep, long nextTo,
                        int n);

    /// `to[i] = Σ G[i][j] · from[j]`: 3 numbers to 6, or 3 to 4.
    void winogradWeights(int size, long from, long fromStep, long to, long toStep, int n);

    /// The sum of each row. Lane by lane, even vectors go into one sum in float32 and odd ones into another; what is
    /// left counts as even. The lanes are added in float64, upper half to lower half until one is left. Rows lie one
    /// behind the other, here and below.
    ///
    /// @param x `[rows][count]`
    /// @param count need not be a multiple of the lanes of a vector, here and below
    /// @param sums in float64, `[rows]`
    void rowSums(long x, int rows, int count, long sums);

    /// The same for the squared differences from each row's mean.
    ///
    /// @param means `[rows]`
    void rowSquares(long x, int rows, int count, long means, long sums);

    /// `y[i][c] = (x[i][c] - means[i]) · factors[i] · weight[c] + bias[c]`.
    void normalizeRows(long x, int rows, int count, long means, long factors, long weight, long bias, long y);

    /// `y[i][c] = exp(x[i][c] - max[i])`, max being the largest number of the row.
    ///
    /// @param y where to; 0 for nowhere
    /// @param sums of each row, and its max, in float64: `[rows][2]`
    void exponentials(long x, int rows, int count, long y, long sums);

    /// `x[i][c] = x[i][c] · factors[i]`.
    void scaleRows(long x, int rows, int count, long factors);

    /// `y[i][c] = x[i][c] - shifts[i][0] - shifts[i][1]`.
    void subtractRows(long x, int rows, int count, long shifts, long y);
}
