package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.ADD;
import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.CMP;
import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.SUB;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R11;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R8;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R9;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RAX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RCX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDI;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSI;
import static dev.cathode.kernels.cpu.x86.Operand.Mem.at;
import static dev.cathode.kernels.cpu.x86.VectorOp.VBROADCASTSS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VDIVPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVUPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMULPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPERM2F128;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSHUFF32X4;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSHUFPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VUNPCKHPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VUNPCKLPS;

import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Operand.Vec;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/// Writes the way into and out of a panel whose lanes are queries: rows of channels, anywhere in memory, to rows of
/// queries, and back. Squares of as many rows as a vector has lanes are transposed in registers. Where the channels are
/// no multiple of that, the last square overlaps the one before; there must be enough for one.
final class TransposeCode {
    private final Assembler a;
    private final int vectors;
    private final int bits;
    private final int lanes;
    private final int rowBytes;

    /// @param vectors in a row of the panel
    /// @param bits of a vector
    TransposeCode(Assembler a, int vectors, int bits) {
        this.a = a;
        this.vectors = vectors;
        this.bits = bits;
        lanes = bits / 32;
        rowBytes = vectors * bits / 8;
    }

    /// `panel[c][i] = factor · row i[c]`.
    ///
    /// ```
    /// void in(table, channels, factor, panel)
    ///         rdi    rsi       rdx     rcx
    /// ```
    ///
    /// `table` holds the addresses of the rows, `factor` that of a number.
    void in() {
        squares(group -> {
            for (int i = 0; i < lanes; i++) {
                a.mov(RAX, at(RDI, (group * lanes + i) * Long.BYTES));
                a.op(VMOVUPS, register(i), at(RAX, R8, 4, 0));
            }
            transpose();
            a.op(VBROADCASTSS, register(lanes), at(RDX));
            for (int c = 0; c < lanes; c++) {
                a.op(VMULPS, register(c), register(c), register(lanes));
                a.op(VMOVUPS, at(R9, c * rowBytes + group * bits / 8), register(c));
            }
        });
    }

    /// `row i[c] = panel[c][i] / divisor[i]`.
    ///
    /// ```
    /// void out(table, channels, divisor, panel)
    ///          rdi    rsi       rdx      rcx
    /// ```
    void out() {
        Label one = new Label();
        a.lea(R11, one);
        squares(group -> {
            a.op(VBROADCASTSS, register(lanes), at(R11));
            a.op(VDIVPS, register(lanes), register(lanes), at(RDX, group * bits / 8));
            for (int c = 0; c < lanes; c++) {
                a.op(VMULPS, register(c), register(lanes), at(R9, c * rowBytes + group * bits / 8));
            }
            transpose();
            for (int i = 0; i < lanes; i++) {
                a.mov(RAX, at(RDI, (group * lanes + i) * Long.BYTES));
                a.op(VMOVUPS, at(RAX, R8, 4, 0), register(i));
            }
        });
        a.align(4);
        a.place(one);
        a.data(1);
    }

    /// For each square of channels, whose first is R8 and whose row of the panel is R9, all groups of queries.
    private void squares(IntConsumer group) {
        Label square = new Label();
        Label next = new Label();
        Label end = new Label();
        a.op(SUB, RSI, lanes); // where the last square starts
        a.clear(R8);
        a.place(square);
        a.imul(R9, R8, rowBytes);
        a.op(ADD, R9, RCX);
        for (int g = 0; g < vectors; g++) {
            group.accept(g);
        }
        a.op(CMP, R8, RSI);
        a.jump(Condition.E, end);
        a.op(ADD, R8, lanes);
        a.op(CMP, R8, RSI);
        a.jump(Condition.LE, next);
        a.mov(R8, RSI);
        a.place(next);
        a.jump(square);
        a.place(end);
        a.vzeroupper();
        a.ret();
    }

    private Vec register(int number) {
        return new Vec(number, bits);
    }

    /// Transposes the registers from 0 on; those behind them lose what they held.
    private void transpose() {
        int[] from = IntStream.range(0, lanes).toArray();
        int[] to = IntStream.range(lanes, 2 * lanes).toArray();
        for (int i = 0; i < lanes; i += 2) {
            a.op(VUNPCKLPS, register(to[i]), register(from[i]), register(from[i + 1]));
            a.op(VUNPCKHPS, register(to[i + 1]), register(from[i]), register(from[i + 1]));
        }
        // from[4g + m]: in each quarter l (half, with 256 bits), column 4l + m of rows 4g to 4g + 3
        for (int i = 0; i < lanes; i += 4) {
            for (int m = 0; m < 4; m++) {
                a.imm(VSHUFPS, m % 2 == 0 ? 0x44 : 0xee, register(from[i + m]), register(to[i + m / 2]),
                        register(to[i + m / 2 + 2]));
            }
        }
        if (bits == 256) {
            for (int m = 0; m < 4; m++) {
                a.imm(VPERM2F128, 0x20, register(to[m]), register(from[m]), register(from[4 + m]));
                a.imm(VPERM2F128, 0x31, register(to[4 + m]), register(from[m]), register(from[4 + m]));
            }
            for (int i = 0; i < lanes; i++) {
                a.op(VMOVUPS, register(from[i]), register(to[i]));
            }
            return;
        }
        for (int m = 0; m < 4; m++) {
            for (int half = 0; half < 2; half++) {
                int low = 8 * half + m;
                a.imm(VSHUFF32X4, 0x44, register(to[low]), register(from[low]), register(from[low + 4]));
                a.imm(VSHUFF32X4, 0xee, register(to[low + 4]), register(from[low]), register(from[low + 4]));
            }
        }
        for (int m = 0; m < 4; m++) {
            a.imm(VSHUFF32X4, 0x88, register(from[m]), register(to[m]), register(to[m + 8]));
            a.imm(VSHUFF32X4, 0xdd, register(from[m + 4]), register(to[m]), register(to[m + 8]));
            a.imm(VSHUFF32X4, 0x88, register(from[m + 8]), register(to[m + 4]), register(to[m + 12]));
            a.imm(VSHUFF32X4, 0xdd, register(from[m + 12]), register(to[m + 4]), register(to[m + 12]));
        }
    }
}
