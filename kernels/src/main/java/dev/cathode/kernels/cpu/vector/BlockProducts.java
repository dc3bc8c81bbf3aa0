package dev.cathode.kernels.cpu.vector;

/// Matrix products of blocks that lie in the cache, whatever their strides: `c[i] = start[i] + Σ_p a[i][p] · b[p]`,
/// where lanes run along the rows of b and c, and a is read one number at a time. Since a has a stride for either index
/// it may be transposed, at no cost.
///
/// Each sum is one chain of fused multiply-adds in the order of p, so all implementations give the same bytes.
@FunctionalInterface
public interface BlockProducts {
    /// Rows of c come in multiples of this.
    int ROWS = 8;

    /// The product.
    ///
    /// @param a first number of a
    /// @param ai bytes from `a[i][p]` to `a[i + 1][p]`
    /// @param ap bytes from `a[i][p]` to `a[i][p + 1]`
    /// @param depth how many products a sum has, at least 1
    /// @param b `[depth][columns]`
    /// @param bp bytes from row to row of b
    /// @param start what the sums start from, `[rows][columns]`; may be c
    /// @param si bytes from row to row of start; 0 to start all rows from one
    /// @param c the sums, `[rows][columns]`
    /// @param ci bytes from row to row of c
    /// @param rows a multiple of [#ROWS]
    /// @param columns a multiple of the vector's lanes
    void multiply(long a, long ai, long ap, int depth, long b, long bp, long start, long si, long c, long ci, int rows,
                  int columns);
}
