package dev.cathode.kernels.cpu.vector;

/// The inner loops of matrix products whose operands are rounded to bfloat16, to nearest even, and whose sums are
/// float32.
///
/// Weights lie in pairs, `[pairs][width][2]`: the terms 2p and 2p + 1 of a column side by side. Rows of the left side
/// are rounded a block at a time into scratch memory, in whatever form the kernels want. The order in which a sum is
/// added up is the kernels' own, so unlike [Products] they agree in all but the last bits; each always adds in the same
/// order. Operands and sums below 2^-126, the smallest normal number, may count as zeros.
public interface RoundedProducts {
    /// Which these are, for people.
    String description();

    /// Bytes of a rounded number of the left side.
    int bytes();

    /// Numbers of a rounded row are written in multiples of this; those behind the last are zeros.
    int ROW_MULTIPLE = 32;

    /// Rounds rows.
    ///
    /// @param from `[rows][k]` float32 numbers
    /// @param fromStep bytes from row to row of them
    /// @param rows how many
    /// @param k numbers of a row
    /// @param to `[rows]`, k up to the next multiple of [#ROW_MULTIPLE] numbers of [#bytes()] each
    /// @param toStep bytes from row to row of them
    void round(long from, long fromStep, int rows, int k, long to, long toStep);

    /// Makes one row of pairs of every two rows, rounded; the last of an odd number has zeros beside it.
    ///
    /// @param from `[rows][columns]` float32 numbers
    /// @param fromStep bytes from row to row of them
    /// @param columns a multiple of the lanes of a vector
    /// @param to `[(rows + 1) / 2][columns][2]`
    /// @param toStep bytes from row to row of them
    void pair(long from, long fromStep, int rows, int columns, long to, long toStep);

    /// Bytes of scratch memory for [#panel].
    ///
    /// @param pairs of all taps of a call
    long scratchBytes(int pairs);

    /// A block of the product of rounded rows with a packed panel of weights: `c = start + Σ a·b`, as [Products#panel].
    ///
    /// @param vectors width of the panel: 1, 2 or 4 vectors
    /// @param table addresses of rounded rows, `[taps][...]`, `tapStep` bytes from tap to tap
    /// @param tapStep bytes between the tables of two taps
    /// @param taps how many segments of `pairs` pairs each row has, at least 1
    /// @param pairs pairs of numbers in a segment, at least 1
    /// @param b weights `[taps · pairs][width][2]`
    /// @param zeros width zeros to start from, or 0 to start from what is in `c`
    /// @param c the sums `[rows][width]`
    /// @param rows a multiple of 12
    /// @param scratch [#scratchBytes] for this call
    void panel(int vectors, long table, long tapStep, int taps, int pairs, long b, long zeros, long c, int rows,
               long scratch);

    /// The same, and then what ends a layer: sums go to `ending`, only those of the rows that exist.
    ///
    /// @param sums scratch memory for the sums of all rows of the table; those to start from if `zeros` is 0
    /// @param rows at least 1; tables and sums have entries up to the next multiple of 12
    /// @param ahead what is read soon
    void panel(int vectors, long table, long tapStep, int taps, int pairs, long b, long zeros, long sums, int rows,
               long scratch, Ending ending, Ahead ahead);

    /// Multiplies and adds in registers as often as `repeats` says, for measuring how fast that can be.
    ///
    /// @return floating-point operations done
    double spin(int repeats);
}
