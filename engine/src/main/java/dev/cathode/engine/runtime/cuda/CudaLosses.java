package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.graph.GradientOp;
import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Value;
import dev.cathode.kernels.cuda.CudaReduction;
import dev.cathode.weights.DType;

/// Losses and their gradients: of float32 numbers, summed in float64.
final class CudaLosses {
    private final CudaReduction reduction;

    CudaLosses(CudaPlans plans) {
        reduction = plans.kernels(DType.F32).reduction();
    }

    CudaKernel meanSquaredError(Value y, boolean weighted) {
        long count = y.input(0).shape().count();
        long perWeight = weighted ? count / y.input(0).shape().dim(0) : count;
        return CudaKernel.scratch("mean squared error", CudaReduction.lossWorkspaceBytes(0), a -> {
            long x = a.of(y.input(0)), target = a.of(y.input(1)), weights = weighted ? a.of(y.input(2)) : 0;
            long out = a.of(y), workspace = a.workspace();
            return () -> reduction.meanSquaredError(x, target, weights, perWeight, out, count, workspace);
        });
    }

    CudaKernel meanSquaredErrorGradient(Value dx, boolean weighted) {
        long count = dx.shape().count(), perWeight = weighted ? count / dx.shape().dim(0) : count;
        return CudaKernel.scratch("mean squared error gradient", CudaReduction.lossWorkspaceBytes(0), a -> {
            long x = a.of(dx.input(0)), target = a.of(dx.input(1)), weights = weighted ? a.of(dx.input(2)) : 0;
            long dy = a.of(dx.inputs().getLast()), out = a.of(dx), workspace = a.workspace();
            return () -> reduction.meanSquaredErrorGradient(x, target, weights, perWeight, dy, out, count, workspace);
        });
    }

    CudaKernel binaryCrossEntropy(Value y, boolean masked) {
        long count = y.input(0).shape().count();
        return CudaKernel.scratch("binary cross-entropy", CudaReduction.lossWorkspaceBytes(0), a -> {
            long x = a.of(y.input(0)), target = a.of(y.input(1)), known = masked ? a.of(y.input(2)) : 0;
            long out = a.of(y), workspace = a.workspace();
            return () -> reduction.binaryCrossEntropy(x, target, known, out, count, workspace);
        });
    }

    CudaKernel binaryCrossEntropyGradient(Value dx, boolean masked) {
        long count = dx.shape().count();
        return CudaKernel.scratch("binary cross-entropy gradient", CudaReduction.lossWorkspaceBytes(0), a -> {
            long x = a.of(dx.input(0)), target = a.of(dx.input(1)), known = masked ? a.of(dx.input(2)) : 0;
            long dy = a.of(dx.inputs().getLast()), out = a.of(dx), workspace = a.workspace();
            return () -> reduction.binaryCrossEntropyGradient(x, target, known, dy, out, count, workspace);
        });
    }

    CudaKernel crossEntropy(Value y, Op.CrossEntropy op) {
        int rows = y.input(0).shape().dim(0), classes = y.input(0).shape().dim(1);
        return CudaKernel.scratch("cross-entropy", CudaReduction.lossWorkspaceBytes(rows), a -> {
            long x = a.of(y.input(0)), ids = a.of(y.input(1)), out = a.of(y), workspace = a.workspace();
            return () -> reduction.crossEntropy(x, ids, out, rows, classes, op.ignoreIndex(), op.labelSmoothing(),
                    workspace);
        });
    }

    CudaKernel crossEntropyGradient(Value dx, GradientOp.CrossEntropy op) {
        int rows = dx.shape().dim(0), classes = dx.shape().dim(1);
        return CudaKernel.scratch("cross-entropy gradient", CudaReduction.lossWorkspaceBytes(rows), a -> {
            long x = a.of(dx.input(0)), ids = a.of(dx.input(1)), dy = a.of(dx.input(2)), out = a.of(dx);
            long workspace = a.workspace();
            return () -> reduction.crossEntropyGradient(x, ids, dy, out, rows, classes, op.ignoreIndex(),
                    op.labelSmoothing(), workspace);
        });
    }
}
