package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.ADD;
import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.SUB;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R10;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R11;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R12;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R13;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R14;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R15;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R8;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R9;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RAX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RBP;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RBX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RCX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDI;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSI;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSP;
import static dev.cathode.kernels.cpu.x86.Operand.Mem.at;

import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Mem;

/// Writes the functions behind [dev.cathode.kernels.cpu.vector.BlockProducts#multiply], one for each width of c:
///
/// ```
/// void multiply(a,  ai, ap, depth, b, bp, start, si, c, ci, rows)
///              rdi rsi rdx rcx    r8 r9  on the stack
/// ```
///
/// Tiles have eight rows, so that few vectors make enough chains of sums, or four where eight do not fit the registers.
final class BlockProductCode {
    private static final Gpr[] SAVED = {RBX, RBP, R12, R13, R14, R15};
    private static final int ARGUMENTS = 8 * SAVED.length + 8 /* return address */;
    private static final Mem ROWS_LEFT = at(RSP, ARGUMENTS + 32);

    private BlockProductCode() { }

    /// Appends a function for rows of so many vectors: at most 4 with 512 bits, 2 with 256.
    static void write(Assembler a, int vectors, int bits) {
        int vectorBytes = bits / 8;
        int rows = vectors == (bits == 512 ? 4 : 2) ? 4 : 8;
        Tile tile = new Tile(rows, vectors, bits);
        for (Gpr register : SAVED) {
            a.push(register);
        }
        a.mov(R12, at(RSP, ARGUMENTS)); // start
        a.mov(R13, at(RSP, ARGUMENTS + 8));
        a.mov(R14, at(RSP, ARGUMENTS + 16)); // c
        a.mov(R15, at(RSP, ARGUMENTS + 24));
        a.lea(R10, at(RSI, RSI, 2, 0)); // 3 ai
        Label group = new Label();
        a.place(group);
        for (int row = 0; row < rows; row++) {
            for (int v = 0; v < vectors; v++) {
                a.op(VectorOp.VMOVUPS, tile.sum(row, v), at(R12, v * vectorBytes));
            }
            a.op(ADD, R12, R13);
        }
        a.mov(R11, RDI); // the first four rows of a
        a.lea(RBX, at(RDI, RSI, 4, 0)); // and the others
        a.mov(RBP, R8);
        a.mov(RAX, RCX);
        a.align(32);
        Label term = new Label();
        a.place(term);
        for (int v = 0; v < vectors; v++) {
            a.op(VectorOp.VMOVUPS, tile.right(v), at(RBP, v * vectorBytes));
        }
        for (int row = 0; row < rows; row++) {
            a.op(VectorOp.VBROADCASTSS, tile.left(row), left(row));
            for (int v = 0; v < vectors; v++) {
                a.op(VectorOp.VFMADD231PS, tile.sum(row, v), tile.left(row), tile.right(v));
            }
        }
        a.op(ADD, R11, RDX);
        a.op(ADD, RBX, RDX);
        a.op(ADD, RBP, R9);
        a.dec(RAX);
        a.jump(Condition.NE, term);
        for (int row = 0; row < rows; row++) {
            for (int v = 0; v < vectors; v++) {
                a.op(VectorOp.VMOVUPS, at(R14, v * vectorBytes), tile.sum(row, v));
            }
            a.op(ADD, R14, R15);
        }
        a.lea(RDI, at(RDI, RSI, rows, 0));
        a.mov(RAX, ROWS_LEFT);
        a.op(SUB, RAX, rows);
        a.mov(ROWS_LEFT, RAX);
        a.jump(Condition.G, group);
        a.vzeroupper();
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
    }

    /// The number of a row of the tile.
    private static Mem left(int row) {
        Gpr base = row < 4 ? R11 : RBX;
        return switch (row % 4) {
            case 0 -> at(base);
            case 1 -> at(base, RSI, 1, 0);
            case 2 -> at(base, RSI, 2, 0);
            default -> at(base, R10, 1, 0);
        };
    }
}
