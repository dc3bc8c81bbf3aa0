package dev.cathode.engine.runtime.cpu;

import dev.cathode.engine.graph.UpdateOp;
import dev.cathode.engine.graph.Value;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.kernels.cpu.Optimization;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.ValueLayout;

/// The operations that change variables, and the norms that decide how far.
final class CpuUpdates {
    private static final double CLIP_EPSILON = 1e-6;

    private final CpuKernels kernels;
    private final Optimization optimization;
    private final CpuWeights weights;
    private final Workers workers;

    CpuUpdates(CpuKernels kernels, Workers workers, CpuWeights weights) {
        this.kernels = kernels;
        optimization = kernels.optimization();
        this.weights = weights;
        this.workers = workers;
    }

    CpuKernel lower(Value y, UpdateOp op) {
        for (Value input : y.inputs().subList(0, op.variables())) {
            if (!weights.isVariable(input)) {
                throw new IllegalArgumentException(CpuWeights.name(input) + " is no variable, so " + op
                        + " cannot change it");
            }
        }
        long count = y.input(0).shape().count();
        return CpuKernel.simple("update", a -> {
            long[] in = y.inputs().stream().mapToLong(a::of).toArray();
            return switch (op) {
                case UpdateOp.Adam adam -> () -> {
                    float factor = number(in[6]);
                    if (Float.isFinite(factor)) {
                        optimization.adam(new Optimization.Adam(number(in[4]), adam.beta1(), adam.beta2(), adam.epsilon(),
                                adam.weightDecay(), adam.decoupled(), integer(in[5]), factor),
                                in[0], in[3], in[1], in[2], count, workers);
                    }
                };
                case UpdateOp.Sgd sgd -> () -> {
                    float factor = number(in[5]);
                    if (Float.isFinite(factor)) {
                        optimization.sgd(number(in[3]), sgd.momentum(), sgd.weightDecay(), sgd.nesterov(),
                                integer(in[4]) == 1, factor, in[0], in[2], in[1], count, workers);
                    }
                };
                case UpdateOp.Average _ -> () -> {
                    if (Float.isFinite(number(in[3]))) {
                        optimization.average(1.0 - number(in[2]), in[0], in[1], count, workers);
                    }
                };
                case UpdateOp.Accumulate _ -> () -> optimization.accumulate(1, in[1], in[0], count, workers);
                case UpdateOp.SamplerStep(boolean guided) -> {
                    int size = y.input(1).shape().intCount();
                    yield () -> CpuSampler.step(guided, in[0], in[1], in[2], in[3], in[4], in[5], integer(in[6]), size);
                }
                case UpdateOp.Clear _ -> () -> kernels.elementwiseGradient().fill(0, in[0], count, workers);
            };
        });
    }

    CpuKernel norm(Value y) {
        return CpuKernel.simple("norm", a -> {
            long[] in = y.inputs().stream().mapToLong(a::of).toArray();
            long[] counts = y.inputs().stream().mapToLong(x -> x.shape().count()).toArray();
            long out = a.of(y);
            return () -> {
                double sum = 0;
                for (int i = 0; i < in.length; i++) {
                    sum += optimization.sumOfSquares(in[i], counts[i], workers);
                }
                store(out, Math.sqrt(sum));
            };
        });
    }

    CpuKernel clipFactor(Value y, float maximum) {
        return CpuKernel.simple("clip", a -> {
            long norm = a.of(y.input(0)), out = a.of(y);
            return () -> store(out, Float.isFinite(number(norm)) ? Math.min(1, maximum / (number(norm) + CLIP_EPSILON))
                    : Double.NaN);
        });
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
