package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.ADD;
import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.CMP;
import static dev.cathode.kernels.cpu.x86.Assembler.Arithmetic.SUB;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R10;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R11;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R12;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R13;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R14;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R15;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R8;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.R9;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RAX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RBP;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RBX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RCX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDI;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RDX;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSI;
import static dev.cathode.kernels.cpu.x86.Operand.Gpr.RSP;
import static dev.cathode.kernels.cpu.x86.Operand.Mem.at;
import static dev.cathode.kernels.cpu.x86.VectorOp.VADDPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD213PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVAPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVUPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMULPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSUBPS;

import dev.cathode.kernels.cpu.x86.Assembler.Condition;
import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Mem;
import dev.cathode.kernels.cpu.x86.Operand.Vec;

/// Writes the one-dimensional transforms of Winograd's minimal filtering, the same operations in the same order as in
/// `dev.cathode.kernels.cpu.vector.WinogradTransforms`, with the same points.
///
/// ```
/// void input(table, step, nextStep, offset, to, toStep, nextTo, bytes)
/// void lines(from, fromStep, nextFrom, to, toStep, nextTo, lines, bytes)    outputs and weights
/// ```
///
/// Both go over the lines of a patch, and along each over a run of channels. A last vector that would pass the run's
/// end starts earlier. Constants stay in registers.
final class WinogradCode {
    private static final float A = 0.625f;
    private static final float B = 1.5f;
    private static final float A2 = A * A;
    private static final float B2 = B * B;

    /// Where the rows of the input lie.
    private static final Gpr[] ROWS = {RBX, RBP, R12, R13, R14, R15};
    private static final int FIRST_CONSTANT = 9;

    private final Assembler a;
    private final int bits;
    private final int vectorBytes;
    private final int size;

    private WinogradCode(Assembler a, int bits, int size) {
        this.a = a;
        this.bits = bits;
        this.size = size;
        vectorBytes = bits / 8;
    }

    /// Appends the transform of inputs.
    ///
    /// @param size 6 for F(4×4), 4 for F(2×2)
    static void input(Assembler a, int bits, int size) {
        new WinogradCode(a, bits, size).input();
    }

    /// Appends the transform of outputs.
    static void output(Assembler a, int bits, int size) {
        new WinogradCode(a, bits, size).lines(false);
    }

    /// Appends the transform of weights.
    static void weights(Assembler a, int bits, int size) {
        new WinogradCode(a, bits, size).lines(true);
    }

    private Vec vec(int number) {
        return new Vec(number, bits);
    }

    private Vec constant(int number) {
        return vec(FIRST_CONSTANT + number);
    }

    private Constants load(float... numbers) {
        Constants constants = new Constants(a, bits, RAX);
        constants.point();
        for (int i = 0; i < numbers.length; i++) {
            constants.load(constant(i), numbers[i]);
        }
        return constants;
    }

    /// Goes along a run: sets `offset` to RAX, or to the last vector's place if that is earlier.
    private void run(Mem bytes, Gpr offset, Gpr scratch, Runnable body) {
        Label next = new Label();
        Label inside = new Label();
        a.clear(RAX);
        a.align(32);
        a.place(next);
        a.mov(offset, RAX);
        a.mov(scratch, bytes);
        a.op(SUB, scratch, vectorBytes);
        a.op(CMP, offset, scratch);
        a.jump(Condition.LE, inside);
        a.mov(offset, scratch);
        a.place(inside);
        body.run();
        a.op(ADD, RAX, vectorBytes);
        a.op(CMP, RAX, bytes);
        a.jump(Condition.L, next);
    }

    private void input() {
        Constants constants = size == 6 ? load(A2 * B2, -(A2 + B2), -B2, A, -A2, B) : load();
        for (Gpr row : ROWS) {
            a.push(row);
        }
        a.push(RCX); // offset
        a.push(RDX); // to the next line of the table
        int arguments = 8 * (ROWS.length + 2) + 8;
        Mem bytes = at(RSP, arguments + 8);
        a.mov(R11, size);
        Label line = new Label();
        a.place(line);
        a.mov(R10, RDI);
        for (int i = 0; i < size; i++) {
            a.mov(ROWS[i], at(R10));
            a.op(ADD, ROWS[i], at(RSP, 8));
            a.op(ADD, R10, RSI);
        }
        run(bytes, RCX, R10, () -> {
            a.lea(RDX, at(R8, RCX, 1, 0));
            if (size == 6) {
                input6();
            } else {
                input4();
            }
        });
        a.op(ADD, RDI, at(RSP));
        a.op(ADD, R8, at(RSP, arguments));
        a.dec(R11);
        a.jump(Condition.NE, line);
        a.vzeroupper();
        a.op(ADD, RSP, 16);
        for (int i = ROWS.length - 1; i >= 0; i--) {
            a.pop(ROWS[i]);
        }
        a.ret();
        constants.table();
    }

    private Mem row(int number) {
        return at(ROWS[number], RCX, 1, 0);
    }

    private void storeInput(Vec x) {
        a.op(VMOVUPS, at(RDX), x);
        a.op(ADD, RDX, R9);
    }

