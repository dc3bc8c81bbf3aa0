package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.x86.VectorOp.VADDPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VANDPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VCMPPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VDIVPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD213PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFMADD231PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFNMADD231PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VFNMSUB231PS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMAXPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMINPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMOVAPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VMULPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VORPS;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPADDD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VPSLLD;
import static dev.cathode.kernels.cpu.x86.VectorOp.VSUBPS;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.x86.Operand.Mask;
import dev.cathode.kernels.cpu.x86.Operand.Vec;
import java.util.function.IntConsumer;

/// Writes derivatives of activations into the middle of a function: instruction by instruction what
/// `dev.cathode.kernels.cpu.vector.VectorDerivatives` does. Registers are those of an [ActivationCode].
final class DerivativeCode {
    private static final int NOT_LESS = 5;
    private static final int NOT_LESS_OR_EQUAL = 6;
    private static final float ROUND = 0x1.8p23f;
    /// 2 √(2/π).
    private static final float GELU_SLOPE = 1.5957691216057308f;

    private final Assembler a;
    private final int bits;
    private final Constants constants;
    private final ActivationCode functions;

    DerivativeCode(Assembler a, int bits, Constants constants, ActivationCode functions) {
        this.a = a;
        this.bits = bits;
        this.constants = constants;
        this.functions = functions;
    }

    /// Replaces x by the gradient `dy · activation'(x)`, in the first `count` vectors.
    ///
    /// @param dy writes the loading of dy into register 1 of a vector
    void chain(Activation activation, int count, IntConsumer dy) {
        for (int i = 0; i < count; i++) {
            Vec x = functions.register(i, 0);
            Vec up = functions.register(i, 1);
            if (activation == Activation.NONE) {
                dy.accept(i);
                a.op(VMOVAPS, x, up);
            } else if (activation == Activation.RELU) {
                dy.accept(i);
                keep(x, NOT_LESS_OR_EQUAL, functions.zero(), up);
            } else {
                derivative(activation, i, x);
                dy.accept(i);
                a.op(VMULPS, x, x, up);
            }
        }
    }

    private void derivative(Activation activation, int i, Vec x) {
        switch (activation) {
            case SILU -> silu(i, x);
            case GELU -> gelu(i);
            case GELU_TANH -> geluTanh(i, x);
            case QUICK_GELU -> {
                a.op(VMULPS, x, x, constants.of(1.702f));
                silu(i, x);
            }
            case SIGMOID -> sigmoid(i, x);
            case TANH -> {
                a.op(VADDPS, x, x, x);
                sigmoid(i, x);
                a.op(VMULPS, x, x, constants.of(4));
            }
            case SOFTPLUS -> functions.applyTo(i, Activation.SIGMOID);
            case EXP -> functions.applyTo(i, Activation.EXP);
            case NONE, RELU -> throw new AssertionError(activation + " has no code");
        }
    }

    /// `x = x <comparison> bound ? value : 0`.
    private void keep(Vec x, int comparison, Operand bound, Vec value) {
        if (bits == 512) {
            a.imm(VCMPPS, comparison, Mask.ALL, Mask.k(1), x, bound);
            a.op(VMOVAPS, Mask.k(1).zero(), x, value);
        } else {
            a.imm(VCMPPS, comparison, x, x, bound);
            a.op(VANDPS, x, x, value);
        }
    }

    private void silu(int i, Vec x) {
        Vec near = functions.register(i, 1);
        Vec e = functions.register(i, 2);
        Vec rounded = functions.register(i, 3);
        Vec rest = functions.register(i, 4);
        constants.load(near, 87);
        a.op(VMINPS, near, near, x);
        // e = exp(-x), for |x| ≤ 87
        constants.load(rounded, ROUND);
        a.op(VFMADD231PS, rounded, near, constants.of(-1.44269504f));
        a.op(VSUBPS, e, rounded, constants.of(ROUND));
        a.op(VMOVAPS, rest, near);
        a.op(VFNMSUB231PS, rest, e, constants.of(0x1.62e4p-1f));
        a.op(VFNMADD231PS, rest, e, constants.of(1.42860677e-6f));
        functions.expm1Reduced(e, rest);
        a.op(VADDPS, e, e, functions.one());
        a.imm(VPSLLD, 23, rounded, rounded);
        a.op(VPADDD, e, e, rounded);
        // σ (1 + x e σ)
        Vec sigma = rounded;
        a.op(VADDPS, sigma, e, functions.one());
        a.op(VDIVPS, sigma, functions.one(), sigma);
        a.op(VMULPS, e, e, sigma);
        a.op(VFMADD213PS, e, near, functions.one());
        a.op(VMULPS, e, e, sigma);
        keep(x, NOT_LESS, constants.of(-87), e);
    }

    /// Replaces x by gelu'(x); Φ(x) in the register it answers, which is the last one of the vector.
    Vec gelu(int i) {
        Vec x = functions.register(i, 0);
        near(x, 15, functions.register(i, 1));
        Vec cdf = functions.normalCdf(i, x);
        Vec e = functions.register(i, 2);
        a.op(VMULPS, e, e, constants.of(0.3989422804014327f));
        a.op(VFMADD213PS, x, e, cdf);
        return cdf;
    }

    /// Cuts x off at ± a bound.
    private void near(Vec x, float bound, Vec free) {
        constants.load(free, bound);
        a.op(VMINPS, x, free, x);
        constants.load(free, -bound);
        a.op(VMAXPS, x, free, x);
    }

    private void geluTanh(int i, Vec x) {
        Vec u = functions.register(i, 1);
        Vec e = functions.register(i, 2);
        Vec r = functions.register(i, 3);
        Vec sigma = functions.register(i, 4);
        Vec slope = functions.register(i, 5);
        near(x, 11, u);
        a.op(VMULPS, slope, x, x);
        constants.load(u, GELU_SLOPE);
        a.op(VFMADD231PS, u, slope, constants.of(GELU_SLOPE * 0.044715f));
        a.op(VMULPS, u, x, u);
        constants.load(sigma, GELU_SLOPE);
        a.op(VFMADD231PS, sigma, slope, constants.of(3 * GELU_SLOPE * 0.044715f));
        a.op(VMULPS, slope, x, sigma);
        a.op(VORPS, u, u, constants.of(-0f));
        functions.expOfNegative(u, r, e);
        a.op(VADDPS, r, e, functions.one());
        a.op(VDIVPS, r, functions.one(), r);
        a.op(VMULPS, u, e, r);
        a.op(VMULPS, u, u, r);
        functions.choose(sigma, x, e, functions.one());
        a.op(VMULPS, sigma, r, sigma);
        a.op(VFMADD231PS, sigma, slope, u);
        a.op(VMOVAPS, x, sigma);
    }

    private void sigmoid(int i, Vec x) {
        Vec u = functions.register(i, 1);
        Vec e = functions.register(i, 2);
        Vec r = functions.register(i, 3);
        a.op(VORPS, u, x, constants.of(-0f));
        functions.expOfNegative(u, r, e);
        a.op(VADDPS, r, e, functions.one());
        a.op(VDIVPS, r, functions.one(), r);
        a.op(VMULPS, e, e, r);
        a.op(VMULPS, x, e, r);
    }
}
