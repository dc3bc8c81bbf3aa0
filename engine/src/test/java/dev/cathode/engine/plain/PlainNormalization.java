package dev.cathode.engine.plain;

import static dev.cathode.engine.plain.PlainKernels.get;
import static dev.cathode.engine.plain.PlainKernels.set;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.Normalization;
import dev.cathode.kernels.cpu.Workers;

/// Normalisations: mean first, then the squares of the differences.
final class PlainNormalization implements Normalization {
    @Override
    public void groupNorm(long x, int xStride, long weight, long bias, long y, int batch, int pixels, int channels,
                          int groups, float epsilon, Activation activation, Workers workers) {
        int size = channels / groups;
        workers.run(batch * groups, (task, worker) -> {
            int n = task / groups;
            int first = task % groups * size;
            double mean = 0;
            for (int i = 0; i < pixels * size; i++) {
                mean += get(x, ((long) n * pixels + i / size) * xStride + first + i % size);
            }
            mean /= (double) pixels * size;
            double variance = 0;
            for (int i = 0; i < pixels * size; i++) {
                double d = get(x, ((long) n * pixels + i / size) * xStride + first + i % size) - mean;
                variance += d * d;
            }
            double scale = 1 / Math.sqrt(variance / ((double) pixels * size) + epsilon);
            for (int i = 0; i < pixels * size; i++) {
                long pixel = (long) n * pixels + i / size;
                int c = first + i % size;
                double v = (get(x, pixel * xStride + c) - mean) * scale * get(weight, c) + get(bias, c);
                set(y, pixel * channels + c, PlainKernels.activate(activation, v));
            }
        });
    }

    @Override
    public void layerNorm(long x, long weight, long bias, long y, int rows, int columns, float epsilon,
                          Workers workers) {
        workers.run(rows, (row, worker) -> {
            double mean = 0;
            for (int c = 0; c < columns; c++) {
                mean += get(x, (long) row * columns + c);
            }
            mean /= columns;
            double variance = 0;
            for (int c = 0; c < columns; c++) {
                double d = get(x, (long) row * columns + c) - mean;
                variance += d * d;
            }
            double scale = 1 / Math.sqrt(variance / columns + epsilon);
            for (int c = 0; c < columns; c++) {
                long i = (long) row * columns + c;
                set(y, i, (get(x, i) - mean) * scale * get(weight, c) + get(bias, c));
            }
        });
    }

    @Override
    public void batchNorm(long x, long mean, long variance, long weight, long bias, long y, int pixels, int channels,
                          float epsilon, Activation activation, Workers workers) {
        for (long i = 0; i < (long) pixels * channels; i++) {
            int c = (int) (i % channels);
            double v = (get(x, i) - get(mean, c)) / Math.sqrt(get(variance, c) + (double) epsilon);
            set(y, i, PlainKernels.activate(activation, v * get(weight, c) + get(bias, c)));
        }
    }

    @Override
    public void softmax(long x, long y, int rows, int columns, Workers workers) {
        workers.run(rows, (row, worker) -> {
            double log = logSum(x, row, columns);
            for (int c = 0; c < columns; c++) {
                set(y, (long) row * columns + c, Math.exp(get(x, (long) row * columns + c) - log));
            }
        });
    }

    @Override
    public void logSoftmax(long x, long y, int rows, int columns, Workers workers) {
        workers.run(rows, (row, worker) -> {
            double log = logSum(x, row, columns);
            for (int c = 0; c < columns; c++) {
                set(y, (long) row * columns + c, get(x, (long) row * columns + c) - log);
            }
        });
    }

    private static double logSum(long x, int row, int columns) {
        double max = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < columns; c++) {
            max = Math.max(max, get(x, (long) row * columns + c));
        }
        double sum = 0;
        for (int c = 0; c < columns; c++) {
            sum += Math.exp(get(x, (long) row * columns + c) - max);
        }
        return max + Math.log(sum);
    }
}
