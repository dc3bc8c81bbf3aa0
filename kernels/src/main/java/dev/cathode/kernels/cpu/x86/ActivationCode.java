package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.VectorOp.VADDPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VANDNPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VANDPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VBLENDMPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VCMPPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VDIVPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD132PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD213PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD231PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFNMADD231PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMAXPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMINPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVAPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMULPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VORPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPADDD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPSLLD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPSRAD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPSUBD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSUBPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VXORPS;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.x86.Operand.Mask;
import dev.cathode.kernels.cpu.x86.Operand.Vec;

/// Writes an activation of vectors into the middle of a function: instruction by instruction what
/// `dev.cathode.kernels.cpu.vector.VectorMath` does, so that both give the same bytes (of NaN, a NaN). Minimum and
/// maximum of a constant and x answer x if it is NaN, because it stands last.
///
/// Several vectors go side by side; each has six registers of its own, the first of which holds x and then the result.
/// Five hold constants that instructions cannot take from memory.
final class ActivationCode {
    /// 1.5 · 2^23: adding it rounds to an integer, which then sits in the low bits of the sum.
    private static final float ROUND = 0x1.8p23f;
    /// The same with an integer that is 24 too large.
    private static final float ROUND_24 = ROUND + 24;
    private static final float LOWEST = -104;
    private static final float WIDEST = 15;
    private static final int LESS = 1;
    private static final int FIXED = 5;
    private static final int OWN = 6;

    private final Assembler a;
    private final int bits;
    private final Constants constants;
    private final Vec one;
    private final Vec round;
    private final Vec lowest;
    private final Vec widest;
    private final Vec zero;

    ActivationCode(Assembler a, int bits, Constants constants) {
        this.a = a;
        this.bits = bits;
        this.constants = constants;
        one = new Vec(0, bits);
        round = new Vec(1, bits);
        lowest = new Vec(2, bits);
        widest = new Vec(3, bits);
        zero = new Vec(4, bits);
    }

    /// Vectors that go side by side.
    int width() {
        return bits == 512 ? 4 : 1;
    }

    /// A register of a vector: 0 is x, the others are free before and after.
    Vec register(int vector, int number) {
        return new Vec(FIXED + vector * OWN + number, bits);
    }

    /// Loads the constants that need registers, after [Constants#point].
    void load() {
        constants.load(one, 1);
        constants.load(round, ROUND_24);
        constants.load(lowest, LOWEST);
        constants.load(widest, WIDEST);
        a.op(VXORPS, zero, zero, zero);
    }

    /// Replaces x by its activation, in the first `count` vectors.
    void apply(Activation activation, int count) {
        for (int i = 0; i < count; i++) {
            applyTo(i, activation);
        }
    }

    /// The same in one vector.
    void applyTo(int i, Activation activation) {
        apply(activation, i, register(i, 0));
    }

    /// Ones.
    Vec one() {
        return one;
    }

    /// Zeros.
    Vec zero() {
        return zero;
    }

    private void apply(Activation activation, int i, Vec x) {
        Vec y = register(i, 1);
        switch (activation) {
            case NONE -> { }
            case RELU -> a.op(VMAXPS, x, zero, x);
            case SILU -> {
                sigmoid(i, x, y);
                a.op(VMULPS, x, x, y);
            }
            case GELU -> a.op(VMULPS, x, x, normalCdf(i, x));
            case GELU_TANH -> {
                Vec argument = register(i, 5);
                a.op(VMULPS, argument, x, x);
                constants.load(y, 1.5957691216057308f);
                a.op(VFMADD132PS, argument, y, constants.of(1.5957691216057308f * 0.044715f));
                a.op(VMULPS, argument, argument, x);
                sigmoid(i, argument, y);
                a.op(VMULPS, x, x, y);
            }
            case QUICK_GELU -> {
                Vec argument = register(i, 5);
                a.op(VMULPS, argument, x, constants.of(1.702f));
                sigmoid(i, argument, y);
                a.op(VMULPS, x, x, y);
            }
            case SIGMOID -> {
                sigmoid(i, x, y);
                a.op(VMOVAPS, x, y);
            }
            case TANH -> tanh(i, x);
            case SOFTPLUS -> softplus(i, x);
            case EXP -> exp(i, x);
        }
    }

