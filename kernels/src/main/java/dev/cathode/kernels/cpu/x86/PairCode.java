package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.ADD;
import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.CMP;
import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.SUB;
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
import static dev.cathode.kernels.cpu.x86.VectorOp.KXORW;
import static dev.cathode.kernels.cpu.x86.VectorOp.VCVTNE2PS2BF16;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVUPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPERMW;

import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Operand.Mask;
import dev.cathode.kernels.cpu.x86.Operand.Vec;

/// Writes how rows of floats become rows of pairs: rows 2p and 2p + 1, rounded to bfloat16 to nearest even, number
/// beside number.
final class PairCode {
    private static final int V = 64;
    /// Numbers of a vector of floats.
    private static final int LANES = 16;

    private PairCode() { }

    /// Appends the order in which `vpermw` puts two vectors that `vcvtne2ps2bf16` has put behind each other into pairs.
    static void table(Assembler a, Label place) {
        a.align(V);
        a.place(place);
        for (int i = 0; i < LANES; i++) {
            a.data(Float.intBitsToFloat(LANES + i << 16 | i));
        }
    }

    /// Appends `void neighbours(x, blocks, distance)`: blocks of 16 numbers become pairs with the numbers that lie
    /// `distance` bytes behind them, in place. What is overwritten has been read: blocks go upwards.
    static void neighbours(Assembler a) {
        Label interleaved = new Label();
        Label block = new Label();
        a.lea(RAX, interleaved);
        a.op(VMOVUPS, zmm(31), at(RAX));
        a.align(32);
        a.place(block);
        a.op(VMOVUPS, zmm(0), at(RDI, RDX, 1, 0));
        a.op(VCVTNE2PS2BF16, zmm(0), zmm(0), at(RDI));
        a.op(VPERMW, zmm(0), zmm(31), zmm(0));
        a.op(VMOVUPS, at(RDI), zmm(0));
        a.op(ADD, RDI, V);
        a.dec(RSI);
        a.jump(Condition.NE, block);
        a.vzeroupper();
        a.ret();
        table(a, interleaved);
    }

    /// Appends `void pairs(from, fromStep, rows, blocks, to, toStep, tail)`: blocks of 16 numbers of a row, then as
    /// many as `tail` has bits set, if any. The last row of an odd number gets zeros beside it. A row may become pairs
    /// where it is.
    static void rows(Assembler a) {
        Mask tail = Mask.k(1);
        Mask second = Mask.k(2); // lanes of the second row in a block
        Mask secondTail = Mask.k(3);
        Vec order = zmm(31);
        Label interleaved = new Label();
        Label row = new Label();
        Label both = new Label();
        Label block = new Label();
        Label rest = new Label();
        Label next = new Label();
        a.lea(RAX, interleaved);
        a.op(VMOVUPS, order, at(RAX));
        a.mov(RAX, at(RSP, 8));
        a.kmovw(tail, RAX);
        a.kmovw(secondTail, RAX);
        a.mov(RAX, 0xffff);
        a.kmovw(second, RAX);
        a.place(row);
        a.op(CMP, RDX, 1);
        a.jump(Condition.NE, both);
        a.clear(RSI);
        a.op(KXORW, Mask.ALL, second, second, second);
        a.op(KXORW, Mask.ALL, secondTail, secondTail, secondTail);
        a.place(both);
        a.mov(RAX, RDI);
        a.mov(R10, R8);
        a.mov(R11, RCX);
        a.test(R11, R11);
        a.jump(Condition.E, rest);
        a.align(32);
        a.place(block);
        a.op(VMOVUPS, second.zero(), zmm(0), at(RAX, RSI, 1, 0));
        a.op(VCVTNE2PS2BF16, zmm(0), zmm(0), at(RAX));
        a.op(VPERMW, zmm(0), order, zmm(0));
        a.op(VMOVUPS, at(R10), zmm(0));
        a.op(ADD, RAX, V);
        a.op(ADD, R10, V);
        a.dec(R11);
        a.jump(Condition.NE, block);
        a.place(rest);
        a.mov(R11, at(RSP, 8));
        a.test(R11, R11);
        a.jump(Condition.E, next);
        a.op(VMOVUPS, secondTail.zero(), zmm(0), at(RAX, RSI, 1, 0));
        a.op(VMOVUPS, tail.zero(), zmm(1), at(RAX));
        a.op(VCVTNE2PS2BF16, zmm(0), zmm(0), zmm(1));
        a.op(VPERMW, zmm(0), order, zmm(0));
        a.op(VMOVUPS, tail, at(R10), zmm(0));
        a.place(next);
        a.lea(RDI, at(RDI, RSI, 2, 0));
        a.op(ADD, R8, R9);
        a.op(SUB, RDX, 2);
        a.jump(Condition.G, row);
        a.vzeroupper();
        a.ret();
        table(a, interleaved);
    }
}
