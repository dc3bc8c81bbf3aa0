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
import static dev.cathode.kernels.cpu.x86.VectorOp.VADDPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VANDNPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VANDPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VBROADCASTSS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VCMPPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD213PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD231PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMAXPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVAPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMULPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VORPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSUBPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VXORPS;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Operand.Mask;
import dev.cathode.kernels.cpu.x86.Operand.Vec;

/// Writes the loops of softmax and of its gradient, over rows that lie one behind the other.
///
/// ```
/// void exponentials(x, rows, bytes, y, sums)       and the largest x
/// void scale(x, rows, bytes, factors)              x = x · factor
/// void subtract(x, rows, bytes, shifts, y)         y = x - shift - shift
/// void sums(y, rows, bytes, dy, sums)              of y · (dy - shift), and the shift
/// void gradient(y, rows, bytes, dy, factors, dx)   dx = y · (dy - factor - factor)
/// void logGradient(y, rows, bytes, dy, factors, dx)   dx = dy + exp(y) · factor
/// ```
final class SoftmaxCode {
    private static final int LESS = 1;

    private final Assembler a;
    private final int bits;
    private final int vectorBytes;
    private final NumberLoop loop;
    private final Constants constants;
    private final ActivationCode functions;
    private final LaneCode lanes;

    private SoftmaxCode(Assembler a, int bits) {
        this.a = a;
        this.bits = bits;
        vectorBytes = bits / 8;
        loop = new NumberLoop(a, bits);
        constants = new Constants(a, bits, RAX);
        functions = new ActivationCode(a, bits, constants);
        lanes = new LaneCode(a, bits);
    }

    /// Appends `exponentials`, which stores them or not.
    static void exponentials(Assembler a, int bits, boolean stores) {
        new SoftmaxCode(a, bits).exponentials(stores);
    }

    /// Appends `scale`.
    static void scale(Assembler a, int bits) {
        new SoftmaxCode(a, bits).scale();
    }

    /// Appends `subtract`.
    static void subtract(Assembler a, int bits) {
        new SoftmaxCode(a, bits).subtract();
    }

    /// Appends `sums`.
    static void sums(Assembler a, int bits) {
        new SoftmaxCode(a, bits).sums();
    }

    /// Appends `gradient`.
    static void gradient(Assembler a, int bits) {
        new SoftmaxCode(a, bits).gradient();
    }

    /// Appends `logGradient`.
    static void logGradient(Assembler a, int bits) {
        new SoftmaxCode(a, bits).logGradient();
    }

    private Vec vec(int number) {
        return new Vec(number, bits);
    }

    private void exponentials(boolean stores) {
        // behind the registers of the activations
        Vec max = vec(bits == 512 ? 29 : 11);
        Vec sum = vec(bits == 512 ? 30 : 12);
        constants.point();
        functions.load();
        Label row = new Label();
        a.place(row);
        constants.load(max, Float.NEGATIVE_INFINITY);
        loop.over(R9, RDX, R10, 4, (vectors, rest) -> {
            for (int v = 0; v < vectors; v++) {
                Vec x = functions.register(0, 0);
                Vec lowest = functions.register(0, 1);
                if (rest) {
                    constants.load(lowest, Float.NEGATIVE_INFINITY);
                }
                loop.load(x, at(RDI, R9, 1, v * vectorBytes), lowest, rest);
                a.op(VMAXPS, max, x, max);
            }
        });
        for (int half = bits / 2; half >= Float.SIZE; half /= 2) {
            Vec upper = lanes.upper(max, functions.register(0, 0), half);
            Vec lower = new Vec(max.number(), upper.bits());
            a.op(VMAXPS, lower, upper, lower);
        }
        a.op(VBROADCASTSS, max, Vec.xmm(max.number()));
        a.op(VXORPS, sum, sum, sum);
        loop.over(R9, RDX, R10, functions.width(), (vectors, rest) -> {
            for (int v = 0; v < vectors; v++) {
                Vec x = functions.register(v, 0);
                Vec e = functions.register(v, 2);
                loop.load(x, at(RDI, R9, 1, v * vectorBytes), rest);
                a.op(VSUBPS, x, x, max);
                functions.expOfNegative(x, functions.register(v, 3), e);
                if (stores) {
                    loop.store(at(RCX, R9, 1, v * vectorBytes), e, rest);
                }
                loop.clear(e, rest);
                a.op(VADDPS, sum, e, sum);
            }
        });
        lanes.storeTotal(at(R8), sum, functions.register(0, 0));
        lanes.storeFirst(at(R8, Double.BYTES), max);
        a.op(ADD, R8, 2 * Double.BYTES);
        a.op(ADD, RDI, RDX);
        a.op(ADD, RCX, RDX);
        end(row);
    }

    private void end(Label row) {
        a.dec(RSI);
        a.jump(Condition.NE, row);
        a.vzeroupper();
        a.ret();
        constants.table();
        loop.table();
    }

    private void scale() {
        Label row = new Label();
        a.place(row);
        a.op(VBROADCASTSS, vec(0), at(RCX));
        loop.over(R9, RDX, R10, 4, (vectors, rest) -> {
            for (int v = 0; v < vectors; v++) {
                loop.load(vec(1), at(RDI, R9, 1, v * vectorBytes), rest);
                a.op(VMULPS, vec(1), vec(1), vec(0));
                loop.store(at(RDI, R9, 1, v * vectorBytes), vec(1), rest);
            }
        });
        a.op(ADD, RDI, RDX);
        a.op(ADD, RCX, Float.BYTES);
        end(row);
    }

