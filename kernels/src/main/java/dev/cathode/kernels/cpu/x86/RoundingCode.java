package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.ADD;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R10;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R11;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R8;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R9;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RAX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RCX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDI;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSI;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSP;
import static dev.cathode.kernels.cpu.x86.Operand.Mem.at;
import static dev.cathode.kernels.cpu.x86.Operand.Vec.zmm;

import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Assembler.Shift;
import dev.cathode.kernels.cpu.x86.Operand.Mask;

/// Writes the functions around products of bfloat16 numbers that are not products: rounding rows, and a loop that
/// measures how fast products can be.
final class RoundingCode {
    /// Vectors of sums that the measuring loop keeps in flight.
    static final int CHAINS = 24;
    private static final int V = 64;

    private RoundingCode() { }

    /// Appends `void round(from, fromStep, rows, blocks, to, toStep, tail)` for
    /// [dev.cathode.kernels.cpu.vector.RoundedProducts#round]: blocks of 32 numbers, then as many as `tail` has low
    /// bits set, if any, with zeros behind them up to 32.
    ///
    /// ```
    /// for each row:
    ///   for each block: two vectors of floats become one of bfloat16
    ///   the numbers behind the last block likewise, loaded under masks: nothing behind them is read
    /// ```
    static void rows(Assembler a) {
        Mask low = Mask.k(1);
        Mask high = Mask.k(2);
        a.mov(RAX, at(RSP, 8));
        a.kmovw(low, RAX);
        a.shift(Shift.SHR, RAX, 16);
        a.kmovw(high, RAX);
        Label row = new Label();
        Label blocks = new Label();
        Label tail = new Label();
        Label next = new Label();
        a.place(row);
        a.mov(RAX, RDI);
        a.mov(R10, R8);
        a.mov(R11, RCX);
        a.test(R11, R11);
        a.jump(Condition.E, tail);
        a.align(32);
        a.place(blocks);
        a.op(VectorOp.VMOVUPS, zmm(0), at(RAX, V));
        a.op(VectorOp.VCVTNE2PS2BF16, zmm(0), zmm(0), at(RAX));
        a.op(VectorOp.VMOVUPS, at(R10), zmm(0));
        a.op(ADD, RAX, 2 * V);
        a.op(ADD, R10, V);
        a.dec(R11);
        a.jump(Condition.NE, blocks);
        a.place(tail);
        a.mov(R11, at(RSP, 8));
        a.test(R11, R11);
        a.jump(Condition.E, next);
        a.op(VectorOp.VMOVUPS, low.zero(), zmm(1), at(RAX));
        a.op(VectorOp.VMOVUPS, high.zero(), zmm(0), at(RAX, V));
        a.op(VectorOp.VCVTNE2PS2BF16, zmm(0), zmm(0), zmm(1));
        a.op(VectorOp.VMOVUPS, at(R10), zmm(0));
        a.place(next);
        a.op(ADD, RDI, RSI);
        a.op(ADD, R8, R9);
        a.dec(RDX);
        a.jump(Condition.NE, row);
        a.vzeroupper();
        a.ret();
    }

    /// Appends `void spin(repeats)`: [#CHAINS] times 16 sums of pairs, in registers, again and again.
    static void spin(Assembler a) {
        for (int i = 0; i < 32; i++) {
            a.op(VectorOp.VPXORD, zmm(i), zmm(i), zmm(i));
        }
        Label again = new Label();
        a.align(32);
        a.place(again);
        for (int i = 0; i < CHAINS; i++) {
            a.op(VectorOp.VDPBF16PS, zmm(i), zmm(30), zmm(31));
        }
        a.dec(RDI);
        a.jump(Condition.NE, again);
        a.vzeroupper();
        a.ret();
    }
}
