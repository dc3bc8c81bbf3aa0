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
import static dev.cathode.kernels.cpu.x86.VectorOp.VADDPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VBROADCASTSS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD213PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD231PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVUPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMULPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSUBPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VXORPS;

import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Operand.Vec;

/// Writes the loops of layer normalisation, over rows that lie one behind the other.
///
/// ```
/// void sums(x, rows, bytes, lanes)               one vector of sums a row
/// void squares(x, rows, bytes, lanes, means)     of squared differences from the row's mean
/// void normalize(x, rows, bytes, means, factors, weight, bias, y)
/// ```
final class RowCode {
    private final Assembler a;
    private final int bits;
    private final int vectorBytes;

    private RowCode(Assembler a, int bits) {
        this.a = a;
        this.bits = bits;
        vectorBytes = bits / 8;
    }

    /// Appends `sums`, or `squares`.
    static void sums(Assembler a, int bits, boolean squares) {
        new RowCode(a, bits).sums(squares);
    }

    /// Appends `normalize`.
    static void normalize(Assembler a, int bits) {
        new RowCode(a, bits).normalize();
    }

    private Vec vec(int number) {
        return new Vec(number, bits);
    }

    /// Even vectors into one sum, odd ones into another; a last even one without its odd.
    private void sums(boolean squares) {
        Label row = new Label();
        Label pair = new Label();
        Label single = new Label();
        Label end = new Label();
        a.place(row);
        a.op(VXORPS, vec(0), vec(0), vec(0));
        a.op(VXORPS, vec(1), vec(1), vec(1));
        if (squares) {
            a.op(VBROADCASTSS, vec(2), at(R8));
        }
        a.mov(R10, RDX);
        a.place(pair);
        a.op(SUB, R10, 2 * vectorBytes);
        a.jump(Condition.L, single);
        addTo(vec(0), 0, squares);
        addTo(vec(1), vectorBytes, squares);
        a.op(ADD, RDI, 2 * vectorBytes);
        a.jump(pair);
        a.place(single);
        a.op(CMP, R10, -vectorBytes);
        a.jump(Condition.NE, end);
        addTo(vec(0), 0, squares);
        a.op(ADD, RDI, vectorBytes);
        a.place(end);
        a.op(VADDPS, vec(0), vec(0), vec(1));
        a.op(VMOVUPS, at(RCX), vec(0));
        a.op(ADD, RCX, vectorBytes);
        if (squares) {
            a.op(ADD, R8, Float.BYTES);
        }
        a.dec(RSI);
        a.jump(Condition.NE, row);
        a.vzeroupper();
        a.ret();
    }

    private void addTo(Vec sum, int offset, boolean squares) {
        if (squares) {
            a.op(VMOVUPS, vec(3), at(RDI, offset));
            a.op(VSUBPS, vec(3), vec(3), vec(2));
            a.op(VFMADD231PS, sum, vec(3), vec(3));
        } else {
            a.op(VADDPS, sum, sum, at(RDI, offset));
        }
    }

    private void normalize() {
        Label row = new Label();
        Label next = new Label();
        a.mov(R10, at(RSP, 16)); // y
        a.mov(R11, at(RSP, 8)); // bias
        a.place(row);
        a.op(VBROADCASTSS, vec(0), at(RCX));
        a.op(VBROADCASTSS, vec(1), at(R8));
        a.clear(RAX);
        a.align(32);
        a.place(next);
        a.op(VMOVUPS, vec(2), at(RDI, RAX, 1, 0));
        a.op(VMOVUPS, vec(3), at(R9, RAX, 1, 0));
        a.op(VSUBPS, vec(2), vec(2), vec(0));
        a.op(VMULPS, vec(2), vec(2), vec(1));
        a.op(VFMADD213PS, vec(2), vec(3), at(R11, RAX, 1, 0));
        a.op(VMOVUPS, at(R10, RAX, 1, 0), vec(2));
        a.op(ADD, RAX, vectorBytes);
        a.op(CMP, RAX, RDX);
        a.jump(Condition.L, next);
        a.op(ADD, RDI, RDX);
        a.op(ADD, R10, RDX);
        a.op(ADD, RCX, Float.BYTES);
        a.op(ADD, R8, Float.BYTES);
        a.dec(RSI);
        a.jump(Condition.NE, row);
        a.vzeroupper();
        a.ret();
    }
}
