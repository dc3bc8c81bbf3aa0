package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.ADD;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R10;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R11;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R12;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R13;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R8;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R9;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RAX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RBP;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RBX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RCX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDI;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSI;
import static dev.cathode.kernels.cpu.x86.Operand.Mem.at;
import static dev.cathode.kernels.cpu.x86.VectorOp.VADDPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD132PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD213PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD231PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSUBPS;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Mem;
import dev.cathode.kernels.cpu.x86.Operand.Vec;
import java.util.List;

/// Writes the loops of group normalisation's gradient, over pixels that lie one behind the other.
///
/// ```
/// void sums(x, dy, rows, bytes, factors, sums)
/// void gradient(x, dy, rows, bytes, factors, dx)
/// ```
///
/// The factors are five rows: center, scale, shift, slope, constant.
final class ChannelGradientCode {
    private static final List<Gpr> SAVED = List.of(RBX, RBP, R12, R13);
    private static final Gpr CENTER = R8;
    private static final Gpr SCALE = R10;
    private static final Gpr SHIFT = R11;
    private static final Gpr INDEX = R12;

    private final Assembler a;
    private final int vectorBytes;
    private final Activation activation;
    private final Constants constants;
    private final ActivationCode functions;
    private final DerivativeCode derivatives;
    private final NumberLoop loop;

    private ChannelGradientCode(Assembler a, int bits, Activation activation) {
        this.a = a;
        vectorBytes = bits / 8;
        this.activation = activation;
        constants = new Constants(a, bits, RAX);
        functions = new ActivationCode(a, bits, constants);
        derivatives = new DerivativeCode(a, bits, constants, functions);
        loop = new NumberLoop(a, bits);
    }

    /// Appends `sums`.
    static void sums(Assembler a, int bits, Activation activation) {
        new ChannelGradientCode(a, bits, activation).sums();
    }

    /// Appends `gradient`.
    static void gradient(Assembler a, int bits, Activation activation) {
        new ChannelGradientCode(a, bits, activation).gradient();
    }

    private Mem number(Gpr base, int vector) {
        return at(base, INDEX, 1, vector * vectorBytes);
    }

    private void enter() {
        SAVED.forEach(a::push);
        constants.point();
        functions.load();
        a.lea(SCALE, at(CENTER, RCX, 1, 0));
        a.lea(SHIFT, at(SCALE, RCX, 1, 0));
    }

    private void leave(Label row) {
        a.op(ADD, RDI, RCX);
        a.op(ADD, RSI, RCX);
        a.dec(RDX);
        a.jump(Condition.NE, row);
        SAVED.reversed().forEach(a::pop);
        a.vzeroupper();
        a.ret();
        constants.table();
        loop.table();
    }

    /// The gradient before the activation, in register 0 of each vector.
    private void before(int vectors, boolean rest) {
        for (int v = 0; activation != Activation.NONE && v < vectors; v++) {
            Vec x = difference(v, 0, rest);
            loop.load(functions.register(v, 1), number(SHIFT, v), rest);
            a.op(VFMADD132PS, x, functions.register(v, 1),
                    loop.operand(number(SCALE, v), functions.register(v, 2), rest));
        }
        derivatives.chain(activation, vectors, v -> loop.load(functions.register(v, 1), number(RSI, v), rest));
    }

    /// `x - center` in a register of a vector; with the rest, the next register is destroyed.
    private Vec difference(int v, int register, boolean rest) {
        Vec x = functions.register(v, register);
        loop.load(x, number(RDI, v), rest);
        a.op(VSUBPS, x, x, loop.operand(number(CENTER, v), functions.register(v, register + 1), rest));
        return x;
    }

    private void sums() {
        enter();
        a.lea(RBX, at(R9, RCX, 1, 0)); // sums of products
        Label row = new Label();
        a.place(row);
        loop.over(INDEX, RCX, R13, functions.width(), (vectors, rest) -> {
            before(vectors, rest);
            for (int v = 0; v < vectors; v++) {
                Vec g = functions.register(v, 0);
                Vec x = difference(v, 1, rest);
                Vec sum = functions.register(v, 2);
                a.op(VADDPS, sum, g, loop.operand(number(R9, v), sum, rest));
                loop.store(number(R9, v), sum, rest);
                a.op(VFMADD213PS, g, x, loop.operand(number(RBX, v), sum, rest));
                loop.store(number(RBX, v), g, rest);
            }
        });
        leave(row);
    }

    private void gradient() {
        enter();
        a.lea(RBX, at(SHIFT, RCX, 1, 0)); // slope
        a.lea(RBP, at(RBX, RCX, 1, 0)); // constant
        Label row = new Label();
        a.place(row);
        loop.over(INDEX, RCX, R13, functions.width(), (vectors, rest) -> {
            before(vectors, rest);
            for (int v = 0; v < vectors; v++) {
                Vec g = functions.register(v, 0);
                Vec free = functions.register(v, 3);
                loop.load(functions.register(v, 2), number(RBP, v), rest);
                a.op(VFMADD132PS, g, functions.register(v, 2), loop.operand(number(SCALE, v), free, rest));
                Vec x = difference(v, 1, rest);
                a.op(VFMADD231PS, g, x, loop.operand(number(RBX, v), free, rest));
                loop.store(number(R9, v), g, rest);
            }
        });
        a.op(ADD, R9, RCX);
        leave(row);
    }
}