    private void input6() {
        for (int i = 1; i <= 4; i++) {
            a.op(VMOVUPS, vec(i - 1), row(i));
        }
        Vec t = vec(4);
        Vec u = vec(5);
        Vec w = vec(6);
        multiplyAdd(t, vec(1), constant(1), vec(3));
        a.op(VMOVUPS, u, row(0));
        a.op(VFMADD213PS, u, constant(0), t);
        storeInput(u);
        for (int pair = 0; pair < 2; pair++) {
            multiplyAdd(t, vec(1), constant(2 + 2 * pair), vec(3));
            multiplyAdd(u, vec(0), constant(2 + 2 * pair), vec(2));
            a.op(VMULPS, u, u, constant(3 + 2 * pair));
            a.op(VADDPS, w, t, u);
            storeInput(w);
            a.op(VSUBPS, w, t, u);
            storeInput(w);
        }
        multiplyAdd(t, vec(2), constant(1), row(5));
        multiplyAdd(u, vec(0), constant(0), t);
        storeInput(u);
    }

    /// `to = x · by + plus`.
    private void multiplyAdd(Vec to, Vec x, Vec by, Operand plus) {
        a.op(VMOVAPS, to, x);
        a.op(VFMADD213PS, to, by, plus);
    }

    private void input4() {
        Vec t = vec(2);
        a.op(VMOVUPS, vec(0), row(1));
        a.op(VMOVUPS, vec(1), row(2));
        a.op(VMOVUPS, t, row(0));
        a.op(VSUBPS, t, t, vec(1));
        storeInput(t);
        a.op(VADDPS, t, vec(1), vec(0));
        storeInput(t);
        a.op(VSUBPS, t, vec(1), vec(0));
        storeInput(t);
        a.op(VMOVUPS, t, row(3));
        a.op(VSUBPS, t, t, vec(0));
        storeInput(t);
    }

    private void lines(boolean weights) {
        Constants constants;
        if (weights) {
            constants = size == 6 ? load(1 / (A2 * B2), A2, A, 1 / (2 * A2 * (A2 - B2)), B2, B,
                    1 / (2 * B2 * (B2 - A2))) : load(0.5f);
        } else {
            constants = size == 6 ? load(A, B, A2, B2, A * A2, B * B2) : load();
        }
        Mem left = at(RSP, 8);
        Label line = new Label();
        a.place(line);
        run(at(RSP, 16), R10, R11, () -> {
            a.lea(R11, at(RCX, R10, 1, 0));
            a.lea(R10, at(RDI, R10, 1, 0));
            int taken = weights ? 3 : size;
            for (int i = 0; i < taken; i++) {
                a.op(VMOVUPS, vec(i), at(R10));
                a.op(ADD, R10, RSI);
            }
            if (weights && size == 6) {
                weights6();
            } else if (weights) {
                weights4();
            } else if (size == 6) {
                output6();
            } else {
                output4();
            }
        });
        a.op(ADD, RDI, RDX);
        a.op(ADD, RCX, R9);
        a.mov(R10, left);
        a.dec(R10);
        a.mov(left, R10);
        a.jump(Condition.NE, line);
        a.vzeroupper();
        a.ret();
        constants.table();
    }

    private void store(Vec x) {
        a.op(VMOVUPS, at(R11), x);
        a.op(ADD, R11, R8);
    }

    private void output6() {
        Vec sumA = vec(6);
        Vec sumB = vec(7);
        Vec differenceA = vec(1);
        Vec differenceB = vec(3);
        Vec t = vec(8);
        Vec u = vec(2);
        a.op(VADDPS, sumA, vec(1), vec(2));
        a.op(VADDPS, sumB, vec(3), vec(4));
        a.op(VSUBPS, differenceA, vec(1), vec(2));
        a.op(VSUBPS, differenceB, vec(3), vec(4));
        a.op(VADDPS, t, vec(0), sumA);
        a.op(VADDPS, t, t, sumB);
        store(t);
        a.op(VMULPS, t, differenceB, constant(1));
        multiplyAdd(u, differenceA, constant(0), t);
        store(u);
        a.op(VMULPS, t, sumB, constant(3));
        multiplyAdd(u, sumA, constant(2), t);
        store(u);
        a.op(VMULPS, t, differenceB, constant(5));
        multiplyAdd(u, differenceA, constant(4), t);
        a.op(VADDPS, u, u, vec(5));
        store(u);
    }

    private void output4() {
        Vec t = vec(4);
        a.op(VADDPS, t, vec(0), vec(1));
        a.op(VADDPS, t, t, vec(2));
        store(t);
        a.op(VSUBPS, t, vec(1), vec(2));
        a.op(VADDPS, t, t, vec(3));
        store(t);
    }

    private void weights6() {
        Vec even = vec(3);
        Vec odd = vec(4);
        Vec t = vec(5);
        a.op(VMULPS, t, vec(0), constant(0));
        store(t);
        for (int pair = 0; pair < 2; pair++) {
            a.op(VMULPS, even, vec(2), constant(1 + 3 * pair));
            a.op(VADDPS, even, even, vec(0));
            a.op(VMULPS, odd, vec(1), constant(2 + 3 * pair));
            a.op(VADDPS, t, even, odd);
            a.op(VMULPS, t, t, constant(3 + 3 * pair));
            store(t);
            a.op(VSUBPS, t, even, odd);
            a.op(VMULPS, t, t, constant(3 + 3 * pair));
            store(t);
        }
        store(vec(2));
    }

    private void weights4() {
        Vec even = vec(3);
        Vec t = vec(4);
        a.op(VADDPS, even, vec(0), vec(2));
        store(vec(0));
        a.op(VADDPS, t, even, vec(1));
        a.op(VMULPS, t, t, constant(0));
        store(t);
        a.op(VSUBPS, t, even, vec(1));
        a.op(VMULPS, t, t, constant(0));
        store(t);
        store(vec(2));
    }
}
