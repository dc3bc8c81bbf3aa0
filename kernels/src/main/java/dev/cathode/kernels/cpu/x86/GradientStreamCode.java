package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R8;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R9;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RAX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RCX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDI;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSI;
import static dev.cathode.kernels.cpu.x86.Operand.Mem.at;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Mem;

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

    private void chain(Activation activation) {
        constants.point();
        functions.load();
        loop.over(R8, RCX, R9, functions.width(), (vectors, rest) -> {
            for (int v = 0; v < vectors; v++) {
                loop.load(functions.register(v, 0), number(RDI, v), rest);
            }
            derivatives.chain(activation, vectors, v -> loop.load(functions.register(v, 1), number(RSI, v), rest));
            for (int v = 0; v < vectors; v++) {
                loop.store(number(RDX, v), functions.register(v, 0), rest);
            }
        });
        a.vzeroupper();
        a.ret();
        constants.table();
        loop.table();
    }

    private Mem number(Gpr base, int vector) {
        return at(base, R8, 1, vector * vectorBytes);
    }
}
