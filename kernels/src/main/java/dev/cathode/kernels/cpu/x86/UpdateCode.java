package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R8;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R9;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RAX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RCX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDI;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSI;
import static dev.cathode.kernels.cpu.x86.Operand.Mem.at;
import static dev.cathode.kernels.cpu.x86.VectorOp.VADDPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VBROADCASTSS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VCVTPS2PD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VDIVPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD231PD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD231PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVUPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMULPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSQRTPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSUBPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VXORPS;

import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Vec;

/// Writes the loops of [dev.cathode.kernels.cpu.vector.Updates], over whole vectors:
///
/// ```
/// void adam(factors, parameter, gradient, first, second, bytes)
///           rdi      rsi        rdx       rcx    r8      r9
/// void average(share, average, x, bytes)
/// void accumulate(scale, sum, x, bytes)
/// void squares(x, bytes, lanes)
/// ```
final class UpdateCode {
    /// Registers that a vector of parameters needs.
    private static final int OWN = 5;

    /// What [dev.cathode.kernels.cpu.vector.Updates#adam] has in memory, in the order of its places there.
    private enum Factor { KEEP, DECAY, SCALE, NEW_FIRST, OLD_SECOND, NEW_SECOND, STEP, EPSILON }

    private final Assembler a;
    private final int bits;
    private final int vectorBytes;

    private UpdateCode(Assembler a, int bits) {
        this.a = a;
        this.bits = bits;
        vectorBytes = bits / 8;
    }

    /// Appends `adam`.
    static void adam(Assembler a, int bits) {
        new UpdateCode(a, bits).adam();
    }

    /// Appends `average`.
    static void average(Assembler a, int bits) {
        new UpdateCode(a, bits).mix(true);
    }

    /// Appends `accumulate`.
    static void accumulate(Assembler a, int bits) {
        new UpdateCode(a, bits).mix(false);
    }

    /// Appends `squares`.
    static void squares(Assembler a, int bits) {
        new UpdateCode(a, bits).squares();
    }

    private Vec vec(int number) {
        return new Vec(number, bits);
    }

    private Vec factor(Factor factor) {
        return vec(factor.ordinal());
    }

    private void adam() {
        for (Factor factor : Factor.values()) {
            a.op(VBROADCASTSS, factor(factor), at(RDI, factor.ordinal() * Float.BYTES));
        }
        VectorLoop.write(a, vectorBytes, RAX, R9, bits == 512 ? 4 : 1, width -> {
            for (int i = 0; i < width; i++) {
                adam(i * vectorBytes, Factor.values().length + i * OWN);
            }
        });
        a.vzeroupper();
        a.ret();
    }

    /// One vector, in registers from `own` on; others do not wait for its root and its quotient.
    private void adam(int offset, int own) {
        Vec p = vec(own);
        Vec g = vec(own + 1);
        Vec m = vec(own + 2);
        Vec v = vec(own + 3);
        Vec t = vec(own + 4);
        a.op(VMULPS, g, factor(Factor.SCALE), at(RDX, RAX, 1, offset));
        a.op(VMOVUPS, p, at(RSI, RAX, 1, offset));
        a.op(VMOVUPS, m, at(RCX, RAX, 1, offset));
        a.op(VFMADD231PS, g, p, factor(Factor.DECAY));
        a.op(VMULPS, v, factor(Factor.OLD_SECOND), at(R8, RAX, 1, offset));
        a.op(VSUBPS, t, g, m);
        a.op(VMULPS, g, g, g);
        a.op(VFMADD231PS, m, t, factor(Factor.NEW_FIRST));
        a.op(VFMADD231PS, v, g, factor(Factor.NEW_SECOND));
        a.op(VMULPS, p, p, factor(Factor.KEEP));
        a.op(VMOVUPS, at(RCX, RAX, 1, offset), m);
        a.op(VMOVUPS, at(R8, RAX, 1, offset), v);
        a.op(VSQRTPS, v, v);
        a.op(VADDPS, v, v, factor(Factor.EPSILON));
        a.op(VDIVPS, m, m, v);
        a.op(VFMADD231PS, p, m, factor(Factor.STEP));
        a.op(VMOVUPS, at(RSI, RAX, 1, offset), p);
    }

    /// `y = (x - y) · factor + y`, or `y = x · factor + y`. The factor's bits come in a general register; the way to
    /// all lanes leads through the memory below the stack, which System V leaves to functions that call no other.
    private void mix(boolean difference) {
        Gpr y = RSI;
        Gpr x = RDX;
        a.mov32(at(Gpr.RSP, -Float.BYTES), RDI);
        a.op(VBROADCASTSS, vec(0), at(Gpr.RSP, -Float.BYTES));
        VectorLoop.write(a, vectorBytes, RAX, RCX, 4, width -> {
            for (int i = 0; i < width; i++) {
                Vec sum = vec(1 + 2 * i);
                a.op(VMOVUPS, sum, at(y, RAX, 1, i * vectorBytes));
                if (difference) {
                    Vec t = vec(2 + 2 * i);
                    a.op(VMOVUPS, t, at(x, RAX, 1, i * vectorBytes));
                    a.op(VSUBPS, t, t, sum);
                    a.op(VFMADD231PS, sum, t, vec(0));
                } else {
                    a.op(VFMADD231PS, sum, vec(0), at(x, RAX, 1, i * vectorBytes));
                }
                a.op(VMOVUPS, at(y, RAX, 1, i * vectorBytes), sum);
            }
        });
        a.vzeroupper();
        a.ret();
    }

    /// Half a vector of floats becomes a vector of doubles; one sum for the lower halves and one for the upper.
    private void squares() {
        a.op(VXORPS, vec(0), vec(0), vec(0));
        a.op(VXORPS, vec(1), vec(1), vec(1));
        VectorLoop.write(a, vectorBytes, RAX, RSI, 4, width -> {
            for (int i = 0; i < 2 * width; i++) {
                a.op(VCVTPS2PD, vec(2 + i), at(RDI, RAX, 1, i * vectorBytes / 2));
                a.op(VFMADD231PD, vec(i % 2), vec(2 + i), vec(2 + i));
            }
        });
        a.op(VMOVUPS, at(RDX), vec(0));
        a.op(VMOVUPS, at(RDX, vectorBytes), vec(1));
        a.vzeroupper();
        a.ret();
    }
}