    /// `y = 1 / (1 + e⁻ˣ)`; x stays.
    private void sigmoid(int i, Vec x, Vec y) {
        Vec e = register(i, 2);
        a.op(VORPS, y, x, constants.of(-0f)); // -|x|
        expOfNegative(y, register(i, 3), e);
        a.op(VADDPS, register(i, 3), e, one);
        choose(register(i, 4), x, e, one);
        a.op(VDIVPS, y, register(i, 4), register(i, 3));
    }

    /// `to = x < 0 ? negative : other`; may destroy `negative`.
    void choose(Vec to, Vec x, Vec negative, Vec other) {
        if (bits == 512) {
            a.imm(VCMPPS, LESS, Mask.ALL, Mask.k(1), x, zero);
            a.op(VBLENDMPS, Mask.k(1), to, other, negative);
        } else {
            a.imm(VCMPPS, LESS, to, x, zero);
            a.op(VANDPS, negative, negative, to);
            a.op(VANDNPS, to, to, other);
            a.op(VORPS, to, to, negative);
        }
    }

    /// `e = eˣ` for x ≤ 0; destroys x and n.
    void expOfNegative(Vec x, Vec rounded, Vec e) {
        a.op(VMAXPS, x, lowest, x);
        a.op(VMOVAPS, rounded, x);
        a.op(VFMADD132PS, rounded, round, constants.of(1.44269504f));
        a.op(VSUBPS, e, rounded, round);
        a.op(VFNMADD231PS, x, e, constants.of(0x1.62e4p-1f));
        a.op(VFNMADD231PS, x, e, constants.of(1.42860677e-6f));
        expm1Reduced(e, x);
        a.op(VADDPS, e, e, one);
        a.imm(VPSLLD, 23, rounded, rounded);
        a.op(VPADDD, e, e, rounded);
        a.op(VMULPS, e, e, constants.of(0x1p-24f));
    }

    /// `e = eˣ - 1` for |x| ≤ ln 2 / 2.
    void expm1Reduced(Vec e, Vec x) {
        constants.load(e, 1.388251838666291e-3f);
        for (float c : new float[] {8.366540355764594e-3f, 4.16672004911937e-2f, 0.16666543474059564f,
            0.499999981507388f}) {
            a.op(VFMADD213PS, e, x, constants.of(c));
        }
        a.op(VMULPS, e, e, x);
        a.op(VFMADD213PS, e, x, x);
    }

    /// `x = n ln 2 + rest`: the rest in x, n in `rounded` as the low bits of a float.
    private void reduce(Vec x, Vec rounded, Vec free) {
        constants.load(rounded, ROUND);
        a.op(VFMADD231PS, rounded, x, constants.of(1.44269504f));
        a.op(VSUBPS, free, rounded, constants.of(ROUND));
        a.op(VFNMADD231PS, x, free, constants.of(0x1.62e4p-1f));
        a.op(VFNMADD231PS, x, free, constants.of(1.42860677e-6f));
    }

    /// 2ⁿ in the place of n.
    private void power(Vec n) {
        a.op(VPADDD, n, n, constants.of(Float.intBitsToFloat(127)));
        a.imm(VPSLLD, 23, n, n);
    }

    private void exp(int i, Vec x) {
        Vec e = register(i, 2);
        Vec rounded = register(i, 3);
        constants.load(e, 89);
        a.op(VMINPS, x, e, x);
        a.op(VMAXPS, x, lowest, x);
        reduce(x, rounded, e);
        expm1Reduced(e, x);
        a.op(VADDPS, e, e, one);
        a.op(VPSUBD, rounded, rounded, constants.of(ROUND));
        a.imm(VPSRAD, 1, x, rounded);
        a.op(VPSUBD, rounded, rounded, x);
        power(x);
        a.op(VMULPS, e, e, x);
        power(rounded);
        a.op(VMULPS, x, e, rounded);
    }

