package dev.cathode.kernels.cpu.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Activation;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

/// Every function against float64, over every exponent, both signs and the special values.
class VectorMathTest {
    private static final double ULP = 0x1p-23;
    private static final double SMALLEST = Float.MIN_VALUE;

    @Test
    void exp() {
        check("exp", VectorMath::exp, Math::exp, 1.5, 1);
        assertEquals(Float.POSITIVE_INFINITY, of(VectorMath::exp, 88.73f));
        assertEquals(Float.POSITIVE_INFINITY, of(VectorMath::exp, Float.POSITIVE_INFINITY));
        assertEquals(0f, of(VectorMath::exp, Float.NEGATIVE_INFINITY));
        assertEquals(Float.MIN_VALUE, of(VectorMath::exp, -103f));
        assertEquals(1f, of(VectorMath::exp, -0f));
    }

    @Test
    void sigmoid() {
        check("sigmoid", VectorMath::sigmoid, x -> 1 / (1 + Math.exp(-x)), 3, 2);
    }

    @Test
    void tanh() {
        check("tanh", VectorMath::tanh, Math::tanh, 4, 1);
        assertEquals(1f, of(VectorMath::tanh, Float.POSITIVE_INFINITY));
        assertEquals(-1f, of(VectorMath::tanh, Float.NEGATIVE_INFINITY));
        assertEquals(-0f, of(VectorMath::tanh, -0f));
    }

    @Test
    void softplus() {
        check("softplus", VectorMath::softplus, VectorMathTest::softplus, 3, 2);
        assertEquals(Float.POSITIVE_INFINITY, of(VectorMath::softplus, Float.POSITIVE_INFINITY));
        assertEquals(0f, of(VectorMath::softplus, Float.NEGATIVE_INFINITY));
    }

    @Test
    void normalCdf() {
        check("normalCdf", VectorMath::normalCdf, VectorMathTest::phi, 4, 2);
        assertEquals(1f, of(VectorMath::normalCdf, Float.POSITIVE_INFINITY));
        assertEquals(0f, of(VectorMath::normalCdf, Float.NEGATIVE_INFINITY));
    }

    @Test
    void gelu() {
        // below -12.9 the factor Φ(x) is denormal, so that is where the absolute part of the bound is needed
        check("gelu", VectorMath::gelu, x -> x * phi(x), 4.5, 32);
        assertEquals(Float.POSITIVE_INFINITY, of(VectorMath::gelu, Float.POSITIVE_INFINITY));
    }

    @Test
    void sigmoidGates() {
        // the argument of the sigmoid rounds, which its exponential magnifies by the argument itself
        check("silu", VectorMath::silu, x -> x / (1 + Math.exp(-x)), 4, 200);
        check("quickGelu", VectorMath::quickGelu, x -> x / (1 + Math.exp(-(double) 1.702f * x)), 100, 200);
        check("geluTanh", VectorMath::geluTanh, x -> {
            double y = 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
            return x / (1 + Math.exp(-y));
        }, 400, 200);
    }

    @Test
    void activateNamesThemAll() {
        for (float x : new float[] {-3f, -0.25f, 0f, 0.5f, 4f}) {
            for (Activation activation : Activation.values()) {
                double expected = switch (activation) {
                    case NONE -> x;
                    case RELU -> Math.max(x, 0);
                    case SILU -> x / (1 + Math.exp(-x));
                    case GELU -> x * phi(x);
                    case GELU_TANH -> x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
                    case QUICK_GELU -> x / (1 + Math.exp(-1.702 * x));
                    case SIGMOID -> 1 / (1 + Math.exp(-x));
                    case TANH -> Math.tanh(x);
                    case SOFTPLUS -> softplus(x);
                    case EXP -> Math.exp(x);
                };
                assertEquals(expected, of(v -> VectorMath.activate(activation, v), x), 1e-6 * Math.abs(expected),
                        activation + " of " + x);
            }
        }
        assertEquals(Float.NaN, of(v -> VectorMath.activate(Activation.RELU, v), Float.NaN));
    }

