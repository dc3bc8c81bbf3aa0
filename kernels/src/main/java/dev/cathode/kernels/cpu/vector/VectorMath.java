package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.vector.Simd.SPECIES;
import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;

import dev.cathode.kernels.cpu.Activation;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/// Exponentials and what is made of them, on vectors, accurate to a few units in the last place over the whole range
/// of float32, with NaN, infinities, signed zeros and denormals as IEEE 754 would have them.
///
/// Constants are spelled out as `FloatVector.broadcast`: the compiler inlines the library's methods into callers of any
/// size, but our own only up to a certain size, and a vector that passes through a call is put on the heap.
///
/// Polynomials are minimax fits of this project in the relative error of the function; each names its own bound.
final class VectorMath {
    static {
        CompilerDirectives.install();
    }

    /// 1.5 · 2^23: adding it rounds to an integer, which then sits in the low bits of the sum.
    private static final float ROUND = 0x1.8p23f;
    private static final float LOG2_E = 1.44269504f;
    /// ln 2 in two parts: n · LN2_HIGH is exact for |n| < 2^9.
    private static final float LN2_HIGH = 0x1.62e4p-1f;
    private static final float LN2_LOW = 1.42860677e-6f;

    private VectorMath() { }

    /// eˣ, within 1.5 ulp; results below 2^-126 are denormal, not flushed.
    static FloatVector exp(FloatVector x) {
        x = x.blend(89f, x.compare(GT, 89f)).blend(-104f, x.compare(LT, -104f)); // keeps NaN, unlike min and max
        FloatVector rounded = x.fma(FloatVector.broadcast(SPECIES, LOG2_E), FloatVector.broadcast(SPECIES, ROUND));
        FloatVector n = rounded.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(SPECIES, -LN2_LOW),
                n.fma(FloatVector.broadcast(SPECIES, -LN2_HIGH), x));
        FloatVector p = expm1Reduced(r).add(1f);
        // 2^n as two factors, since n goes from -150 to 128
        IntVector bits = rounded.reinterpretAsInts().sub(0x4b400000);
        IntVector half = bits.lanewise(ASHR, 1);
        return p.mul(power(half)).mul(power(bits.sub(half)));
    }

    /// eˣ for x ≤ 0, as [#exp], in fewer steps: 2^(n + 24) is normal for every n here, and added to the exponent of the
    /// polynomial's value as an integer.
    static FloatVector expOfNegative(FloatVector x) {
        x = x.blend(-104f, x.compare(LT, -104f));
        FloatVector rounded = x.fma(FloatVector.broadcast(SPECIES, LOG2_E), FloatVector.broadcast(SPECIES, ROUND + 24));
        FloatVector n = rounded.sub(ROUND + 24);
        FloatVector r = n.fma(FloatVector.broadcast(SPECIES, -LN2_LOW),
                n.fma(FloatVector.broadcast(SPECIES, -LN2_HIGH), x));
        FloatVector p = expm1Reduced(r).add(1f);
        IntVector exponent = rounded.reinterpretAsInts().lanewise(LSHL, 23);
        return p.reinterpretAsInts().add(exponent).reinterpretAsFloats().mul(0x1p-24f);
    }

    /// e⁻ˣ for |x| ≤ 87, where the result is normal.
    static FloatVector expOfNegated(FloatVector x) {
        FloatVector rounded = x.fma(FloatVector.broadcast(SPECIES, -LOG2_E), FloatVector.broadcast(SPECIES, ROUND));
        FloatVector n = rounded.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(SPECIES, -LN2_LOW),
                n.fma(FloatVector.broadcast(SPECIES, -LN2_HIGH), x.neg()));
        FloatVector p = expm1Reduced(r).add(1f);
        IntVector exponent = rounded.reinterpretAsInts().lanewise(LSHL, 23);
        return p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
    }

    /// eˣ - 1 for x from 0 to 40, within 2 ulp.
    private static FloatVector expm1OfPositive(FloatVector x) {
        FloatVector rounded = x.fma(FloatVector.broadcast(SPECIES, LOG2_E), FloatVector.broadcast(SPECIES, ROUND));
        FloatVector n = rounded.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(SPECIES, -LN2_LOW),
                n.fma(FloatVector.broadcast(SPECIES, -LN2_HIGH), x));
        FloatVector scale = power(rounded.reinterpretAsInts().sub(0x4b400000));
        return expm1Reduced(r).fma(scale, scale.sub(1f));
    }

    /// eʳ - 1 for |r| ≤ ln 2 / 2: r + r² q(r), relative error 1.3e-8 before rounding.
    private static FloatVector expm1Reduced(FloatVector r) {
        FloatVector q = FloatVector.broadcast(SPECIES, 1.388251838666291e-3f)
                .fma(r, FloatVector.broadcast(SPECIES, 8.366540355764594e-3f))
                .fma(r, FloatVector.broadcast(SPECIES, 4.16672004911937e-2f))
                .fma(r, FloatVector.broadcast(SPECIES, 0.16666543474059564f))
                .fma(r, FloatVector.broadcast(SPECIES, 0.499999981507388f));
        return q.mul(r).fma(r, r);
    }

    /// 2^n for integers from -126 to 127.
    private static FloatVector power(IntVector n) {
        return n.add(127).lanewise(LSHL, 23).reinterpretAsFloats();
    }

    /// 1 / (1 + e⁻ˣ).
    static FloatVector sigmoid(FloatVector x) {
        FloatVector e = expOfNegative(x.lanewise(ABS).neg());
        return FloatVector.broadcast(SPECIES, 1f).blend(e, x.compare(LT, 0f)).div(e.add(1f));
    }

    /// tanh x, relative error below 4 ulp also near zero.
    static FloatVector tanh(FloatVector x) {
        FloatVector a = x.lanewise(ABS);
        a = a.blend(10f, a.compare(GT, 10f)); // tanh 10 rounds to 1
        FloatVector e = expm1OfPositive(a.add(a));
        FloatVector t = e.div(e.add(2f));
        return withSignOf(x, t);
    }

    /// log(1 + eˣ).
    static FloatVector softplus(FloatVector x) {
        FloatVector u = expOfNegative(x.lanewise(ABS).neg());
        return x.blend(0f, x.compare(LT, 0f)).add(log1pOfFraction(u));
    }

    /// log(1 + u) for u from 0 to 1: 2 atanh(u / (2 + u)), relative error 5e-9 before rounding.
    static FloatVector log1pOfFraction(FloatVector u) {
        FloatVector s = u.div(u.add(2f));
        FloatVector s2 = s.mul(s);
        FloatVector q = FloatVector.broadcast(SPECIES, 0.28053750547491285f)
                .fma(s2, FloatVector.broadcast(SPECIES, 0.2799398198719008f))
                .fma(s2, FloatVector.broadcast(SPECIES, 0.4002196046933507f))
                .fma(s2, FloatVector.broadcast(SPECIES, 0.666664096551073f));
        return q.mul(s2).fma(s, s.add(s));
    }

    /// Φ(x) = (1 + erf(x/√2)) / 2, the distribution function of the normal distribution; the relative error stays
    /// below 4 ulp far into the left tail.
    static FloatVector normalCdf(FloatVector x) {
        FloatVector a = x.lanewise(ABS);
        a = a.blend(15f, a.compare(GT, 15f)); // Φ(-15) is below the smallest denormal
        FloatVector tail = normalTail(a, expOfMinusHalfSquare(a));
        return FloatVector.broadcast(SPECIES, 1f).sub(tail).blend(tail, x.compare(LT, 0f));
    }

    /// exp(-a²/2); a² rounds, so what it lost is put back to first order.
    static FloatVector expOfMinusHalfSquare(FloatVector a) {
        FloatVector square = a.mul(a);
        FloatVector lost = a.fma(a, square.neg());
        FloatVector e = expOfNegative(square.mul(-0.5f));
        return e.mul(lost).fma(FloatVector.broadcast(SPECIES, -0.5f), e);
    }

    /// Φ(-a) = e · Q(a) for a from 0 to 15 and e = exp(-a²/2).
    static FloatVector normalTail(FloatVector a, FloatVector e) {
        // Q = erfcx(a/√2)/2 = t · P(t - 1/2), t = 1/(1 + 0.35 a), relative error 3.2e-8 before rounding
        FloatVector one = FloatVector.broadcast(SPECIES, 1f);
        FloatVector t = one.div(a.fma(FloatVector.broadcast(SPECIES, 0.35f), one));
        FloatVector u = t.sub(0.5f);
        FloatVector p = FloatVector.broadcast(SPECIES, -0.02916368552011152f)
                .fma(u, FloatVector.broadcast(SPECIES, 0.02740508157083929f))
                .fma(u, FloatVector.broadcast(SPECIES, 0.04416336440951921f))
                .fma(u, FloatVector.broadcast(SPECIES, -0.05614093926935242f))
                .fma(u, FloatVector.broadcast(SPECIES, -0.08173969784587845f))
                .fma(u, FloatVector.broadcast(SPECIES, 0.08187088632074228f))
                .fma(u, FloatVector.broadcast(SPECIES, 0.28439577427488405f))
                .fma(u, FloatVector.broadcast(SPECIES, 0.3429916084099342f))
                .fma(u, FloatVector.broadcast(SPECIES, 0.2532442768097605f));
        return e.mul(t.mul(p));
    }

    /// x · Φ(x).
    static FloatVector gelu(FloatVector x) {
        return x.mul(normalCdf(x));
    }

    /// x / 2 · (1 + tanh(√(2/π) (x + 0.044715 x³))), which is x · sigmoid of twice that argument.
    static FloatVector geluTanh(FloatVector x) {
        FloatVector inner = x.mul(x).fma(FloatVector.broadcast(SPECIES, 1.5957691216057308f * 0.044715f),
                FloatVector.broadcast(SPECIES, 1.5957691216057308f));
        return x.mul(sigmoid(x.mul(inner)));
    }

    /// x · sigmoid(x).
    static FloatVector silu(FloatVector x) {
        return x.mul(sigmoid(x));
    }

    /// x · sigmoid(1.702 x).
    static FloatVector quickGelu(FloatVector x) {
        return x.mul(sigmoid(x.mul(1.702f)));
    }

    /// The activation of that name. In a hot loop the enum should be a constant of the loop.
    static FloatVector activate(Activation activation, FloatVector x) {
        return switch (activation) {
            case NONE -> x;
            case RELU -> x.blend(0f, x.compare(LT, 0f));
            case SILU -> silu(x);
            case GELU -> gelu(x);
            case GELU_TANH -> geluTanh(x);
            case QUICK_GELU -> quickGelu(x);
            case SIGMOID -> sigmoid(x);
            case TANH -> tanh(x);
            case SOFTPLUS -> softplus(x);
            case EXP -> exp(x);
        };
    }

    private static FloatVector withSignOf(FloatVector x, FloatVector magnitude) {
        IntVector sign = x.reinterpretAsInts().and(0x80000000);
        return magnitude.reinterpretAsInts().or(sign).reinterpretAsFloats();
    }
}
