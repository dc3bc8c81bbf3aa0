package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.ADD;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R10;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R8;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R9;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RAX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RCX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDI;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSI;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSP;
import static dev.cathode.kernels.cpu.x86.Operand.Mem.at;

import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;

/// Writes the functions behind [dev.cathode.kernels.cpu.vector.Products#pixels]: a tile of a sum over pixels.
///
/// ```
/// void tile(a,  aStep, table, offset, k, start, startStride, c, cStride)
///           rdi rsi    rdx    rcx     r8 r9     on the stack
///
/// sums = start
/// for each of k pixels:
///   b0..b3 = vectors of its row     4 loads at an address from the table
///   for each row:                   6 broadcasts,
///     sums[row] += a[row] · b       24 fused multiply-adds
/// c = sums
/// ```
final class OuterProductCode {
    private OuterProductCode() { }

    /// Appends a function.
    static void write(Assembler a, Tile tile) {
        write(a, tile, VectorOp.VFMADD231PS, 1);
    }

    /// Appends the function for pairs of bfloat16 numbers, each of two pixels, behind
    /// [dev.cathode.kernels.cpu.vector.PixelPairs#pixels]: k counts pairs, and every other address is used.
    static void pairs(Assembler a, Tile tile) {
        write(a, tile, VectorOp.VDPBF16PS, 2);
    }

    private static void write(Assembler a, Tile tile, VectorOp multiply, int pixels) {
        int rows = tile.rows();
        int vectors = tile.vectors();
        int vectorBytes = tile.bits() / 8;
        a.mov(RAX, at(RSP, 8));
        for (int row = 0; row < rows; row++) {
            for (int v = 0; v < vectors; v++) {
                a.op(VectorOp.VMOVUPS, tile.sum(row, v), at(R9, v * vectorBytes));
            }
            a.op(ADD, R9, RAX);
        }
        a.align(32);
        Label pixel = new Label();
        a.place(pixel);
        a.mov(R10, at(RDX));
        a.op(ADD, R10, RCX);
        for (int v = 0; v < vectors; v++) {
            a.op(VectorOp.VMOVUPS, tile.right(v), at(R10, v * vectorBytes));
        }
        for (int row = 0; row < rows; row++) {
            a.op(VectorOp.VBROADCASTSS, tile.left(row), at(RDI, row * Float.BYTES));
            for (int v = 0; v < vectors; v++) {
                a.op(multiply, tile.sum(row, v), tile.left(row), tile.right(v));
            }
        }
        a.op(ADD, RDI, RSI);
        a.op(ADD, RDX, pixels * Long.BYTES);
        a.dec(R8);
        a.jump(Condition.NE, pixel);
        a.mov(RAX, at(RSP, 16));
        a.mov(R10, at(RSP, 24));
        for (int row = 0; row < rows; row++) {
            for (int v = 0; v < vectors; v++) {
                a.op(VectorOp.VMOVUPS, at(RAX, v * vectorBytes), tile.sum(row, v));
            }
            a.op(ADD, RAX, R10);
        }
        a.vzeroupper();
        a.ret();
    }
}
