package dev.cathode.kernels.cpu.vector;

import dev.cathode.kernels.cpu.WeightStorage;
import java.util.Optional;

/// The inner loops of matrix products: tiles whose sums stay in registers.
///
/// Each sum is one chain of fused multiply-adds in the order of its terms, so all implementations give the same bytes.
public interface Products {
    /// A block of the product of rows (anywhere in memory) with a packed panel of weights: `c = start + Σ a·b`. `c` is
    /// `[rows, width]`, width = vectors · lanes. Every linear layer and convolution is made of these.
    ///
    /// @param storage type of the weights, one that it [#reads]
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
    void panel(WeightStorage storage, int vectors, long table, long tapStep, int taps, long offset, int k, long b,
               long zeros, long c, int rows);

    /// The same, and then what ends a layer: sums go to `ending`, only those of the rows that exist.
    ///
    /// @param sums scratch memory for the sums of all rows of the table; those to start from if `zeros` is 0
    /// @param rows at least 1; tables and sums have entries up to the next multiple of 12
    /// @param ahead what is read soon
    default void panel(WeightStorage storage, int vectors, long table, long tapStep, int taps, long offset, int k,
                       long b, long zeros, long sums, int rows, Ending ending, Ahead ahead) {
        panel(storage, vectors, table, tapStep, taps, offset, k, b, zeros, sums, MicroKernel.roundUp(rows));
        ending.apply(passes(), sums, vectors, rows);
    }

    /// Whether [#panel] widens weights of this type by itself; if not, whoever calls it must.
    boolean reads(WeightStorage storage);

    /// Products of operands rounded to bfloat16 that go with these.
    default RoundedProducts rounded() {
        return new WidenedProducts(this);
    }

    /// A tile of a product that sums over pixels, `c = start + Σ a[p]ᵀ · b(p)`, rows of `b` anywhere in memory. The
    /// gradients of filters are made of these.
    ///
    /// @param rows height of the tile: 6 or 4
    /// @param vectors width of the tile: 4, 2 or 1 vectors
    /// @param a `[k, rows]`
    /// @param aStep bytes from term to term of it
    /// @param table where the right side's rows lie, `[k]`
    /// @param offset bytes added to each of these addresses
    /// @param k terms of each sum, at least 1
    /// @param start what to start from; may be `c`
    /// @param startStride bytes from row to row of it
    /// @param c the sums
    /// @param cStride bytes from row to row of them
    void pixels(int rows, int vectors, long a, long aStep, long table, long offset, int k, long start,
                long startStride, long c, long cStride);

    /// The same of operands rounded to bfloat16, where the processor has an instruction for them.
    default Optional<PixelPairs> pixelPairs() {
        return Optional.empty();
    }

    /// The loops beside products that go with these.
    default Passes passes() {
        return Passes.vector();
    }

    /// The loops of optimizers that go with these.
    default Updates updates() {
        return Updates.vector();
    }

    /// The loops beside the products of gradients.
    default GradientPasses gradientPasses() {
        return GradientPasses.vector();
    }
}