    /// Compares at ±m·2^e for every exponent e, and densely from -110 to 110.
    private static void check(String name, UnaryOperator<FloatVector> function, DoubleUnaryOperator reference,
                              double relativeUlps, double absoluteSmallest) {
        check(name, function, reference, x -> Math.abs(reference.applyAsDouble(x)), relativeUlps, absoluteSmallest);
    }

    /// The same, with errors relative to `magnitude`: for a sum, the magnitude of its terms.
    static void check(String name, UnaryOperator<FloatVector> function, DoubleUnaryOperator reference,
                      DoubleUnaryOperator magnitude, double relativeUlps, double absoluteSmallest) {
        Worst worst = new Worst(name, function, reference, magnitude, relativeUlps, absoluteSmallest);
        for (int e = -149; e <= 127; e++) {
            for (double m = 1; m < 2; m += 0.13) {
                worst.add((float) Math.scalb(m, e));
                worst.add((float) -Math.scalb(m, e));
            }
        }
        for (int i = -110_000; i <= 110_000; i += 7) {
            worst.add(i * 1e-3f);
            worst.add(i * 1e-4f);
        }
        worst.finish();
        assertTrue(Float.isNaN(of(function, Float.NaN)), name + " of NaN");
    }

    private static final class Worst {
        private final String name;
        private final UnaryOperator<FloatVector> function;
        private final DoubleUnaryOperator reference;
        private final DoubleUnaryOperator magnitude;
        private final double relativeUlps;
        private final double absoluteSmallest;
        private final float[] pending = new float[Simd.LANES];
        private int count;
        private double worst;
        private float at;

        Worst(String name, UnaryOperator<FloatVector> function, DoubleUnaryOperator reference,
              DoubleUnaryOperator magnitude, double relativeUlps, double absoluteSmallest) {
            this.name = name;
            this.function = function;
            this.reference = reference;
            this.magnitude = magnitude;
            this.relativeUlps = relativeUlps;
            this.absoluteSmallest = absoluteSmallest;
        }

        void add(float x) {
            pending[count++] = x;
            if (count == pending.length) {
                float[] y = function.apply(FloatVector.fromArray(Simd.SPECIES, pending, 0)).toArray();
                for (int i = 0; i < count; i++) {
                    measure(pending[i], y[i]);
                }
                count = 0;
            }
        }

        private void measure(float x, float y) {
            double expected = reference.applyAsDouble(x);
            if ((float) expected == y) {
                return; // also where both overflow
            }
            double allowed = magnitude.applyAsDouble(x) * relativeUlps * ULP + absoluteSmallest * SMALLEST;
            double share = Math.abs(y - expected) / allowed;
            if (!(share <= worst)) {
                worst = share;
                at = x;
            }
        }

        void finish() {
            while (count != 0) {
                add(1f);
            }
            assertTrue(worst <= 1, name + "(" + at + ") is off by " + worst + " of the bound");
        }
    }

    static float of(UnaryOperator<FloatVector> function, float x) {
        return function.apply(FloatVector.broadcast(Simd.SPECIES, x)).lane(Simd.LANES - 1);
    }

    private static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    /// Φ in float64: a series near zero, a continued fraction in the tails.
    static double phi(double x) {
        double a = Math.abs(x);
        double density = Math.exp(-a * a / 2) / Math.sqrt(2 * Math.PI);
        double tail;
        if (a < 3) {
            double term = a;
            double sum = a;
            for (int k = 1; k < 200; k++) {
                term *= a * a / (2 * k + 1);
                sum += term;
            }
            tail = 0.5 - density * sum;
        } else {
            double fraction = a;
            for (int k = 120; k >= 1; k--) {
                fraction = a + k / fraction;
            }
            tail = density / fraction;
        }
        return x < 0 ? tail : 1 - tail;
    }
}
