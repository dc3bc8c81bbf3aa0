package dev.cathode.engine.runtime.cpu;

import dev.cathode.engine.graph.GradientOp;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Value;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Elementwise.Loss;
import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.ValueLayout;

/// Losses and their gradients: sums in float64, stored as one float32.
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

    CpuKernel meanSquaredErrorGradient(Value dx, boolean weighted) {
        return CpuKernel.simple("mean squared error gradient", a -> {
            long x = a.of(dx.input(0)), target = a.of(dx.input(1)), out = a.of(dx);
            long weights = weighted ? a.of(dx.input(2)) : 0, dy = a.of(dx.inputs().getLast());
            long count = dx.shape().count(), perWeight = weighted ? count / dx.shape().dim(0) : count;
            return () -> kernels.elementwiseGradient().squaredError(x, target, weights, perWeight, number(dy) / count,
                    out, count, workers);
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

    CpuKernel binaryCrossEntropyGradient(Value dx, boolean masked) {
        return CpuKernel.simple("binary cross-entropy gradient", a -> {
            long x = a.of(dx.input(0)), target = a.of(dx.input(1)), out = a.of(dx);
            long known = masked ? a.of(dx.input(2)) : 0, dy = a.of(dx.inputs().getLast());
            long count = dx.shape().count();
            return () -> {
                double terms = masked ? sum(Loss.IDENTITY, known, known, 0, count) : count;
                kernels.elementwiseGradient().binaryCrossEntropy(x, target, known, (float) (number(dy) / terms), out,
                        count, workers);
            };
        });
    }

    CpuKernel crossEntropy(Value y, Op.CrossEntropy op) {
        int rows = y.input(0).shape().dim(0), classes = y.input(0).shape().dim(1);
        return new CpuKernel("cross-entropy", 0, false, (long) rows * classes * Float.BYTES, 0, a -> {
            long x = a.of(y.input(0)), ids = a.of(y.input(1)), out = a.of(y), logs = a.workspace();
            return () -> {
                kernels.normalization().logSoftmax(x, logs, rows, classes, workers);
                store(out, meanCrossEntropy(logs, ids, rows, classes, op));
            };
        });
    }

    CpuKernel crossEntropyGradient(Value dx, GradientOp.CrossEntropy op) {
        int rows = dx.shape().dim(0), classes = dx.shape().dim(1);
        return CpuKernel.simple("cross-entropy gradient", a -> {
            long x = a.of(dx.input(0)), ids = a.of(dx.input(1)), dy = a.of(dx.input(2)), out = a.of(dx);
            return () -> {
                kernels.normalization().softmax(x, out, rows, classes, workers);
                int counted = 0;
                for (int r = 0; r < rows; r++) {
                    counted += integer(ids + 4L * r) == op.ignoreIndex() ? 0 : 1;
                }
                double scale = number(dy) / (double) counted;
                for (int r = 0; r < rows; r++) {
                    towards(out + 4L * r * classes, integer(ids + 4L * r), classes, scale, op);
                }
            };
        });
    }

    /// Turns the probabilities of one row into the gradient: probability minus target, scaled.
    private static void towards(long row, int id, int classes, double scale, GradientOp.CrossEntropy op) {
        for (int c = 0; c < classes; c++) {
            double target = (c == id ? 1 - op.labelSmoothing() : 0) + op.labelSmoothing() / (double) classes;
            store(row + 4L * c, id == op.ignoreIndex() ? 0 : (number(row + 4L * c) - target) * scale);
        }
    }

    private double meanCrossEntropy(long logs, long ids, int rows, int classes, Op.CrossEntropy op) {
        double sum = 0;
        int counted = 0;
        for (int r = 0; r < rows; r++) {
            int id = integer(ids + 4L * r);
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

    private static int integer(long address) {
        return OffHeap.ALL.get(ValueLayout.JAVA_INT, address);
    }

    private static void store(long address, double value) {
        OffHeap.ALL.set(ValueLayout.JAVA_FLOAT, address, (float) value);
    }
}
