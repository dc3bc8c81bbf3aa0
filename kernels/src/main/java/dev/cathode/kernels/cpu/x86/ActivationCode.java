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
import static dev.cathode.kernels.cpu.x86.VectorOp.VSUBPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VXORPS;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.x86.Operand.Mask;
import dev.cathode.kernels.cpu.x86.Operand.Vec;
import java.util.EnumSet;
import java.util.Set;

/// Writes an activation of vectors into the middle of a function: instruction by instruction what
/// `dev.cathode.kernels.cpu.vector.VectorMath` does, so that both give the same bytes (of NaN, a NaN). Minimum and
/// maximum of a constant and x answer x if it is NaN, because it stands last.
///
/// Several vectors go side by side; each has six registers of its own, the first of which holds x and then the result.
/// Five hold constants that instructions cannot take from memory.
final class ActivationCode {
    /// What can be written.
    static final Set<Activation> KNOWN = EnumSet.of(Activation.NONE, Activation.RELU, Activation.SILU, Activation.GELU,
            Activation.GELU_TANH, Activation.QUICK_GELU, Activation.SIGMOID);

    /// 1.5 · 2^23 + 24: adding it rounds to an integer, which then sits in the low bits of the sum, 24 too large.
    private static final float ROUND = 0x1.8p23f + 24;
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
        constants.load(round, ROUND);
        constants.load(lowest, LOWEST);
        constants.load(widest, WIDEST);
        a.op(VXORPS, zero, zero, zero);
    }

    /// Replaces x by its activation, in the first `count` vectors.
    void apply(Activation activation, int count) {
        for (int i = 0; i < count; i++) {
            apply(activation, i, register(i, 0));
        }
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
            case GELU -> {
                normalCdf(i, x, y);
                a.op(VMULPS, x, x, y);
            }
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
            case TANH, SOFTPLUS, EXP -> throw new IllegalArgumentException(activation + " is not written");
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
    private void choose(Vec to, Vec x, Vec negative, Vec other) {
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
    private void expOfNegative(Vec x, Vec rounded, Vec e) {
        a.op(VMAXPS, x, lowest, x);
        a.op(VMOVAPS, rounded, x);
        a.op(VFMADD132PS, rounded, round, constants.of(1.44269504f));
        a.op(VSUBPS, e, rounded, round);
        a.op(VFNMADD231PS, x, e, constants.of(0x1.62e4p-1f));
        a.op(VFNMADD231PS, x, e, constants.of(1.42860677e-6f));
        constants.load(e, 1.388251838666291e-3f);
        for (float c : new float[] {8.366540355764594e-3f, 4.16672004911937e-2f, 0.16666543474059564f,
            0.499999981507388f}) {
            a.op(VFMADD213PS, e, x, constants.of(c));
        }
        a.op(VMULPS, e, e, x);
        a.op(VFMADD213PS, e, x, x);
        a.op(VADDPS, e, e, one);
        a.imm(VPSLLD, 23, rounded, rounded);
        a.op(VPADDD, e, e, rounded);
        a.op(VMULPS, e, e, constants.of(0x1p-24f));
    }

    /// `y = Φ(x)`; x stays.
    private void normalCdf(int i, Vec x, Vec y) {
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
        a.op(VMULPS, e, e, y);
        a.op(VSUBPS, lost, one, e);
        choose(y, x, e, lost);
    }
}