    private void tanh(int i, Vec x) {
        Vec magnitude = register(i, 1);
        Vec e = register(i, 2);
        Vec scale = register(i, 3);
        Vec free = register(i, 4);
        a.op(VANDPS, magnitude, x, constants.of(Float.intBitsToFloat(0x7fffffff)));
        constants.load(free, 10);
        a.op(VMINPS, magnitude, free, magnitude);
        a.op(VADDPS, magnitude, magnitude, magnitude);
        reduce(magnitude, scale, e);
        expm1Reduced(e, magnitude);
        a.op(VPSUBD, scale, scale, constants.of(ROUND));
        power(scale);
        a.op(VSUBPS, free, scale, one);
        a.op(VFMADD213PS, e, scale, free);
        a.op(VADDPS, free, e, constants.of(2));
        a.op(VDIVPS, e, e, free);
        a.op(VANDPS, x, x, constants.of(-0f));
        a.op(VORPS, x, x, e);
    }

    private void softplus(int i, Vec x) {
        Vec u = register(i, 2);
        Vec s = register(i, 1);
        Vec square = register(i, 3);
        a.op(VORPS, s, x, constants.of(-0f));
        expOfNegative(s, square, u);
        a.op(VMAXPS, x, zero, x);
        // log(1 + u)
        a.op(VADDPS, s, u, constants.of(2));
        a.op(VDIVPS, s, u, s);
        a.op(VMULPS, square, s, s);
        constants.load(u, 0.28053750547491285f);
        for (float c : new float[] {0.2799398198719008f, 0.4002196046933507f, 0.666664096551073f}) {
            a.op(VFMADD213PS, u, square, constants.of(c));
        }
        a.op(VMULPS, u, u, square);
        a.op(VADDPS, square, s, s);
        a.op(VFMADD213PS, u, s, square);
        a.op(VADDPS, x, x, u);
    }

    /// Φ(x) in the register it answers; exp(-x²/2) is left in register 2, x stays.
    Vec normalCdf(int i, Vec x) {
        Vec y = register(i, 1);
        Vec e = register(i, 2);
        Vec lost = register(i, 4);
        Vec magnitude = register(i, 5);
        a.op(VANDPS, magnitude, x, constants.of(Float.intBitsToFloat(0x7fffffff)));
        a.op(VMINPS, magnitude, widest, magnitude);
        // exp(-a²/2), and what a² lost in rounding, negated
        a.op(VMULPS, lost, magnitude, magnitude);
        a.op(VMULPS, y, lost, constants.of(-0.5f));
        a.op(VFNMADD231PS, lost, magnitude, magnitude);
        expOfNegative(y, register(i, 3), e);
        a.op(VMULPS, lost, e, lost);
        a.op(VFMADD231PS, e, lost, constants.of(0.5f));
        // the tail: e · t · P(t - 1/2), t = 1 / (1 + 0.35 a)
        a.op(VFMADD132PS, magnitude, one, constants.of(0.35f));
        a.op(VDIVPS, magnitude, one, magnitude);
        a.op(VSUBPS, lost, magnitude, constants.of(0.5f));
        constants.load(y, -0.02916368552011152f);
        for (float c : new float[] {0.02740508157083929f, 0.04416336440951921f, -0.05614093926935242f,
            -0.08173969784587845f, 0.08187088632074228f, 0.28439577427488405f, 0.3429916084099342f,
            0.2532442768097605f}) {
            a.op(VFMADD213PS, y, lost, constants.of(c));
        }
        a.op(VMULPS, y, magnitude, y);
        a.op(VMULPS, y, e, y);
        a.op(VSUBPS, lost, one, y);
        choose(magnitude, x, y, lost);
        return magnitude;
    }
}
