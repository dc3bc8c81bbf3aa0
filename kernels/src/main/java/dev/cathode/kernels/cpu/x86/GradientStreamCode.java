package dev.cathode.kernels.cpu.x86;

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
import static dev.cathode.kernels.cpu.x86.VectorOp.VMULPS;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Mem;
import dev.cathode.kernels.cpu.x86.Operand.Vec;

/// Writes the loops over numbers of activations' gradients.
final class GradientStreamCode {
    private final Assembler a;
    private final int vectorBytes;
    private final Constants constants;
    private final ActivationCode functions;
    private final DerivativeCode derivatives;
    private final NumberLoop loop;

    private GradientStreamCode(Assembler a, int bits) {
        this.a = a;
        vectorBytes = bits / 8;
        constants = new Constants(a, bits, RAX);
        functions = new ActivationCode(a, bits, constants);
        derivatives = new DerivativeCode(a, bits, constants, functions);
        loop = new NumberLoop(a, bits);
    }

    /// `void chain(x, dy, dx, bytes)`: `dx = dy · activation'(x)`.
    static void chain(Assembler a, int bits, Activation activation) {
        new GradientStreamCode(a, bits).chain(activation);
    }

    /// `void gate(x, gate, dy, dx, dGate, bytes)`: of `x · gelu(gate)`.
    static void gate(Assembler a, int bits) {
        new GradientStreamCode(a, bits).gate();
    }

    private void chain(Activation activation) {
        constants.point();
        functions.load();
        loop.over(R10, RCX, R11, functions.width(), (vectors, rest) -> {
            for (int v = 0; v < vectors; v++) {
                loop.load(functions.register(v, 0), number(RDI, v), rest);
            }
            derivatives.chain(activation, vectors, v -> loop.load(functions.register(v, 1), number(RSI, v), rest));
            for (int v = 0; v < vectors; v++) {
                loop.store(number(RDX, v), functions.register(v, 0), rest);
            }
        });
        leave();
    }

    private void gate() {
        constants.point();
        functions.load();
        loop.over(R10, R9, R11, functions.width(), (vectors, rest) -> {
            for (int v = 0; v < vectors; v++) {
                Vec slope = functions.register(v, 0);
                Vec dy = functions.register(v, 1);
                Vec x = functions.register(v, 2);
                Vec gate = functions.register(v, 3);
                loop.load(slope, number(RSI, v), rest);
                Vec cdf = derivatives.gelu(v);
                loop.load(dy, number(RDX, v), rest);
                loop.load(x, number(RDI, v), rest);
                loop.load(gate, number(RSI, v), rest);
                a.op(VMULPS, x, dy, x);
                a.op(VMULPS, slope, x, slope);
                a.op(VMULPS, gate, gate, cdf);
                a.op(VMULPS, gate, gate, dy);
                loop.store(number(R8, v), slope, rest);
                loop.store(number(RCX, v), gate, rest);
            }
        });
        leave();
    }

    private void leave() {
        a.vzeroupper();
        a.ret();
        constants.table();
        loop.table();
    }

    private Mem number(Gpr base, int vector) {
        return at(base, R10, 1, vector * vectorBytes);
    }
}
