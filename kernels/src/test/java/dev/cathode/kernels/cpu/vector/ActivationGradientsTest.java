package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.vector.VectorMathTest.check;
import static dev.cathode.kernels.cpu.vector.VectorMathTest.of;
import static dev.cathode.kernels.cpu.vector.VectorMathTest.phi;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.kernels.cpu.Activation;
import java.util.Random;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Derivatives against float64 formulas and against differences of the activations themselves.
class ActivationGradientsTest {
    private static final double SLOPE = 2 * Math.sqrt(2 / Math.PI);

    @Test
    void logistic() {
        check("sigmoid'", VectorDerivatives::sigmoid, x -> sigmoid(x) * sigmoid(-x), x -> sigmoid(x) * sigmoid(-x), 5,
                3);
        check("tanh'", VectorDerivatives::tanh, x -> 4 * sigmoid(2 * x) * sigmoid(-2 * x),
                x -> 4 * sigmoid(2 * x) * sigmoid(-2 * x), 5, 12);
    }

    @Test
    void gates() {
        // a sum that passes through 0: errors are relative to its terms; below -87 the result is 0 instead of -1.4e-36
        double vanished = 87.1 * Math.exp(-87) / Float.MIN_VALUE;
        check("silu'", VectorDerivatives::silu, x -> sigmoid(x) + x * sigmoid(x) * sigmoid(-x),
                x -> sigmoid(x) + Math.abs(x) * sigmoid(x) * sigmoid(-x), 6, vanished);
        double k = 1.702f;
        check("quickGelu'", VectorDerivatives::quickGelu,
                x -> sigmoid(k * x) + k * x * sigmoid(k * x) * sigmoid(-k * x),
                x -> sigmoid(k * x) + Math.abs(k * x) * sigmoid(k * x) * sigmoid(-k * x), 100,
                vanished);
    }

    @Test
    void gelus() {
        check("gelu'", VectorDerivatives::gelu, x -> phi(x) + x * density(x), x -> phi(x) + Math.abs(x) * density(x), 5,
                40);
        check("geluTanh'", VectorDerivatives::geluTanh, x -> geluTanh(x, x), x -> geluTanh(x, Math.abs(x)), 400, 2000);
    }

    @Test
    void limits() {
        for (Activation activation : Activation.values()) {
            float right = switch (activation) {
                case SIGMOID, TANH -> 0;
                case EXP -> Float.POSITIVE_INFINITY;
                default -> 1;
            };
            float left = activation == Activation.NONE ? 1 : 0;
            assertEquals(right, derivative(activation, Float.POSITIVE_INFINITY), 0f, activation.name());
            assertEquals(left, derivative(activation, Float.NEGATIVE_INFINITY), 0f, activation.name());
            boolean ignoresX = activation == Activation.NONE || activation == Activation.RELU;
            assertEquals(ignoresX, !Float.isNaN(derivative(activation, Float.NaN)), activation.name());
        }
        assertEquals(0f, derivative(Activation.RELU, 0f));
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void differences(Activation activation) {
        for (float x : new float[] {-6f, -2.5f, -0.75f, -0.25f, 0.25f, 0.5f, 1.5f, 4f, 7f}) {
            float h = 0x1p-8f;
            double difference = ((double) of(v -> VectorMath.activate(activation, v), x + h)
                    - of(v -> VectorMath.activate(activation, v), x - h)) / (2 * h);
            // The exponential's third derivative, which the difference leaves out, is the exponential again.
            double tolerance = activation == Activation.EXP ? 1e-4 * Math.max(1, Math.exp(x)) : 1e-4;
            assertEquals(difference, derivative(activation, x), tolerance, activation + " at " + x);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 15, 16, 67, 256})
    void memory(int count) {
        Random random = new Random(count);
        float[] x = new float[count];
        float[] dy = new float[count];
        for (int i = 0; i < count; i++) {
            x[i] = 4 * random.nextFloat() - 2;
            dy[i] = random.nextFloat() - 0.5f;
        }
        for (Activation activation : Activation.values()) {
            try (Guarded memory = new Guarded()) {
                var input = memory.of(x);
                var gradient = memory.of(dy);
                var result = memory.poisoned(4L * count);
                ActivationGradients.chain(activation, input.address(), gradient.address(), result.address(), count);
                ActivationGradients.chain(activation, input.address(), gradient.address(), gradient.address(), count);
                memory.check(activation.name());
                float[] out = result.toArray(JAVA_FLOAT);
                float[] inPlace = gradient.toArray(JAVA_FLOAT);
                for (int i = 0; i < count; i++) {
                    float expected = derivative(activation, x[i]) * dy[i];
                    assertEquals(expected, out[i], Math.abs(expected) * 1e-7f, activation + " number " + i);
                    assertTrue(out[i] == inPlace[i], activation + " in place");
                }
            }
        }
    }

    private static float derivative(Activation activation, float x) {
        FloatVector one = FloatVector.broadcast(Simd.SPECIES, 1f);
        return of(v -> VectorDerivatives.chain(activation, v, one), x);
    }

    private static double sigmoid(double x) {
        return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
    }

    private static double density(double x) {
        return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    /// The derivative with `x` as the factor of its second term.
    private static double geluTanh(double x, double factor) {
        double u = Math.max(-800, Math.min(800, SLOPE * (x + 0.044715 * x * x * x)));
        return sigmoid(u) + factor * SLOPE * (1 + 3 * 0.044715 * Math.min(1e10, x * x)) * sigmoid(u) * sigmoid(-u);
    }
}
