// Activations and their derivatives, numbered as the constants of dev.cathode.kernels.cpu.Activation.

#define NONE 0
#define RELU 1
#define SILU 2
#define GELU 3
#define GELU_TANH 4
#define QUICK_GELU 5
#define SIGMOID 6
#define TANH 7
#define SOFTPLUS 8
#define EXP 9

DEVICE float sigmoid(float x) { return 1 / (1 + expf(-x)); }
// Of the normal distribution: the exact error function.
DEVICE float normal_cdf(float x) { return 0.5f * (1 + erff(x * 0.70710678f)); }
DEVICE float normal_density(float x) { return 0.39894228f * expf(-0.5f * x * x); }
DEVICE float gelu(float x) { return x * normal_cdf(x); }
DEVICE float gelu_derivative(float x) { return normal_cdf(x) + x * normal_density(x); }

DEVICE float activated(int activation, float x) {
    switch (activation) {
        case RELU: return maximum(x, 0);
        case SILU: return x * sigmoid(x);
        case GELU: return gelu(x);
        case GELU_TANH: return 0.5f * x * (1 + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
        case QUICK_GELU: return x * sigmoid(1.702f * x);
        case SIGMOID: return sigmoid(x);
        case TANH: return tanhf(x);
        case SOFTPLUS: return maximum(x, 0) + log1pf(expf(-fabsf(x)));
        case EXP: return expf(x);
        default: return x;
    }
}

DEVICE float derivative(int activation, float x) {
    switch (activation) {
        case RELU: return x > 0 ? 1.f : 0.f;
        case SILU: {
            float s = sigmoid(x);
            return s * (1 + x * (1 - s));
        }
        case GELU: return gelu_derivative(x);
        case GELU_TANH: {
            float t = tanhf(0.79788456f * (x + 0.044715f * x * x * x));
            return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * 0.79788456f * (1 + 0.134145f * x * x);
        }
        case QUICK_GELU: {
            float s = sigmoid(1.702f * x);
            return s * (1 + 1.702f * x * (1 - s));
        }
        case SIGMOID: {
            float s = sigmoid(x);
            return s * (1 - s);
        }
        case TANH: {
            float t = tanhf(x);
            return 1 - t * t;
        }
        case SOFTPLUS: return sigmoid(x);
        case EXP: return expf(x);
        default: return 1;
    }
}
