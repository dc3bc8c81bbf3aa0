package dev.cathode.engine.plain;

import static dev.cathode.engine.plain.PlainKernels.get;
import static dev.cathode.engine.plain.PlainKernels.set;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Elementwise;
import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.ValueLayout;

/// Functions of single numbers and pairs of numbers.
final class PlainElementwise implements Elementwise {
    @Override
    public void activate(Activation activation, long x, long y, long count, Workers workers) {
        for (long i = 0; i < count; i++) {
            set(y, i, PlainKernels.activate(activation, get(x, i)));
        }
    }

    @Override
    public void affine(float scale, float shift, long x, long y, long count, Workers workers) {
        for (long i = 0; i < count; i++) {
            set(y, i, (double) scale * get(x, i) + shift);
        }
    }

    @Override
    public void binary(Binary operation, long a, long b, long y, long count, Workers workers) {
        broadcast(operation, a, b, y, 1, 1, Math.toIntExact(count), workers);
    }

    @Override
    public void broadcast(Binary operation, long a, long b, long y, int outer, int middle, int inner,
                          Workers workers) {
        for (long i = 0; i < (long) outer * middle * inner; i++) {
            double left = get(a, i);
            double right = get(b, i / inner / middle * inner + i % inner);
            set(y, i, switch (operation) {
                case ADD -> left + right;
                case SUBTRACT -> left - right;
                case MULTIPLY -> left * right;
                case DIVIDE -> left / right;
            });
        }
    }

    @Override
    public void geglu(long x, long y, int rows, int columns, Workers workers) {
        for (long i = 0; i < (long) rows * columns; i++) {
            long from = i / columns * 2 * columns + i % columns;
            set(y, i, get(x, from) * PlainKernels.activate(Activation.GELU, get(x, from + columns)));
        }
    }

    @Override
    public void widen(WeightStorage from, long x, long y, long count, Workers workers) {
        for (long i = 0; i < count; i++) {
            // Not through a double: the bits of a NaN stay.
            OffHeap.ALL.set(ValueLayout.JAVA_FLOAT, y + 4 * i, get(from, x, i));
        }
    }

    @Override
    public void narrow(WeightStorage to, long x, long y, long count, Workers workers) {
        for (long i = 0; i < count; i++) {
            float value = get(x, i);
            switch (to) {
                case F32 -> set(y, i, value);
                case F16 -> OffHeap.ALL.set(ValueLayout.JAVA_SHORT, y + 2 * i, Float.floatToFloat16(value));
                case BF16 -> OffHeap.ALL.set(ValueLayout.JAVA_SHORT, y + 2 * i, bfloat16(value));
            }
        }
    }

    /// Half of a step is added and the rest cut off; at a tie the bit that stays decides.
    private static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return (short) (Float.isNaN(value) ? bits >>> 16 | 0x40 : bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }

    @Override
    public double sum(Loss loss, long x, long target, long weights, long count, Workers workers) {
        double sum = 0;
        for (long i = 0; i < count; i++) {
            double v = get(x, i);
            double t = get(target, i);
            sum += (weights == 0 ? 1 : get(weights, i)) * switch (loss) {
                case SQUARED_ERROR -> (v - t) * (v - t);
                case BINARY_CROSS_ENTROPY_WITH_LOGITS -> Math.max(v, 0) - v * t + Math.log1p(Math.exp(-Math.abs(v)));
                case IDENTITY -> v;
            };
        }
        return sum;
    }
}
