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
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSP;
import static dev.cathode.kernels.cpu.x86.Operand.Mem.at;
import static dev.cathode.kernels.cpu.x86.VectorOp.VADDPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD132PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD231PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVUPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSUBPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VXORPS;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Vec;
import java.util.function.IntConsumer;

/// Writes loops over rows of whole vectors: activations, group normalisation, and what ends a product.
final class StreamCode {
    /// Vectors of channels whose moments are summed side by side.
    static final int CHANNELS = 4;

    private final Assembler a;
    private final int bits;
    private final int vectorBytes;

    private StreamCode(Assembler a, int bits) {
        this.a = a;
        this.bits = bits;
        vectorBytes = bits / 8;
    }

    /// `void activate(x, bytes)`: in place.
    static void activate(Assembler a, int bits, Activation activation) {
        new StreamCode(a, bits).activate(activation);
    }

    /// `void scale(x, xStride, scale, shift, y, yStride, rows, bytes)`: `y = activation(x · scale + shift)`.
    static void scale(Assembler a, int bits, Activation activation) {
        new StreamCode(a, bits).scale(activation);
    }

    /// `void moments(x, stride, pixels, sums, squares, strips)`, strips of so many vectors.
    static void moments(Assembler a, int bits, int vectors) {
        new StreamCode(a, bits).moments(vectors);
    }

    /// `void add(x, xStride, bias, residual, residualStride, y, yStride, rows, bytes)`: `y = x + bias + residual`.
    static void add(Assembler a, int bits, boolean bias, boolean residual) {
        new StreamCode(a, bits).add(bias, residual);
    }

    /// `void addresses(table, first, step, count)`.
    static void addresses(Assembler a) {
        Label next = new Label();
        a.align(32);
        a.place(next);
        a.mov(at(RDI), RSI);
        a.op(ADD, RSI, RDX);
        a.op(ADD, RDI, Long.BYTES);
        a.dec(RCX);
        a.jump(Condition.NE, next);
        a.ret();
    }

    private void vectors(Gpr index, Gpr count, int width, IntConsumer body) {
        VectorLoop.write(a, vectorBytes, index, count, width, body);
    }

    private void activate(Activation activation) {
        Constants constants = new Constants(a, bits, RAX);
        ActivationCode code = new ActivationCode(a, bits, constants);
        constants.point();
        code.load();
        vectors(RCX, RSI, code.width(), width -> {
            for (int v = 0; v < width; v++) {
                a.op(VMOVUPS, code.register(v, 0), at(RDI, RCX, 1, v * vectorBytes));
            }
            code.apply(activation, width);
            for (int v = 0; v < width; v++) {
                a.op(VMOVUPS, at(RDI, RCX, 1, v * vectorBytes), code.register(v, 0));
            }
        });
        leave(constants);
    }

    private void leave(Constants constants) {
        a.vzeroupper();
        a.ret();
        constants.table();
    }

    private void scale(Activation activation) {
        Constants constants = new Constants(a, bits, RAX);
        ActivationCode code = new ActivationCode(a, bits, constants);
        constants.point();
        code.load();
        a.mov(R11, at(RSP, 16)); // bytes
        Label row = new Label();
        a.place(row);
        vectors(R10, R11, code.width(), width -> {
            for (int v = 0; v < width; v++) {
                Vec x = code.register(v, 0);
                Vec shift = code.register(v, 1);
                a.op(VMOVUPS, x, at(RDX, R10, 1, v * vectorBytes));
                a.op(VMOVUPS, shift, at(RCX, R10, 1, v * vectorBytes));
                a.op(VFMADD132PS, x, shift, at(RDI, R10, 1, v * vectorBytes));
            }
            code.apply(activation, width);
            for (int v = 0; v < width; v++) {
                a.op(VMOVUPS, at(R8, R10, 1, v * vectorBytes), code.register(v, 0));
            }
        });
        a.op(ADD, RDI, RSI);
        a.op(ADD, R8, R9);
        a.mov(R10, at(RSP, 8)); // rows
        a.dec(R10);
        a.mov(at(RSP, 8), R10);
        a.jump(Condition.NE, row);
        leave(constants);
    }

    /// Differences from the first pixel, their sums and the sums of their squares.
    private void moments(int vectors) {
        Label strip = new Label();
        Label pixel = new Label();
        Label end = new Label();
        a.place(strip);
        for (int v = 0; v < vectors; v++) {
            a.op(VMOVUPS, vec(v), at(RDI, v * vectorBytes));
            a.op(VXORPS, vec(vectors + v), vec(vectors + v), vec(vectors + v));
            a.op(VXORPS, vec(2 * vectors + v), vec(2 * vectors + v), vec(2 * vectors + v));
        }
        a.mov(R10, RDI);
        a.mov(R11, RDX);
        a.align(32);
        a.place(pixel);
        a.dec(R11);
        a.jump(Condition.E, end);
        a.op(ADD, R10, RSI);
        for (int v = 0; v < vectors; v++) {
            a.op(VMOVUPS, vec(3 * vectors + v), at(R10, v * vectorBytes));
            a.op(VSUBPS, vec(3 * vectors + v), vec(3 * vectors + v), vec(v));
            a.op(VADDPS, vec(vectors + v), vec(3 * vectors + v), vec(vectors + v));
            a.op(VFMADD231PS, vec(2 * vectors + v), vec(3 * vectors + v), vec(3 * vectors + v));
        }
        a.jump(pixel);
        a.place(end);
        for (int v = 0; v < vectors; v++) {
            a.op(VMOVUPS, at(RCX, v * vectorBytes), vec(vectors + v));
            a.op(VMOVUPS, at(R8, v * vectorBytes), vec(2 * vectors + v));
        }
        for (Gpr pointer : new Gpr[] {RDI, RCX, R8}) {
            a.op(ADD, pointer, vectors * vectorBytes);
        }
        a.dec(R9);
        a.jump(Condition.NE, strip);
        a.vzeroupper();
        a.ret();
    }

    private void add(boolean bias, boolean residual) {
        Label row = new Label();
        a.place(row);
        a.mov(R11, at(RSP, 24)); // bytes
        vectors(R10, R11, 4, width -> {
            for (int v = 0; v < width; v++) {
                a.op(VMOVUPS, vec(v), at(RDI, R10, 1, v * vectorBytes));
            }
            for (int v = 0; bias && v < width; v++) {
                a.op(VADDPS, vec(v), vec(v), at(RDX, R10, 1, v * vectorBytes));
            }
            for (int v = 0; residual && v < width; v++) {
                a.op(VADDPS, vec(v), vec(v), at(RCX, R10, 1, v * vectorBytes));
            }
            for (int v = 0; v < width; v++) {
                a.op(VMOVUPS, at(R9, R10, 1, v * vectorBytes), vec(v));
            }
        });
        a.op(ADD, RDI, RSI);
        a.op(ADD, RCX, R8);
        a.op(ADD, R9, at(RSP, 8)); // stride of y
        a.mov(R10, at(RSP, 16)); // rows
        a.dec(R10);
        a.mov(at(RSP, 16), R10);
        a.jump(Condition.NE, row);
        a.vzeroupper();
        a.ret();
    }

    private Vec vec(int number) {
        return new Vec(number, bits);
    }
}
