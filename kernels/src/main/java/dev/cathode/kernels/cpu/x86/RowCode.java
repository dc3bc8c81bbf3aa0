package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.ADD;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R10;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R11;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R8;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R9;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RAX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RBX;
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
import static dev.cathode.kernels.cpu.x86.VectorOp.VMULPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSUBPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VXORPS;

import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Operand.Vec;

/// Writes the loops of layer normalisation, over rows that lie one behind the other.
///
/// ```
/// void sums(x, rows, bytes, sums)                of each row
/// void squares(x, rows, bytes, sums, means)      of squared differences from the row's mean
/// void normalize(x, rows, bytes, means, factors, weight, bias, y)
/// ```
final class RowCode {
    private final Assembler a;
    private final int bits;
    private final int vectorBytes;
    private final NumberLoop loop;
    private final LaneCode lanes;

    private RowCode(Assembler a, int bits) {
        this.a = a;
        this.bits = bits;
        vectorBytes = bits / 8;
        loop = new NumberLoop(a, bits);
        lanes = new LaneCode(a, bits);
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

    /// Even vectors into one sum, odd ones into another.
    private void sums(boolean squares) {
        Label row = new Label();
        a.place(row);
        a.op(VXORPS, vec(0), vec(0), vec(0));
        a.op(VXORPS, vec(1), vec(1), vec(1));
        if (squares) {
            a.op(VBROADCASTSS, vec(2), at(R8));
        }
        loop.over(RAX, RDX, R10, 2, (vectors, rest) -> {
            for (int v = 0; v < vectors; v++) {
                loop.load(vec(3), at(RDI, RAX, 1, v * vectorBytes), rest);
                if (squares) {
                    a.op(VSUBPS, vec(3), vec(3), vec(2));
                    loop.clear(vec(3), rest);
                    a.op(VFMADD231PS, vec(v), vec(3), vec(3));
                } else {
                    a.op(VADDPS, vec(v), vec(v), vec(3));
                }
            }
        });
        a.op(VADDPS, vec(0), vec(0), vec(1));
        lanes.storeTotal(at(RCX), vec(0), vec(1));
        a.op(ADD, RCX, Double.BYTES);
        a.op(ADD, RDI, RDX);
        if (squares) {
            a.op(ADD, R8, Float.BYTES);
        }
        a.dec(RSI);
        a.jump(Condition.NE, row);
        leave();
    }

    private void normalize() {
        Label row = new Label();
        a.push(RBX);
        a.mov(R11, at(RSP, 16)); // bias
        a.mov(R10, at(RSP, 24)); // y
        a.place(row);
        a.op(VBROADCASTSS, vec(0), at(RCX));
        a.op(VBROADCASTSS, vec(1), at(R8));
        loop.over(RAX, RDX, RBX, 1, (_, rest) -> {
            loop.load(vec(2), at(RDI, RAX, 1, 0), rest);
            loop.load(vec(3), at(R9, RAX, 1, 0), rest);
            a.op(VSUBPS, vec(2), vec(2), vec(0));
            a.op(VMULPS, vec(2), vec(2), vec(1));
            a.op(VFMADD213PS, vec(2), vec(3), loop.operand(at(R11, RAX, 1, 0), vec(4), rest));
            loop.store(at(R10, RAX, 1, 0), vec(2), rest);
        });
        a.op(ADD, RDI, RDX);
        a.op(ADD, R10, RDX);
        a.op(ADD, RCX, Float.BYTES);
        a.op(ADD, R8, Float.BYTES);
        a.dec(RSI);
        a.jump(Condition.NE, row);
        a.pop(RBX);
        leave();
    }

    private void leave() {
        a.vzeroupper();
        a.ret();
        loop.table();
    }
}
