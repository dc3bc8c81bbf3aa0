package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.ADD;
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
import static dev.cathode.kernels.cpu.x86.Operand.Mem.at;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVUPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPERM2F128;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSHUFF32X4;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSHUFPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VUNPCKHPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VUNPCKLPS;

import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Operand.Vec;

/// Writes the function behind [dev.cathode.kernels.cpu.vector.Passes#transpose].
///
/// ```
/// void transpose(x, xStride, rows, columns, y, yStride)
///                rdi rsi     rdx   rcx      r8 r9
/// ```
///
/// A square of as many rows as a vector has lanes is read once, changes places in registers, and is written once. Two
/// passes put numbers in their place within 128 bits: pairs of rows are interleaved, then pairs of pairs. With AVX-512
/// two more move the four parts of 128 bits, with AVX2 one moves the two. Each pass goes from one half of the registers
/// to the other.
final class TranspositionCode {
    private final Assembler a;
    private final int bits;
    private final int lanes;

    private TranspositionCode(Assembler a, int bits) {
        this.a = a;
        this.bits = bits;
        lanes = bits / 32;
    }

    /// Appends the function.
    static void write(Assembler a, int bits) {
        new TranspositionCode(a, bits).function();
    }

    private void function() {
        Label band = new Label();
        Label square = new Label();
        a.place(band);
        a.mov(R10, RDI);
        a.mov(R11, R8);
        a.mov(RAX, RCX);
        a.place(square);
        load();
        interleave();
        store(bits == 512 ? exchangeQuarters() : exchangeHalves());
        a.op(ADD, R10, 4 * lanes);
        a.op(SUB, RAX, lanes);
        a.jump(Condition.G, square);
        a.mov(RAX, RSI); // to the next rows
        a.imul(RAX, RAX, lanes);
        a.op(ADD, RDI, RAX);
        a.op(ADD, R8, 4 * lanes);
        a.op(SUB, RDX, lanes);
        a.jump(Condition.G, band);
        a.vzeroupper();
        a.ret();
    }

    private Vec low(int number) {
        return new Vec(number, bits);
    }

    private Vec high(int number) {
        return new Vec(lanes + number, bits);
    }

    /// The square's rows into the low half of the registers.
    private void load() {
        a.push(R10);
        for (int row = 0; row < lanes; row++) {
            a.op(VMOVUPS, low(row), at(R10));
            a.op(ADD, R10, RSI);
        }
        a.pop(R10);
    }

    /// Register 4g + j holds, in its part p of 128 bits, column 4p + j of the rows 4g to 4g + 3.
    private void interleave() {
        for (int i = 0; i < lanes; i += 2) {
            a.op(VUNPCKLPS, high(i), low(i), low(i + 1));
            a.op(VUNPCKHPS, high(i + 1), low(i), low(i + 1));
        }
        for (int g = 0; g < lanes; g += 4) {
            for (int j = 0; j < 4; j++) {
                a.imm(VSHUFPS, j % 2 == 0 ? 0x44 : 0xee, low(g + j), high(g + j / 2), high(g + 2 + j / 2));
            }
        }
    }

    /// Answers whether the result lies in the high half of the registers.
    private boolean exchangeHalves() {
        for (int j = 0; j < 4; j++) {
            a.imm(VPERM2F128, 0x20, high(j), low(j), low(4 + j));
            a.imm(VPERM2F128, 0x31, high(4 + j), low(j), low(4 + j));
        }
        return true;
    }

    private boolean exchangeQuarters() {
        for (int j = 0; j < 4; j++) { // even and odd parts of the upper and of the lower eight rows
            a.imm(VSHUFF32X4, 0x88, high(j), low(j), low(4 + j));
            a.imm(VSHUFF32X4, 0xdd, high(4 + j), low(j), low(4 + j));
            a.imm(VSHUFF32X4, 0x88, high(8 + j), low(8 + j), low(12 + j));
            a.imm(VSHUFF32X4, 0xdd, high(12 + j), low(8 + j), low(12 + j));
        }
        for (int j = 0; j < 4; j++) {
            a.imm(VSHUFF32X4, 0x88, low(j), high(j), high(8 + j));
            a.imm(VSHUFF32X4, 0x88, low(4 + j), high(4 + j), high(12 + j));
            a.imm(VSHUFF32X4, 0xdd, low(8 + j), high(j), high(8 + j));
            a.imm(VSHUFF32X4, 0xdd, low(12 + j), high(4 + j), high(12 + j));
        }
        return false;
    }

    /// The square's columns, each a row of the result.
    private void store(boolean fromHigh) {
        for (int column = 0; column < lanes; column++) {
            a.op(VMOVUPS, at(R11), fromHigh ? high(column) : low(column));
            a.op(ADD, R11, R9);
        }
    }
}
