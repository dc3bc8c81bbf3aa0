package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LT;

import dev.cathode.kernels.cpu.Activation;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Derivatives of the activations of [VectorMath], on vectors, written in the way that [VectorMath] names.
///
/// All are made of e = exp(-|u|) and r = 1 / (1 + e): the logistic function σ(u) is r or e · r, and its derivative
/// σ(u) σ(-u) is e · r · r, which loses nothing in the tails. Arguments are cut off where the derivative has reached
/// its limit, so infinities give the limit and not ∞ · 0; NaN stays NaN.
final class VectorDerivatives {
    static {
        CompilerDirectives.install();
    }

    /// 2 √(2/π).
    private static final float GELU_SLOPE = 1.5957691216057308f;

    private VectorDerivatives() { }

    /// Of x · σ(x): σ(x) (1 + x σ(-x)). Below -87, where it is -1.4e-36, it is 0.
    static FloatVector silu(FloatVector x) {
        // the activation of the largest tensors, so in few steps: with e = exp(-x), σ(x) = 1 / (1 + e), σ(-x) = e σ(x)
        VectorMask<Float> vanishes = x.compare(LT, -87f);
        x = x.blend(87f, x.compare(GT, 87f));
        FloatVector e = VectorMath.expOfNegated(x);
        FloatVector one = FloatVector.broadcast(SPECIES, 1f);
        FloatVector s = one.div(e.add(1f));
        return x.fma(e.mul(s), one).mul(s).blend(0f, vanishes);
    }

    /// Of x · Φ(x): Φ(x) + x · φ(x).
    static FloatVector gelu(FloatVector x) {
        x = x.blend(15f, x.compare(GT, 15f)).blend(-15f, x.compare(LT, -15f));
        FloatVector a = x.lanewise(ABS);
        FloatVector e = VectorMath.expOfMinusHalfSquare(a);
        FloatVector tail = VectorMath.normalTail(a, e);
        FloatVector cdf = FloatVector.broadcast(SPECIES, 1f).sub(tail).blend(tail, x.compare(LT, 0f));
        return e.mul(0.3989422804014327f).fma(x, cdf);
    }

    /// Of x · σ(u), u = 2 √(2/π) (x + 0.044715 x³).
    static FloatVector geluTanh(FloatVector x) {
        x = x.blend(11f, x.compare(GT, 11f)).blend(-11f, x.compare(LT, -11f)); // u is beyond 104
        FloatVector square = x.mul(x);
        FloatVector u = x.mul(square.fma(FloatVector.broadcast(SPECIES, GELU_SLOPE * 0.044715f),
                FloatVector.broadcast(SPECIES, GELU_SLOPE)));
        FloatVector slope = x.mul(square.fma(FloatVector.broadcast(SPECIES, 3 * GELU_SLOPE * 0.044715f),
                FloatVector.broadcast(SPECIES, GELU_SLOPE))); // x · u'
        FloatVector e = VectorMath.expOfNegative(u.lanewise(ABS).neg());
        FloatVector one = FloatVector.broadcast(SPECIES, 1f);
        FloatVector r = one.div(e.add(1f));
        FloatVector product = e.mul(r).mul(r);
        return slope.fma(product, r.mul(one.blend(e, x.compare(LT, 0f))));
    }

    /// Of x · σ(1.702 x), which is the derivative of SiLU at 1.702 x.
    static FloatVector quickGelu(FloatVector x) {
        return silu(x.mul(1.702f));
    }

    /// Of σ(x).
    static FloatVector sigmoid(FloatVector x) {
        FloatVector e = VectorMath.expOfNegative(x.lanewise(ABS).neg());
        FloatVector r = FloatVector.broadcast(SPECIES, 1f).div(e.add(1f));
        return e.mul(r).mul(r);
    }

    /// Of tanh x, which is 2 σ(2x) - 1.
    static FloatVector tanh(FloatVector x) {
        return sigmoid(x.add(x)).mul(4f);
    }

    /// `dy · activation'(x)`. In a hot loop the enum should be a constant of the loop.
    static FloatVector chain(Activation activation, FloatVector x, FloatVector dy) {
        return switch (activation) {
            case NONE -> dy;
            case RELU -> dy.blend(0f, x.compare(LE, 0f));
            case SILU -> silu(x).mul(dy);
            case GELU -> gelu(x).mul(dy);
            case GELU_TANH -> geluTanh(x).mul(dy);
            case QUICK_GELU -> quickGelu(x).mul(dy);
            case SIGMOID -> sigmoid(x).mul(dy);
            case TANH -> tanh(x).mul(dy);
            case SOFTPLUS -> VectorMath.sigmoid(x).mul(dy);
            case EXP -> VectorMath.exp(x).mul(dy);
        };
    }
}
