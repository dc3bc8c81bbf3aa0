package dev.cathode.engine.runtime.cpu;

import dev.cathode.engine.graph.Value;
import dev.cathode.kernels.cpu.Elementwise;
import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.Workers;
import dev.cathode.weights.DType;
import java.lang.foreign.ValueLayout;

/// Conversions between the types of values.
final class CpuCasts {
    private CpuCasts() { }

    static CpuKernel lower(Value y, DType to, Elementwise elementwise, Workers workers) {
        DType from = y.input(0).dtype();
        return CpuKernel.simple("cast", a -> {
            long x = a.of(y.input(0)), out = a.of(y), count = y.shape().count();
            if (from == DType.F32 && (to == DType.F16 || to == DType.BF16)) {
                return () -> elementwise.narrow(storage(to), x, out, count, workers);
            }
            if (to == DType.F32 && (from == DType.F16 || from == DType.BF16)) {
                return () -> elementwise.widen(storage(from), x, out, count, workers);
            }
            if (from == DType.I32 && to == DType.F32) {
                return () -> integersToFloats(x, out, count);
            }
            throw new IllegalArgumentException("there is no conversion from " + from + " to " + to);
        });
    }

    private static void integersToFloats(long x, long out, long count) {
        for (long i = 0; i < count; i++) {
            OffHeap.ALL.set(ValueLayout.JAVA_FLOAT, out + 4 * i, OffHeap.ALL.get(ValueLayout.JAVA_INT, x + 4 * i));
        }
    }

    private static WeightStorage storage(DType dtype) {
        return dtype == DType.F16 ? WeightStorage.F16 : WeightStorage.BF16;
    }
}
