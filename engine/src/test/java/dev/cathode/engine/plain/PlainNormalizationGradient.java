package dev.cathode.engine.plain;

import static dev.cathode.engine.plain.PlainKernels.get;
import static dev.cathode.engine.plain.PlainKernels.set;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.NormalizationGradient;
import dev.cathode.kernels.cpu.Workers;

/// Gradients of normalisations by the chain rule in float64, on one thread. Whatever is normalised together is a list
/// of numbers; `[outer, inner]` numbers a `stride` apart are one.
final class PlainNormalizationGradient implements NormalizationGradient {
    /// What is normalised together: number i sits at `first + i / inner * stride + i % inner`, and its channel is the
    /// remainder of that by `channels`.
    private record Together(long first, int outer, int inner, int stride, int channels) {
        int count() {
            return outer * inner;
        }

        long at(int i) {
            return first + (long) (i / inner) * stride + i % inner;
        }

        double mean(long x) {
            double sum = 0;
            for (int i = 0; i < count(); i++) {
                sum += get(x, at(i));
            }
            return sum / count();
        }

        double variance(long x, double mean) {
            double sum = 0;
            for (int i = 0; i < count(); i++) {
                double d = get(x, at(i)) - mean;
                sum += d * d;
            }
            return sum / count();
        }

        /// Writes dx and adds to the gradients of weight and bias; `own` says that the statistics are of x itself.
        void gradient(long x, double mean, double variance, boolean own, long weight, long bias, long dy, long dx,
                      double[] dWeight, double[] dBias, float epsilon, Activation activation) {
            double inverse = 1 / Math.sqrt(variance + epsilon);
            double[] normalized = new double[count()];
            double[] gradient = new double[count()]; // of the normalised numbers
            double a = 0;
            double b = 0;
            for (int i = 0; i < count(); i++) {
                int c = (int) (at(i) % channels);
                double n = (get(x, at(i)) - mean) * inverse;
                double g = get(dy, at(i));
                if (activation != Activation.NONE) {
                    g *= PlainKernels.derivative(activation, n * get(weight, c) + get(bias, c));
                }
                dWeight[c] += g * n;
                dBias[c] += g;
                normalized[i] = n;
                gradient[i] = g * get(weight, c);
                a += gradient[i] / count();
                b += gradient[i] * n / count();
            }
            for (int i = 0; i < count(); i++) {
                set(dx, at(i), inverse * (own ? gradient[i] - a - normalized[i] * b : gradient[i]));
            }
        }
    }

    @Override
    public void groupNorm(long x, long weight, long bias, long dy, long dx, long dWeight, long dBias, int batch,
                          int pixels, int channels, int groups, float epsilon, Activation activation, long workspace,
                          Workers workers) {
        double[] weights = new double[channels];
        double[] biases = new double[channels];
        for (int i = 0; i < batch * groups; i++) {
            int size = channels / groups;
            long first = (long) (i / groups) * pixels * channels + (long) (i % groups) * size;
            Together group = new Together(first, pixels, size, channels, channels);
            double mean = group.mean(x);
            group.gradient(x, mean, group.variance(x, mean), true, weight, bias, dy, dx, weights, biases, epsilon,
                    activation);
        }
        store(weights, dWeight);
        store(biases, dBias);
    }

    @Override
    public long groupNormWorkspaceBytes(int batch, int pixels, int channels, int groups) {
        return 0;
    }

    @Override
    public void layerNorm(long x, long weight, long dy, long dx, long dWeight, long dBias, int rows, int columns,
                          float epsilon, long workspace, Workers workers) {
        double[] weights = new double[columns];
        double[] biases = new double[columns];
        for (int row = 0; row < rows; row++) {
            Together numbers = new Together((long) row * columns, 1, columns, columns, columns);
            double mean = numbers.mean(x);
            numbers.gradient(x, mean, numbers.variance(x, mean), true, weight, 0, dy, dx, weights, biases, epsilon,
                    Activation.NONE);
        }
        store(weights, dWeight);
        store(biases, dBias);
    }

    @Override
    public long layerNormWorkspaceBytes(int rows, int columns) {
        return 0;
    }

    @Override
    public void batchNormTraining(long x, long weight, long bias, long y, long mean, long variance, int pixels,
                                  int channels, float epsilon, Activation activation, Workers workers) {
        for (int c = 0; c < channels; c++) {
            Together channel = new Together(c, pixels, 1, channels, channels);
            double m = channel.mean(x);
            double v = channel.variance(x, m);
            set(mean, c, m);
            set(variance, c, v * pixels / (pixels - 1));
            for (int i = 0; i < pixels; i++) {
                double n = (get(x, channel.at(i)) - m) / Math.sqrt(v + epsilon);
                set(y, channel.at(i), PlainKernels.activate(activation, n * get(weight, c) + get(bias, c)));
            }
        }
    }

    @Override
    public void batchNormTraining(long x, long weight, long bias, long dy, long dx, long dWeight, long dBias,
                                  int pixels, int channels, float epsilon, Activation activation, long workspace,
                                  Workers workers) {
        groupNorm(x, weight, bias, dy, dx, dWeight, dBias, 1, pixels, channels, channels, epsilon, activation,
                workspace, workers);
    }

    @Override
    public void batchNorm(long x, long mean, long variance, long weight, long bias, long dy, long dx, long dWeight,
                          long dBias, int pixels, int channels, float epsilon, Activation activation, long workspace,
                          Workers workers) {
        double[] weights = new double[channels];
        double[] biases = new double[channels];
        for (int c = 0; c < channels; c++) {
            new Together(c, pixels, 1, channels, channels).gradient(x, get(mean, c), get(variance, c), false, weight,
                    bias, dy, dx, weights, biases, epsilon, activation);
        }
        store(weights, dWeight);
        store(biases, dBias);
    }

    @Override
    public long batchNormWorkspaceBytes(int pixels, int channels) {
        return 0;
    }

    @Override
    public void softmax(long y, long dy, long dx, int rows, int columns, Workers workers) {
        for (long first = 0; first < (long) rows * columns; first += columns) {
            for (long i = first; i < first + columns; i++) {
                double sum = 0; // of differences: stored probabilities do not add up to 1 exactly
                for (long j = first; j < first + columns; j++) {
                    sum += get(y, j) * ((double) get(dy, i) - get(dy, j));
                }
                set(dx, i, get(y, i) * sum);
            }
        }
    }

    @Override
    public void logSoftmax(long y, long dy, long dx, int rows, int columns, Workers workers) {
        for (long first = 0; first < (long) rows * columns; first += columns) {
            double sum = 0;
            for (long i = first; i < first + columns; i++) {
                sum += get(dy, i);
            }
            for (long i = first; i < first + columns; i++) {
                set(dx, i, get(dy, i) - Math.exp(get(y, i)) * sum);
            }
        }
    }

    private static void store(double[] numbers, long to) {
        for (int i = 0; i < numbers.length; i++) {
            set(to, i, numbers[i]);
        }
    }
}
