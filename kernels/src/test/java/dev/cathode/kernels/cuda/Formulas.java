package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cpu.Activation;

/// Functions in float64 that tests compare kernels with.
final class Formulas {
    private Formulas() { }

    static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /// The normal distribution's cumulative function, by its series (|x| up to 6) or its asymptote.
    static double normalCdf(double x) {
        if (Math.abs(x) > 8) {
            return x > 0 ? 1 : 0;
        }
        double term = x;
        double sum = x;
        for (int n = 1; n < 400; n++) { // Σ x^(2n+1) / (1·3·5···(2n+1))
            term *= x * x / (2 * n + 1);
            sum += term;
        }
        return 0.5 + sum * normalDensity(x);
    }

    static double normalDensity(double x) {
        return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    static double activated(Activation activation, double x) {
        return switch (activation) {
            case NONE -> x;
            case RELU -> Math.max(x, 0);
            case SILU -> x * sigmoid(x);
            case GELU -> x * normalCdf(x);
            case GELU_TANH -> x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
            case QUICK_GELU -> x * sigmoid(1.702 * x);
            case SIGMOID -> sigmoid(x);
            case TANH -> Math.tanh(x);
            case SOFTPLUS -> Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
            case EXP -> Math.exp(x);
        };
    }

    /// By central differences, but where there is a corner or a plain formula.
    static double derivative(Activation activation, double x) {
        return switch (activation) {
            case NONE -> 1;
            case RELU -> x > 0 ? 1 : 0;
            case EXP -> Math.exp(x);
            default -> {
                double h = 1e-3; // fourth order: h⁴ = 1e-12
                yield (8 * (activated(activation, x + h) - activated(activation, x - h))
                        - activated(activation, x + 2 * h) + activated(activation, x - 2 * h)) / (12 * h);
            }
        };
    }
}
