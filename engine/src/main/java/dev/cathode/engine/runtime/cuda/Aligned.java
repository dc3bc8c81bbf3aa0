package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.graph.Op;
import dev.cathode.engine.graph.Value;
import dev.cathode.engine.runtime.cuda.CudaKernel.Addresses;
import dev.cathode.kernels.cuda.CudaLayout;

/// An operand of a library, which wants addresses that are multiples of 16. Whatever has a buffer of its own has such
/// an address; a slice of the outermost axis may begin anywhere, and is copied to where it may be read.
final class Aligned {
    private static final int ALIGNMENT = 16;

    private final Value value;
    private final CudaLayout layout;
    private final boolean copied;
    private final long scratch;

    Aligned(Value value, CudaPlans plans, Scratch scratch) {
        this.value = value;
        layout = plans.kernels(value.dtype()).layout();
        copied = offset(value) % ALIGNMENT != 0;
        this.scratch = copied ? scratch.take(value.bytes()) : 0;
    }

    /// Bytes from the start of a buffer.
    private static long offset(Value value) {
        return switch (value.op()) {
            case Op.Reshape _ -> offset(value.input(0));
            case Op.Slice(int axis, int start, int _) when value.shape().product(0, axis) == 1 -> offset(value.input(0))
                    + (long) start * value.shape().product(axis + 1, value.shape().rank()) * value.dtype().bytes();
            default -> 0;
        };
    }

    /// Where it may be read, after [#prepare].
    long address(Addresses a) {
        return copied ? a.workspace() + scratch : a.of(value);
    }

    /// Does what has to be done before it is read.
    Runnable prepare(Addresses a) {
        if (!copied) {
            return () -> { };
        }
        long from = a.of(value), to = address(a);
        int rows = value.shape().rows(), columns = value.shape().last();
        return () -> layout.copy(from, columns, to, columns, rows, columns);
    }
}
