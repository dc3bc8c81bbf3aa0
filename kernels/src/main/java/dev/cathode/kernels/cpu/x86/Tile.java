package dev.cathode.kernels.cpu.x86;

import dev.cathode.kernels.cpu.x86.Operand.Vec;

/// Which registers hold what in a tile of a product: sums, a row of the right side, broadcast numbers of the left.
///
/// @param rows of the sums
/// @param vectors of a row of sums
/// @param bits of a vector: 512 (AVX-512: 32 registers) or 256 (AVX2: 16)
record Tile(int rows, int vectors, int bits) {
    Tile {
        if (rows * vectors + vectors + 1 > registers(bits)) {
            throw new IllegalArgumentException(rows + " rows of " + vectors + " vectors do not fit");
        }
    }

    private static int registers(int bits) {
        return bits == 512 ? 32 : 16;
    }

    Vec sum(int row, int vector) {
        return new Vec(row * vectors + vector, bits);
    }

    Vec right(int vector) {
        return new Vec(rows * vectors + vector, bits);
    }

    /// The broadcast number of a row: whatever registers are left, at most four, in turn.
    Vec left(int row) {
        int first = rows * vectors + vectors;
        return new Vec(first + row % Math.min(registers(bits) - first, 4), bits);
    }
}
