package dev.cathode.engine.plain;

import static dev.cathode.engine.plain.PlainKernels.get;
import static dev.cathode.engine.plain.PlainKernels.set;

import dev.cathode.kernels.cpu.Optimization;
import dev.cathode.kernels.cpu.Workers;

/// Optimizer steps, by PyTorch's documentation.
final class PlainOptimization implements Optimization {
    @Override
    public void adam(Adam a, long parameter, long gradient, long firstMoment, long secondMoment, long count,
                     Workers workers) {
        for (long i = 0; i < count && Float.isFinite(a.gradientScale()); i++) {
            double p = get(parameter, i);
            double g = (double) a.gradientScale() * get(gradient, i) + (a.decoupled() ? 0 : a.weightDecay() * p);
            double m = a.beta1() * get(firstMoment, i) + (1 - a.beta1()) * g;
            double v = a.beta2() * get(secondMoment, i) + (1 - a.beta2()) * g * g;
            double mean = m / (1 - Math.pow(a.beta1(), a.step()));
            double square = v / (1 - Math.pow(a.beta2(), a.step()));
            set(firstMoment, i, m);
            set(secondMoment, i, v);
            set(parameter, i, p - (a.decoupled() ? a.learningRate() * a.weightDecay() * p : 0)
                    - a.learningRate() * mean / (Math.sqrt(square) + a.epsilon()));
        }
    }

    @Override
    public void sgd(double learningRate, double momentum, double weightDecay, boolean nesterov, boolean firstStep,
                    float gradientScale, long parameter, long gradient, long buffer, long count, Workers workers) {
        for (long i = 0; i < count && Float.isFinite(gradientScale); i++) {
            double g = (double) gradientScale * get(gradient, i) + weightDecay * get(parameter, i);
            double step = g;
            if (buffer != 0) {
                double b = firstStep ? g : momentum * get(buffer, i) + g;
                set(buffer, i, b);
                step = nesterov ? g + momentum * b : b;
            }
            set(parameter, i, get(parameter, i) - learningRate * step);
        }
    }

    @Override
    public void average(double decay, long average, long x, long count, Workers workers) {
        for (long i = 0; i < count; i++) {
            set(average, i, decay * get(average, i) + (1 - decay) * get(x, i));
        }
    }

    @Override
    public void accumulate(float scale, long x, long sum, long count, Workers workers) {
        for (long i = 0; i < count; i++) {
            set(sum, i, get(sum, i) + (double) scale * get(x, i));
        }
    }

    @Override
    public double sumOfSquares(long x, long count, Workers workers) {
        double sum = 0;
        for (long i = 0; i < count; i++) {
            sum += (double) get(x, i) * get(x, i);
        }
        return sum;
    }

    @Override
    public long firstNonFinite(long x, long count, Workers workers) {
        for (long i = 0; i < count; i++) {
            if (!Float.isFinite(get(x, i))) {
                return i;
            }
        }
        return -1;
    }
}
