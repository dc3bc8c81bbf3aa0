package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.Operand.Mem.at;
import static dev.cathode.kernels.cpu.x86.VectorOp.VBROADCASTSS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VCVTPS2DQ;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD213PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFNMADD231PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMAXPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMINPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVAPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVUPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMULPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPADDD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPSLLD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPSRAD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPSUBD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VREDUCEPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VRNDSCALEPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VROUNDPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSCALEFPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSUBPS;

import dev.cathode.kernels.cpu.x86.Assembler.Label;
import dev.cathode.kernels.cpu.x86.Operand.Gpr;
import dev.cathode.kernels.cpu.x86.Operand.Vec;
import java.util.Arrays;

/// Writes the exponential of vectors of floats into the middle of a function.
///
/// The argument is an integer n and a rest, so the result is 2ⁿ times a polynomial of the rest. AVX-512 takes n away
/// (`vreduceps`, for powers of two) and puts it back (`vscalefps`) in an instruction each, whatever the argument. AVX2
/// multiplies by two powers of two, since n goes from -150 to 128 but one exponent does not.
///
/// Within 1.5 ulp (relative error 1.8e-7) of float64 over the whole range, unless asked for less; results below 2⁻¹²⁶
/// are denormal, not flushed; minus infinity gives 0, NaN stays NaN. A function does, in this order: [#load],
/// [#exponentials] as often as it likes, and [#table] behind its return.
final class ExponentialCode {
    /// Of what a power is taken.
    enum Base {
        /// eˣ.
        E,
        /// 2ˣ: fewer instructions, where a factor log₂ e can go elsewhere.
        TWO,
        /// 2ˣ within 3e-6, for results that are rounded to 16 bits: two instructions less.
        TWO_ROUGHLY
    }

    /// Constants, in the order in which it pays to keep them in registers.
    private enum Constant {
        /// The argument's bounds: below the result is 0, above it is infinite.
        LOW, HIGH,
        /// Coefficients of the polynomial.
        C6, C5, C4, C3, C2, C1, C0,
        /// For eˣ: log₂ e, and ln 2 in two parts: n · LN2_HIGH is exact for |n| < 2⁹.
        LOG2_E, LN2_HIGH, LN2_LOW,
        /// The exponent's bias, an integer.
        BIAS
    }

    private static final int NEAREST = 0x8; // and no flag for an inexact result
    private static final int DOWN = 0x9;

    private final Assembler a;
    private final Base base;
    private final int bits;
    private final Gpr table;
    private final Vec[] spare;
    private final Label constants = new Label();

    /// @param bits of the vectors: 512 (AVX-512) or 256 (AVX2)
    /// @param table register that points to the constants between [#load] and the last use
    /// @param spare registers for constants: the more there are, the fewer are read from memory, up to 13
    ExponentialCode(Assembler a, Base base, int bits, Gpr table, Vec... spare) {
        this.a = a;
        this.base = base;
        this.bits = bits;
        this.table = table;
        this.spare = spare.clone();
    }

    /// Minimax polynomials in the relative error of the power: eʳ for |r| ≤ ln 2 / 2 within 3.1e-9, with C1 = C0 = 1;
    /// 2ʳ for r from 0 to 1 within 2.1e-9 or, roughly, 2.9e-6, with C0 = 1.
    private float value(Constant constant) {
        boolean e = base == Base.E;
        boolean roughly = base == Base.TWO_ROUGHLY;
        return switch (constant) {
            case LOW -> e ? -104 : -151;
            case HIGH -> e ? 89 : 129;
            case C6 -> e ? 1.3814610228342166e-3f : 2.1612917540174523e-4f;
            case C5 -> e ? 8.368709797344564e-3f : 1.2467845633293486e-3f;
            case C4 -> e ? 4.166838741132956e-2f : roughly ? 1.3426685619168545e-2f : 9.675451662771482e-3f;
            case C3 -> e ? 0.16666520690233438f : roughly ? 5.224247168190779e-2f : 5.548528056690644e-2f;
            case C2 -> e ? 0.49999993451553576f : roughly ? 0.24128020617634843f : 0.24022930556453906f;
            case C1 -> e ? 1 : roughly ? 0.6930448446910146f : 0.6931470444423553f;
            case C0 -> 1;
            case LOG2_E -> 1.44269504f;
            case LN2_HIGH -> 0x1.62e4p-1f;
            case LN2_LOW -> 1.42860677e-6f;
            case BIAS -> Float.intBitsToFloat(127);
        };
    }

    /// Whether this way of computing uses a constant.
    private boolean used(Constant constant) {
        return switch (constant) {
            case LOW, HIGH -> base == Base.E || bits == 256;
            case C6, C5 -> base != Base.TWO_ROUGHLY;
            case C4, C3, C2, C1, C0 -> true;
            case LOG2_E, LN2_HIGH, LN2_LOW -> base == Base.E;
            case BIAS -> bits == 256;
        };
    }

