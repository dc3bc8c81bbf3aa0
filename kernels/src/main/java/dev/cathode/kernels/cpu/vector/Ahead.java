package dev.cathode.kernels.cpu.vector;

/// Memory to bring into the cache while a product multiplies, because somebody reads it soon. A hint: nothing is
/// computed with it, and it need not exist.
///
/// @param address the first of some rows
/// @param stride bytes from row to row
/// @param rows how many while a tile (of one tap) is multiplied, at least 1; each goes on where the one before ended
/// @param bytes of a row
/// @param weights a panel of weights as large as the product's own, brought bit by bit, or address 0 for none
public record Ahead(long address, long stride, int rows, long bytes, long weights) {
    /// Nothing to bring.
    public static final Ahead NONE = new Ahead(0, 0, 1, 0, 0);
}