    private void subtract() {
        Label row = new Label();
        a.place(row);
        a.op(VBROADCASTSS, vec(0), at(RCX));
        a.op(VBROADCASTSS, vec(1), at(RCX, Float.BYTES));
        loop.over(R9, RDX, R10, 4, (vectors, rest) -> {
            for (int v = 0; v < vectors; v++) {
                loop.load(vec(2), at(RDI, R9, 1, v * vectorBytes), rest);
                a.op(VSUBPS, vec(2), vec(2), vec(0));
                a.op(VSUBPS, vec(2), vec(2), vec(1));
                loop.store(at(R8, R9, 1, v * vectorBytes), vec(2), rest);
            }
        });
        a.op(ADD, RDI, RDX);
        a.op(ADD, R8, RDX);
        a.op(ADD, RCX, 2 * Float.BYTES);
        end(row);
    }

    private void sums() {
        Label row = new Label();
        Vec best = vec(0);
        Vec shift = vec(1); // the dy of the best, lane by lane, then of all
        a.place(row);
        a.op(VXORPS, best, best, best);
        a.op(VXORPS, shift, shift, shift);
        loop.over(R9, RDX, R10, 1, (_, rest) -> {
            loop.load(vec(2), at(RDI, R9, 1, 0), rest);
            loop.load(vec(3), at(RCX, R9, 1, 0), rest);
            take(best, shift, vec(2), vec(3));
        });
        for (int half = bits / 2; half >= Float.SIZE; half /= 2) {
            Vec upper = lanes.upper(best, vec(2), half);
            take(new Vec(0, upper.bits()), new Vec(1, upper.bits()), upper, lanes.upper(shift, vec(3), half));
        }
        a.op(VBROADCASTSS, shift, Vec.xmm(1));
        a.op(VXORPS, vec(5), vec(5), vec(5));
        a.op(VXORPS, vec(6), vec(6), vec(6));
        loop.over(R9, RDX, R10, 2, (vectors, rest) -> {
            for (int v = 0; v < vectors; v++) {
                loop.load(vec(2), at(RCX, R9, 1, v * vectorBytes), rest);
                a.op(VSUBPS, vec(2), vec(2), shift);
                a.op(VFMADD231PS, vec(5 + v), vec(2), loop.operand(at(RDI, R9, 1, v * vectorBytes), vec(3), rest));
            }
        });
        a.op(VADDPS, vec(5), vec(5), vec(6));
        lanes.storeTotal(at(R8), vec(5), vec(6));
        lanes.storeFirst(at(R8, Double.BYTES), shift);
        a.op(ADD, R8, 2 * Double.BYTES);
        a.op(ADD, RDI, RDX);
        a.op(ADD, RCX, RDX);
        end(row);
    }

    /// `best = y, gradient = dy` where y is larger than the best.
    private void take(Vec best, Vec gradient, Vec y, Vec dy) {
        if (bits == 512) {
            a.imm(VCMPPS, LESS, Mask.ALL, Mask.k(1), best, y);
            a.op(VMOVAPS, Mask.k(1), best, y);
            a.op(VMOVAPS, Mask.k(1), gradient, dy);
        } else {
            Vec larger = new Vec(4, best.bits());
            a.imm(VCMPPS, LESS, larger, best, y);
            a.op(VMAXPS, best, y, best);
            a.op(VANDPS, dy, dy, larger);
            a.op(VANDNPS, larger, larger, gradient);
            a.op(VORPS, gradient, dy, larger);
        }
    }

    private void gradient() {
        Label row = new Label();
        a.place(row);
        a.op(VBROADCASTSS, vec(0), at(R8));
        a.op(VBROADCASTSS, vec(1), at(R8, Float.BYTES));
        loop.over(R10, RDX, R11, 4, (vectors, rest) -> {
            for (int v = 0; v < vectors; v++) {
                loop.load(vec(2), at(RCX, R10, 1, v * vectorBytes), rest);
                a.op(VSUBPS, vec(2), vec(2), vec(0));
                a.op(VSUBPS, vec(2), vec(2), vec(1));
                a.op(VMULPS, vec(2), vec(2), loop.operand(at(RDI, R10, 1, v * vectorBytes), vec(3), rest));
                loop.store(at(R9, R10, 1, v * vectorBytes), vec(2), rest);
            }
        });
        endOfGradient(row, 2);
    }

    private void endOfGradient(Label row, int factors) {
        a.op(ADD, RDI, RDX);
        a.op(ADD, RCX, RDX);
        a.op(ADD, R9, RDX);
        a.op(ADD, R8, factors * Float.BYTES);
        end(row);
    }

    private void logGradient() {
        Vec factor = vec(bits == 512 ? 29 : 11);
        constants.point();
        functions.load();
        Label row = new Label();
        a.place(row);
        a.op(VBROADCASTSS, factor, at(R8));
        loop.over(R10, RDX, R11, functions.width(), (vectors, rest) -> {
            for (int v = 0; v < vectors; v++) {
                loop.load(functions.register(v, 0), at(RDI, R10, 1, v * vectorBytes), rest);
            }
            functions.apply(Activation.EXP, vectors);
            for (int v = 0; v < vectors; v++) {
                loop.load(functions.register(v, 1), at(RCX, R10, 1, v * vectorBytes), rest);
                a.op(VFMADD213PS, functions.register(v, 0), factor, functions.register(v, 1));
                loop.store(at(R9, R10, 1, v * vectorBytes), functions.register(v, 0), rest);
            }
        });
        endOfGradient(row, 1);
    }
}
