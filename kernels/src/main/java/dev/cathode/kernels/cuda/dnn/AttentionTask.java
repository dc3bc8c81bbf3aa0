package dev.cathode.kernels.cuda.dnn;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cuda.Element;
import java.util.Map;
import java.util.TreeMap;

/// Scaled dot-product attention `softmax(q kᵀ · scale) v`, or its gradient. Tensors are `[batch, positions,
/// heads·headSize]`; the rows of operands may have gaps between them, so that q, k and v can be columns of one tensor.
///
/// @param work what to compute
/// @param shape the geometry
/// @param strides elements from one row to the next
/// @param element of all tensors but [#STATISTICS]
public record AttentionTask(Work work, Attention.Shape shape, Strides strides, Element element) {
    /// What to compute.
    public enum Work {
        /// [#OUTPUT] from [#Q], [#K] and [#V]
        FORWARD,
        /// [#STATISTICS] too
        FORWARD_WITH_STATISTICS,
        /// [#Q_GRADIENT], [#K_GRADIENT] and [#V_GRADIENT] from all the others
        GRADIENT
    }

    /// Elements from one row to the next, at least heads · headSize; batches follow each other without a gap. The
    /// gradients of q, k and v are contiguous.
    ///
    /// @param q of q
    /// @param k of k
    /// @param v of v
    /// @param output of the output
    /// @param outputGradient of the gradient of the output; not looked at in a forward pass
    public record Strides(long q, long k, long v, long output, long outputGradient) {
        /// No gaps.
        public static Strides contiguous(Attention.Shape shape) {
            long row = (long) shape.heads() * shape.headSize();
            return new Strides(row, row, row, row, row);
        }
    }

    /// The queries, `[batch, queries, heads·headSize]`.
    public static final long Q = 1;
    /// The keys, `[batch, keys, heads·headSize]`.
    public static final long K = 2;
    /// The values, `[batch, keys, heads·headSize]`.
    public static final long V = 3;
    /// The output, `[batch, queries, heads·headSize]`.
    public static final long OUTPUT = 4;
    /// The logarithms of the softmax's sums, `[batch, heads, queries]`, float32: `ln Σ exp(q kᵀ · scale)`. Those that
    /// [dev.cathode.kernels.cuda.CudaAttention] keeps are to the base 2.
    public static final long STATISTICS = 5;
    /// The gradient of the output.
    public static final long OUTPUT_GRADIENT = 6;
    /// The gradient of the queries.
    public static final long Q_GRADIENT = 7;
    /// The gradient of the keys.
    public static final long K_GRADIENT = 8;
    /// The gradient of the values.
    public static final long V_GRADIENT = 9;

    /// Checks that it is one.
    public AttentionTask {
        long row = (long) shape.heads() * shape.headSize();
        boolean gradient = work == Work.GRADIENT;
        if (shape.batch() < 1 || shape.heads() < 1 || shape.queries() < 1 || shape.keys() < 1 || shape.headSize() < 1
                || strides.q < row || strides.k < row || strides.v < row || strides.output < row
                || gradient && strides.outputGradient < row) {
            throw new IllegalArgumentException("attention of " + shape + " with rows of " + strides);
        }
    }

    /// Whether cuDNN may be asked for it. It is not asked for masks, for which [AttentionGraph] has no operations; for
    /// float32, whose products it would round; and for what it is known to do wrong: any attention in 9.10.0 and
    /// 9.10.1, and up to 9.15.0 gradients whose keys do not fill blocks of 128. Before 9.6.0 a gradient needs cleared
    /// memory.
    boolean supported(long version) {
        if (shape.causal() || shape.masked() || element == Element.FLOAT32 || version == 91000 || version == 91001) {
            return false;
        }
        return work != Work.GRADIENT || version > 91500 || version >= 90600 && shape.keys() % 128 == 0;
    }

    /// The tensors that its work reads and writes, by their numbers, each with its bytes from the first number to the
    /// last.
    public Map<Long, Long> tensors() {
        Map<Long, Long> bytes = new TreeMap<>();
        bytes.put(Q, bytes(shape.queries(), strides.q));
        bytes.put(K, bytes(shape.keys(), strides.k));
        bytes.put(V, bytes(shape.keys(), strides.v));
        bytes.put(OUTPUT, bytes(shape.queries(), strides.output));
        if (work != Work.FORWARD) {
            bytes.put(STATISTICS, (long) shape.batch() * shape.heads() * shape.queries() * Float.BYTES);
        }
        if (work == Work.GRADIENT) {
            long row = (long) shape.heads() * shape.headSize();
            bytes.put(OUTPUT_GRADIENT, bytes(shape.queries(), strides.outputGradient));
            bytes.put(Q_GRADIENT, bytes(shape.queries(), row));
            bytes.put(K_GRADIENT, bytes(shape.keys(), row));
            bytes.put(V_GRADIENT, bytes(shape.keys(), row));
        }
        return bytes;
    }

    private long bytes(long positions, long stride) {
        return ((shape.batch() * positions - 1) * stride + (long) shape.heads() * shape.headSize()) * element.bytes();
    }

    /// This with other work.
    public AttentionTask with(Work other) {
        return new AttentionTask(other, shape, strides, element);
    }
}
