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
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD132PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD213PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD231PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMULPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSUBPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VXORPS;

import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Mem;
import dev.cathode.kernels.cpu.x86.Operand.Vec;

/// Writes the loops of layer normalisation's gradient, over rows that lie one behind the other. The factors of a row
/// are five floats: center, inverse, shift, slope and constant.
///
/// ```
/// void moments(x, rows, bytes, factors, totals)                   of differences from the center, and of squares
/// void sums(x, dy, rows, bytes, weight, factors, sums, totals)    of weight · dy, and of weight · dy · difference
/// void gradient(x, dy, rows, bytes, weight, factors, dx)
/// ```
final class RowGradientCode {
    private static final int FACTORS = 5 * Float.BYTES;

    private final Assembler a;
    private final int bits;
    private final int vectorBytes;
    private final NumberLoop loop;
    private final LaneCode lanes;

    private RowGradientCode(Assembler a, int bits) {
        this.a = a;
        this.bits = bits;
        vectorBytes = bits / 8;
        loop = new NumberLoop(a, bits);
        lanes = new LaneCode(a, bits);
    }

    /// Appends `moments`.
    static void moments(Assembler a, int bits) {
        new RowGradientCode(a, bits).moments();
    }

    /// Appends `sums`.
    static void sums(Assembler a, int bits) {
        new RowGradientCode(a, bits).sums();
    }

    /// Appends `gradient`.
    static void gradient(Assembler a, int bits) {
        new RowGradientCode(a, bits).gradient();
    }

    private Vec vec(int number) {
        return new Vec(number, bits);
    }

    private Mem number(Gpr base, int vector) {
        return at(base, RAX, 1, vector * vectorBytes);
    }

    /// Even vectors into one sum, odd ones into another.
    private void moments() {
        Label row = new Label();
        a.place(row);
        for (int sum = 0; sum < 4; sum++) {
            a.op(VXORPS, vec(sum), vec(sum), vec(sum));
        }
        a.op(VBROADCASTSS, vec(4), at(RCX));
        loop.over(RAX, RDX, R10, 2, (vectors, rest) -> {
            for (int v = 0; v < vectors; v++) {
                loop.load(vec(5), number(RDI, v), rest);
                a.op(VSUBPS, vec(5), vec(5), vec(4));
                loop.clear(vec(5), rest);
                a.op(VADDPS, vec(v), vec(5), vec(v));
                a.op(VFMADD231PS, vec(2 + v), vec(5), vec(5));
            }
        });
        a.op(VADDPS, vec(0), vec(0), vec(1));
        a.op(VADDPS, vec(2), vec(2), vec(3));
        lanes.storeTotal(at(R8), vec(0), vec(1));
        lanes.storeTotal(at(R8, Double.BYTES), vec(2), vec(3));
        a.op(ADD, R8, 2 * Double.BYTES);
        a.op(ADD, RCX, FACTORS);
        a.op(ADD, RDI, RDX);
        a.dec(RSI);
        a.jump(Condition.NE, row);
        leave();
    }

    private void sums() {
        Label row = new Label();
        Vec dy = vec(5);
        Vec difference = vec(6);
        Vec weighted = vec(7);
        a.push(RBX);
        a.mov(R10, at(RSP, 16)); // sums: of dy
        a.lea(R11, at(R10, RCX, 1, 0)); // and of dy times the normalised x
        a.place(row);
        for (int factor = 0; factor < 3; factor++) {
            a.op(VBROADCASTSS, vec(factor), at(R9, factor * Float.BYTES));
        }
        a.op(VXORPS, vec(3), vec(3), vec(3));
        a.op(VXORPS, vec(4), vec(4), vec(4));
        loop.over(RAX, RCX, RBX, 2, (vectors, rest) -> {
            for (int v = 0; v < vectors; v++) {
                loop.load(dy, number(RSI, v), rest);
                loop.load(difference, number(RDI, v), rest);
                a.op(VSUBPS, difference, difference, vec(0));
                a.op(VMULPS, weighted, dy, loop.operand(number(R8, v), vec(8), rest));
                a.op(VADDPS, vec(3), weighted, vec(3));
                a.op(VFMADD231PS, vec(4), weighted, difference);
                a.op(VADDPS, vec(8), dy, loop.operand(number(R10, v), vec(8), rest));
                loop.store(number(R10, v), vec(8), rest);
                a.op(VFMADD213PS, difference, vec(1), vec(2));
                a.op(VFMADD213PS, dy, difference, loop.operand(number(R11, v), vec(8), rest));
                loop.store(number(R11, v), dy, rest);
            }
        });
        a.mov(RBX, at(RSP, 24)); // totals
        lanes.storeTotal(at(RBX), vec(3), vec(5));
        lanes.storeTotal(at(RBX, Double.BYTES), vec(4), vec(6));
        a.op(ADD, RBX, 2 * Double.BYTES);
        a.mov(at(RSP, 24), RBX);
        endOfRow(row);
        a.pop(RBX);
        leave();
    }

    private void gradient() {
        Label row = new Label();
        a.mov(R10, at(RSP, 8)); // dx
        a.place(row);
        for (int factor = 0; factor < 5; factor++) {
            a.op(VBROADCASTSS, vec(factor), at(R9, factor * Float.BYTES));
        }
        loop.over(RAX, RCX, R11, 2, (vectors, rest) -> {
            for (int v = 0; v < vectors; v++) {
                loop.load(vec(5), number(RDI, v), rest);
                loop.load(vec(6), number(R8, v), rest);
                a.op(VSUBPS, vec(5), vec(5), vec(0));
                a.op(VFMADD213PS, vec(5), vec(3), vec(4));
                a.op(VMULPS, vec(6), vec(6), vec(1));
                a.op(VFMADD132PS, vec(6), vec(5), loop.operand(number(RSI, v), vec(7), rest));
                loop.store(number(R10, v), vec(6), rest);
            }
        });
        a.op(ADD, R10, RCX);
        endOfRow(row);
        leave();
    }

    private void endOfRow(Label row) {
        a.op(ADD, RDI, RCX);
        a.op(ADD, RSI, RCX);
        a.op(ADD, R9, FACTORS);
        a.dec(RDX);
        a.jump(Condition.NE, row);
    }

    private void leave() {
        a.vzeroupper();
        a.ret();
        loop.table();
    }
}
