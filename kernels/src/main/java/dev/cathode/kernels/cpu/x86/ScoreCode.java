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
import static dev.cathode.kernels.cpu.x86.VectorOp.VADDPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VANDPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VBROADCASTSS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VCMPPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD213PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMAXPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVAPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVUPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMULPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPADDD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPSLLD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSUBPS;

import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Mask;
import dev.cathode.kernels.cpu.x86.Operand.Mem;
import dev.cathode.kernels.cpu.x86.Operand.Vec;

/// Writes the functions behind [dev.cathode.kernels.cpu.vector.ScorePasses], instruction by instruction what the Vector
/// API does:
///
/// ```
/// void shift(x, queries, bytes, factor, shift, lanes)
/// void exponentiate(x, queries, bytes, maxima, lanes)
/// void differentiate(p, ds, queries, bytes, inverses, dots, scale)
/// ```
///
/// Bytes are those of a row's columns; a factor is a float's bits. It takes the way through memory below the stack,
/// which System V leaves to functions that call no other.
final class ScoreCode {
    /// Bytes from query to query.
    private static final int ROW = 256;
    /// 1.5 · 2^23: adding it rounds to an integer, which then sits in the low bits of the sum.
    private static final float ROUND = 0x1.8p23f;
    /// Below this the power of two is 0.
    private static final float LOWEST = -125;
    /// Of 2ʳ, from the sixth power down.
    private static final float[] COEFFICIENTS = {1.5345812e-4f, 1.3399931e-3f, 9.618489e-3f, 5.550329e-2f, 0.24022647f,
        0.6931472f, 1};
    private static final int NOT_LESS = 5;
    private static final Mem BELOW_STACK = at(RSP, -Float.BYTES);

    private final Assembler a;
    private final int bits;
    private final int vectorBytes;
    /// Vectors side by side.
    private final int width;

    private ScoreCode(Assembler a, int bits) {
        this.a = a;
        this.bits = bits;
        vectorBytes = bits / 8;
        width = bits == 512 ? 4 : 2;
    }

    /// Appends `shift`.
    static void shift(Assembler a, int bits) {
        new ScoreCode(a, bits).shift();
    }

    /// Appends `exponentiate`.
    static void exponentiate(Assembler a, int bits) {
        new ScoreCode(a, bits).exponentiate();
    }

    /// Appends `differentiate`.
    static void differentiate(Assembler a, int bits) {
        new ScoreCode(a, bits).differentiate();
    }

    private Vec vec(int number) {
        return new Vec(number, bits);
    }

    private Mem element(Gpr base, int vector) {
        return at(base, RAX, 1, vector * vectorBytes);
    }

    /// Of two equal numbers, and of two one of which is NaN, the maximum is the last.
    private void shift() {
        Vec factor = vec(0);
        Vec max = vec(1);
        Label row = new Label();
        a.mov32(BELOW_STACK, RCX);
        a.op(VBROADCASTSS, factor, BELOW_STACK);
        a.place(row);
        a.op(VMOVUPS, max, at(R9));
        VectorLoop.write(a, vectorBytes, RAX, RDX, width, count -> {
            for (int i = 0; i < count; i++) {
                a.op(VMOVUPS, vec(2 + i), element(RDI, i));
                a.op(VFMADD213PS, vec(2 + i), factor, element(R8, i));
                a.op(VMOVUPS, element(RDI, i), vec(2 + i));
                a.op(VMAXPS, max, max, vec(2 + i));
            }
        });
        a.op(VMOVUPS, at(R9), max);
        a.op(ADD, RDI, ROW);
        a.op(ADD, R9, vectorBytes);
        a.dec(RSI);
        a.jump(Condition.NE, row);
        a.vzeroupper();
        a.ret();
    }

    private void exponentiate() {
        Constants constants = new Constants(a, bits, R9);
        Vec max = vec(0);
        Vec sum = vec(1);
        Vec round = vec(2);
        Vec lowest = vec(3);
        Vec highest = vec(4); // coefficient
        Label row = new Label();
        constants.point();
        constants.load(round, ROUND);
        constants.load(lowest, LOWEST);
        constants.load(highest, COEFFICIENTS[0]);
        a.place(row);
        a.op(VBROADCASTSS, max, at(RCX));
        a.op(VMOVUPS, sum, at(R8));
        VectorLoop.write(a, vectorBytes, RAX, RDX, width, count -> {
            for (int i = 0; i < count; i++) {
                Vec d = vec(5 + 4 * i);
                Vec n = vec(6 + 4 * i);
                Vec r = vec(7 + 4 * i);
                a.op(VMOVUPS, d, element(RDI, i));
                a.op(VSUBPS, d, d, max);
                a.op(VADDPS, n, d, round);
                a.op(VSUBPS, r, n, round);
                a.op(VSUBPS, r, d, r);
                a.op(VMOVAPS, vec(8 + 4 * i), highest);
            }
            for (int c = 1; c < COEFFICIENTS.length; c++) {
                for (int i = 0; i < count; i++) {
                    a.op(VFMADD213PS, vec(8 + 4 * i), vec(7 + 4 * i), constants.of(COEFFICIENTS[c]));
                }
            }
            for (int i = 0; i < count; i++) {
                Vec d = vec(5 + 4 * i);
                Vec n = vec(6 + 4 * i);
                Vec y = vec(8 + 4 * i);
                a.imm(VPSLLD, 23, n, n);
                if (bits == 512) {
                    a.imm(VCMPPS, NOT_LESS, Mask.ALL, Mask.k(1), d, lowest);
                    a.op(VPADDD, Mask.k(1).zero(), y, y, n);
                } else {
                    a.op(VPADDD, y, y, n);
                    a.imm(VCMPPS, NOT_LESS, d, d, lowest);
                    a.op(VANDPS, y, y, d);
                }
                a.op(VMOVUPS, element(RDI, i), y);
                a.op(VADDPS, sum, sum, y);
            }
        });
        a.op(VMOVUPS, at(R8), sum);
        a.op(ADD, RDI, ROW);
        a.op(ADD, RCX, Float.BYTES);
        a.op(ADD, R8, vectorBytes);
        a.dec(RSI);
        a.jump(Condition.NE, row);
        a.vzeroupper();
        a.ret();
        constants.table();
    }

    private void differentiate() {
        Vec inverse = vec(0);
        Vec dot = vec(1);
        Vec scale = vec(2);
        Label row = new Label();
        a.mov(R10, RDX); // queries
        a.op(VBROADCASTSS, scale, at(RSP, 8));
        a.place(row);
        a.op(VBROADCASTSS, inverse, at(R8));
        a.op(VBROADCASTSS, dot, at(R9));
        VectorLoop.write(a, vectorBytes, RAX, RCX, width, count -> {
            for (int i = 0; i < count; i++) {
                Vec p = vec(3 + 2 * i);
                Vec ds = vec(4 + 2 * i);
                a.op(VMULPS, p, inverse, element(RDI, i));
                a.op(VMOVUPS, ds, element(RSI, i));
                a.op(VSUBPS, ds, ds, dot);
                a.op(VMOVUPS, element(RDI, i), p);
                a.op(VMULPS, ds, ds, p);
                a.op(VMULPS, ds, ds, scale);
                a.op(VMOVUPS, element(RSI, i), ds);
            }
        });
        a.op(ADD, RDI, ROW);
        a.op(ADD, RSI, ROW);
        a.op(ADD, R8, Float.BYTES);
        a.op(ADD, R9, Float.BYTES);
        a.dec(R10);
        a.jump(Condition.NE, row);
        a.vzeroupper();
        a.ret();
    }
}