    private Constant[] inOrder() {
        return Arrays.stream(Constant.values()).filter(this::used).toArray(Constant[]::new);
    }

    /// Points the table's register to the constants and loads those that have a register.
    void load() {
        a.lea(table, constants);
        Constant[] order = inOrder();
        for (int i = 0; i < Math.min(spare.length, order.length); i++) {
            a.op(VBROADCASTSS, spare[i], at(table, i * stride()));
        }
    }

    /// Appends the constants, after the function's last instruction.
    void table() {
        a.align(32);
        a.place(constants);
        for (Constant constant : inOrder()) {
            float[] copies = new float[stride() / Float.BYTES];
            Arrays.fill(copies, value(constant));
            a.data(copies);
        }
    }

    /// Bytes of a constant: AVX2 reads a whole vector, AVX-512 one number for all lanes.
    private int stride() {
        return bits == 512 ? Float.BYTES : bits / 8;
    }

    /// A constant as an instruction's last operand.
    private Operand operand(Constant constant) {
        int place = Arrays.asList(inOrder()).indexOf(constant);
        if (place < spare.length) {
            return spare[place];
        }
        return bits == 512 ? at(table, place * stride()).toAllLanes() : at(table, place * stride());
    }

    /// A constant in a register: its own, or this one.
    private Vec register(Constant constant, Vec other) {
        if (operand(constant) instanceof Vec own) {
            return own;
        }
        load(constant, other);
        return other;
    }

    private void load(Constant constant, Vec to) {
        if (operand(constant) instanceof Vec own) {
            a.op(VMOVAPS, to, own);
        } else if (bits == 512) {
            a.op(VBROADCASTSS, to, at(table, Arrays.asList(inOrder()).indexOf(constant) * stride()));
        } else {
            a.op(VMOVUPS, to, operand(constant));
        }
    }

    /// Replaces each x by its exponential, side by side, so that none waits for another. Needs two more registers each.
    void exponentials(Vec[] x, Vec[] n, Vec[] p) {
        if (used(Constant.LOW)) {
            for (int i = 0; i < x.length; i++) { // of two operands one of which is NaN these take the last
                a.op(VMAXPS, x[i], register(Constant.LOW, p[i]), x[i]);
            }
            for (int i = 0; i < x.length; i++) {
                a.op(VMINPS, x[i], register(Constant.HIGH, p[i]), x[i]);
            }
        }
        split(x, n);
        Constant first = base == Base.TWO_ROUGHLY ? Constant.C4 : Constant.C6;
        for (Vec each : p) {
            load(first, each);
        }
        for (int c = first.ordinal() + 1; c <= Constant.C0.ordinal(); c++) {
            for (int i = 0; i < x.length; i++) {
                a.op(VFMADD213PS, p[i], x[i], operand(Constant.values()[c]));
            }
        }
        scale(x, n, p);
    }

    /// Takes the integer part of x in units of the result's exponent into n, and leaves the rest in x; only AVX-512
    /// with powers of two leaves x in n.
    private void split(Vec[] x, Vec[] n) {
        boolean wide = bits == 512;
        for (int i = 0; i < x.length; i++) {
            switch (base) {
                case E -> {
                    a.op(VMULPS, n[i], x[i], operand(Constant.LOG2_E));
                    a.imm(wide ? VRNDSCALEPS : VROUNDPS, NEAREST, n[i], n[i]);
                    a.op(VFNMADD231PS, x[i], n[i], operand(Constant.LN2_HIGH));
                    a.op(VFNMADD231PS, x[i], n[i], operand(Constant.LN2_LOW));
                }
                case TWO, TWO_ROUGHLY -> {
                    if (wide) {
                        a.op(VMOVAPS, n[i], x[i]);
                        a.imm(VREDUCEPS, DOWN, x[i], x[i]);
                    } else {
                        a.imm(VROUNDPS, DOWN, n[i], x[i]);
                        a.op(VSUBPS, x[i], x[i], n[i]);
                    }
                }
            }
        }
    }

    /// `x = p · 2^⌊n⌋`.
    private void scale(Vec[] x, Vec[] n, Vec[] p) {
        for (int i = 0; i < x.length; i++) {
            if (bits == 512) {
                a.op(VSCALEFPS, x[i], p[i], n[i]);
            } else {
                a.op(VCVTPS2DQ, n[i], n[i]);
                a.imm(VPSRAD, 1, x[i], n[i]);
                a.op(VPSUBD, n[i], n[i], x[i]);
                a.op(VPADDD, x[i], x[i], operand(Constant.BIAS));
                a.op(VPADDD, n[i], n[i], operand(Constant.BIAS));
                a.imm(VPSLLD, 23, x[i], x[i]);
                a.imm(VPSLLD, 23, n[i], n[i]);
                a.op(VMULPS, p[i], p[i], x[i]);
                a.op(VMULPS, x[i], p[i], n[i]);
            }
        }
    }
}
