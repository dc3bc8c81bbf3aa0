package dev.cathode.engine.runtime.cpu;

import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Value;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Elementwise.Loss;
import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.ValueLayout;

/// Losses: sums in float64, stored as one float32.
final class CpuLosses {
    private final CpuKernels kernels;
    private final Workers workers;

    CpuLosses(CpuKernels kernels, Workers workers) {
        this.kernels = kernels;
        this.workers = workers;
    }

    CpuKernel meanSquaredError(Value y, boolean weighted) {
        return CpuKernel.simple("mean squared error", a -> {
            long x = a.of(y.input(0)), target = a.of(y.input(1)), out = a.of(y);
            long weights = weighted ? a.of(y.input(2)) : 0;
            long count = y.input(0).shape().count();
            int samples = weighted ? y.input(0).shape().dim(0) : 1;
            long perSample = count / samples;
            return () -> {
                double sum = 0;
                for (int n = 0; n < samples; n++) {
                    long offset = n * perSample * Float.BYTES;
                    double part = sum(Loss.SQUARED_ERROR, x + offset, target + offset, 0, perSample);
                    sum += weighted ? part * number(weights + 4L * n) : part;
                }
                store(out, sum / count);
            };
        });
    }

    CpuKernel binaryCrossEntropy(Value y, boolean masked) {
        return CpuKernel.simple("binary cross-entropy", a -> {
            long x = a.of(y.input(0)), target = a.of(y.input(1)), out = a.of(y);
            long known = masked ? a.of(y.input(2)) : 0;
            long count = y.input(0).shape().count();
            return () -> {
                double sum = sum(Loss.BINARY_CROSS_ENTROPY_WITH_LOGITS, x, target, known, count);
                store(out, sum / (masked ? sum(Loss.IDENTITY, known, known, 0, count) : count));
            };
        });
    }

    CpuKernel crossEntropy(Value y, Op.CrossEntropy op) {
        int rows = y.input(0).shape().dim(0), classes = y.input(0).shape().dim(1);
        return new CpuKernel("cross-entropy", 0, (long) rows * classes * Float.BYTES, 0, a -> {
            long x = a.of(y.input(0)), ids = a.of(y.input(1)), out = a.of(y), logs = a.workspace();
            return () -> {
                kernels.normalization().logSoftmax(x, logs, rows, classes, workers);
                store(out, meanCrossEntropy(logs, ids, rows, classes, op));
            };
        });
    }

    private double meanCrossEntropy(long logs, long ids, int rows, int classes, Op.CrossEntropy op) {
        double sum = 0;
        int counted = 0;
        for (int r = 0; r < rows; r++) {
            int id = OffHeap.ALL.get(ValueLayout.JAVA_INT, ids + 4L * r);
            if (id == op.ignoreIndex()) {
                continue;
            }
            if (id < 0 || id >= classes) {
                throw new IndexOutOfBoundsException("class " + id + " of row " + r + " is not one of " + classes);
            }
            long row = logs + 4L * r * classes;
            double all = op.labelSmoothing() == 0 ? 0 : sum(Loss.IDENTITY, row, row, 0, classes) / classes;
            sum -= (1 - op.labelSmoothing()) * number(row + 4L * id) + op.labelSmoothing() * all;
            counted++;
        }
        return sum / counted;
    }

    private double sum(Loss loss, long x, long target, long weights, long count) {
        return kernels.elementwise().sum(loss, x, target, weights, count, workers);
    }

    private static float number(long address) {
        return OffHeap.ALL.get(ValueLayout.JAVA_FLOAT, address);
    }

    private static void store(long address, double value) {
        OffHeap.ALL.set(ValueLayout.JAVA_FLOAT, address, (float) value);
    }
}
