package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.ADD;
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
import dev.cathode.kernels.cpu.Elementwise;
import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Mem;
import dev.cathode.kernels.cpu.x86.Operand.Vec;

/// Writes the loops over pairs of numbers.
final class ElementwiseCode {
    private static final int TOGETHER = 4;

    private final Assembler a;
    private final int bits;
    private final int vectorBytes;
    private final NumberLoop loop;

    private ElementwiseCode(Assembler a, int bits) {
        this.a = a;
        this.bits = bits;
        vectorBytes = bits / 8;
        loop = new NumberLoop(a, bits);
    }

    /// `void gate(x, gate, y, yStride, rows, bytes)`: `y = x · gelu(gate)`.
    static void gate(Assembler a, int bits) {
        new ElementwiseCode(a, bits).gate();
    }

    /// `void combine(a, b, y, bytes)`: `y = a ∘ b`.
    static void combine(Assembler a, int bits, Elementwise.Binary operation) {
        new ElementwiseCode(a, bits).combine(switch (operation) {
            case ADD -> VectorOp.VADDPS;
            case SUBTRACT -> VectorOp.VSUBPS;
            case MULTIPLY -> VMULPS;
            case DIVIDE -> VectorOp.VDIVPS;
        });
    }

    private Mem number(Gpr base, int vector) {
        return at(base, R10, 1, vector * vectorBytes);
    }

    private void gate() {
        Constants constants = new Constants(a, bits, RAX);
        ActivationCode code = new ActivationCode(a, bits, constants);
        constants.point();
        code.load();
        Label row = new Label();
        a.place(row);
        loop.over(R10, R9, R11, code.width(), (vectors, rest) -> {
            for (int v = 0; v < vectors; v++) {
                loop.load(code.register(v, 0), number(RSI, v), rest);
            }
            code.apply(Activation.GELU, vectors);
            for (int v = 0; v < vectors; v++) {
                Vec x = code.register(v, 0);
                a.op(VMULPS, x, x, loop.operand(number(RDI, v), code.register(v, 1), rest));
                loop.store(number(RDX, v), x, rest);
            }
        });
        a.op(ADD, RDI, R9);
        a.op(ADD, RSI, R9);
        a.op(ADD, RDX, RCX);
        a.dec(R8);
        a.jump(Condition.NE, row);
        a.vzeroupper();
        a.ret();
        constants.table();
        loop.table();
    }

    private void combine(VectorOp op) {
        loop.over(R10, RCX, R11, TOGETHER, (vectors, rest) -> {
            for (int v = 0; v < vectors; v++) {
                Vec x = new Vec(v, bits);
                loop.load(x, number(RDI, v), rest);
                a.op(op, x, x, loop.operand(number(RSI, v), new Vec(TOGETHER + v, bits), rest));
            }
            for (int v = 0; v < vectors; v++) {
                loop.store(number(RDX, v), new Vec(v, bits), rest);
            }
        });
        a.vzeroupper();
        a.ret();
        loop.table();
    }
}
