package dev.cathode.engine.plain;

import static dev.cathode.engine.plain.PlainKernels.get;
import static dev.cathode.engine.plain.PlainKernels.set;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.ElementwiseGradient;
import dev.cathode.kernels.cpu.Workers;

/// Derivatives of functions of single numbers, and sums.
final class PlainElementwiseGradient implements ElementwiseGradient {
    @Override
    public void activate(Activation activation, long x, long dy, long dx, long count, Workers workers) {
        for (long i = 0; i < count; i++) {
            set(dx, i, get(dy, i) * PlainKernels.derivative(activation, get(x, i)));
        }
    }

    @Override
    public void geglu(long x, long dy, long dx, int rows, int columns, Workers workers) {
        for (long i = 0; i < (long) rows * columns; i++) {
            long at = i / columns * 2 * columns + i % columns;
            double gate = get(x, at + columns);
            set(dx, at, get(dy, i) * PlainKernels.activate(Activation.GELU, gate));
            set(dx, at + columns, (double) get(dy, i) * get(x, at) * PlainKernels.derivative(Activation.GELU, gate));
        }
    }

    @Override
    public void sumMiddle(long x, long y, int outer, int middle, int inner, Workers workers) {
        for (long i = 0; i < (long) outer * inner; i++) {
            double sum = 0;
            for (long m = 0; m < middle; m++) {
                sum += get(x, (i / inner * middle + m) * inner + i % inner);
            }
            set(y, i, sum);
        }
    }

    @Override
    public void squaredError(long x, long target, long weights, long perWeight, float factor, long dx, long count,
                             Workers workers) {
        for (long i = 0; i < count; i++) {
            double weight = weights == 0 ? 1 : get(weights, i / perWeight);
            set(dx, i, factor * weight * 2 * ((double) get(x, i) - get(target, i)));
        }
    }

    @Override
    public void binaryCrossEntropy(long x, long target, long mask, float factor, long dx, long count, Workers workers) {
        for (long i = 0; i < count; i++) {
            double weight = mask == 0 ? 1 : get(mask, i);
            set(dx, i, factor * weight * (PlainKernels.activate(Activation.SIGMOID, get(x, i)) - get(target, i)));
        }
    }

    @Override
    public void fill(float value, long y, long count, Workers workers) {
        for (long i = 0; i < count; i++) {
            set(y, i, value);
        }
    }
}
