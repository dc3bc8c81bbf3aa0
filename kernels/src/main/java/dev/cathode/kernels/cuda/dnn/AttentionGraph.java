package dev.cathode.kernels.cuda.dnn;

import dev.cathode.kernels.cuda.Element;
import dev.cathode.kernels.cuda.dnn.OperationGraph.Layout;
import dev.cathode.kernels.cuda.dnn.OperationGraph.Pointwise;
import dev.cathode.kernels.cuda.dnn.OperationGraph.Reduction;

/// An [AttentionTask] in the operations by which cuDNN's engines know attention: the composite pattern, which every
/// version 9 takes. Sizes are batch B, heads H, queries Q, keys K, head size D; scores are float32, and rounded to the
/// tensors' type before they meet another tensor.
final class AttentionGraph {
    /// The factor on the scores, a number in this process.
    static final long SCALE = 10;
    /// 1, a number in this process. cuDNN looks for a factor (dropout's) in the gradient.
    static final long ONE = 11;
    /// The sums of the output times its gradient, `[B, H, Q]`, float32, scratch memory.
    static final long SUMS = 12;
    /// The sums for the gradient of q, `[B, H, Q, D]`, float32, scratch memory.
    static final long ACCUMULATOR = 13;
    private static final long FIRST_VIRTUAL = 20;

    private final AttentionTask task;
    private final OperationGraph graph;
    private final long batch;
    private final long heads;
    private final long queries;
    private final long keys;
    private final long size;
    private final BackendDescriptor scale;
    private long id = FIRST_VIRTUAL;

    private AttentionGraph(AttentionTask task, OperationGraph graph) {
        this.task = task;
        this.graph = graph;
        batch = task.shape().batch();
        heads = task.shape().heads();
        queries = task.shape().queries();
        keys = task.shape().keys();
        size = task.shape().headSize();
        scale = graph.number(SCALE);
    }

    /// Adds the operations to a graph.
    static void describe(AttentionTask task, OperationGraph graph) {
        AttentionGraph attention = new AttentionGraph(task, graph);
        switch (task.work()) {
            case FORWARD, FORWARD_WITH_STATISTICS -> attention.forward();
            case GRADIENT -> attention.gradient();
        }
    }

    /// softmax(q kᵀ · scale) v
    private void forward() {
        AttentionTask.Strides strides = task.strides();
        BackendDescriptor scores = scores();
        BackendDescriptor maxima = row(); // [B, H, Q, 1]
        graph.reduce(Reduction.MAXIMUM, scores, maxima);
        BackendDescriptor powers = exp(binary(Pointwise.SUBTRACT, scores, maxima)); // [B, H, Q, K]
        BackendDescriptor sums = row(); // [B, H, Q, 1]
        graph.reduce(Reduction.SUM, powers, sums);
        BackendDescriptor logs = row(); // [B, H, Q, 1]
        graph.pointwise(Pointwise.LOG, sums, null, logs);
        graph.pointwise(Pointwise.ADD, maxima, logs, task.work() == AttentionTask.Work.FORWARD ? row()
                : graph.tensor(AttentionTask.STATISTICS, Element.FLOAT32, rows()));
        BackendDescriptor probabilities = graph.virtual(id++, task.element(), square());
        graph.pointwise(Pointwise.DIVIDE, powers, sums, probabilities);
        graph.multiply(probabilities, tensor(AttentionTask.V, keys, strides.v()),
                tensor(AttentionTask.OUTPUT, queries, strides.output()));
    }

    /// With p = softmax: dv = pᵀ do, ds = p (do vᵀ − Σ do · o) · scale, dk = dsᵀ q, dq = ds k
    private void gradient() {
        AttentionTask.Strides strides = task.strides();
        long row = heads * size;
        BackendDescriptor outputGradient = tensor(AttentionTask.OUTPUT_GRADIENT, queries, strides.outputGradient());
        BackendDescriptor products = graph.virtual(id++, Element.FLOAT32, matrices(queries, size)); // [B, H, Q, D]
        graph.pointwise(Pointwise.MULTIPLY, outputGradient, tensor(AttentionTask.OUTPUT, queries, strides.output()),
                products);
        BackendDescriptor sums = row(); // [B, H, Q, 1]
        graph.reduce(Reduction.SUM, products, sums);
        BackendDescriptor stored = graph.tensor(SUMS, Element.FLOAT32, rows());
        graph.pointwise(Pointwise.MULTIPLY, sums, graph.number(ONE), stored);
        BackendDescriptor q = tensor(AttentionTask.Q, queries, strides.q());
        BackendDescriptor k = transposed(AttentionTask.K, strides.k());
        BackendDescriptor p = exp(binary(Pointwise.SUBTRACT, scores(q, k),
                graph.tensor(AttentionTask.STATISTICS, Element.FLOAT32, rows()))); // [B, H, Q, K]
        graph.multiply(flipped(p), outputGradient, tensor(AttentionTask.V_GRADIENT, keys, row));
        BackendDescriptor dp = virtual(); // [B, H, Q, K]
        graph.multiply(outputGradient, transposed(AttentionTask.V, strides.v()), dp);
        BackendDescriptor ds = binary(Pointwise.MULTIPLY, binary(Pointwise.MULTIPLY,
                binary(Pointwise.SUBTRACT, dp, stored), p), scale, graph.virtual(id++, task.element(), square()));
        graph.multiply(flipped(ds), q, tensor(AttentionTask.K_GRADIENT, keys, row));
        BackendDescriptor plain = graph.virtual(id++, task.element(), layout(keys, strides.k())); // [B, H, K, D]
        graph.reshape(k, plain);
        BackendDescriptor accumulator = graph.tensor(ACCUMULATOR, Element.FLOAT32, matrices(queries, size));
        graph.multiply(ds, plain, accumulator);
        graph.pointwise(Pointwise.IDENTITY, accumulator, null, tensor(AttentionTask.Q_GRADIENT, queries, row));
    }

    private BackendDescriptor scores() {
        return scores(tensor(AttentionTask.Q, queries, task.strides().q()),
                transposed(AttentionTask.K, task.strides().k()));
    }

    /// q kᵀ · scale, `[B, H, Q, K]`.
    private BackendDescriptor scores(BackendDescriptor q, BackendDescriptor k) {
        BackendDescriptor product = virtual();
        graph.multiply(q, k, product);
        return binary(Pointwise.MULTIPLY, product, scale);
    }

    private BackendDescriptor binary(Pointwise function, BackendDescriptor a, BackendDescriptor b) {
        return binary(function, a, b, virtual());
    }

    private BackendDescriptor binary(Pointwise function, BackendDescriptor a, BackendDescriptor b,
                                     BackendDescriptor result) {
        graph.pointwise(function, a, b, result);
        return result;
    }

    private BackendDescriptor exp(BackendDescriptor x) {
        BackendDescriptor result = virtual();
        graph.pointwise(Pointwise.EXP, x, null, result);
        return result;
    }

    /// `[B, H, Q, K]` as `[B, H, K, Q]`, rounded.
    private BackendDescriptor flipped(BackendDescriptor square) {
        BackendDescriptor result = graph.virtual(id++, task.element(), new Layout(
                new long[] {batch, heads, keys, queries},
                new long[] {heads * queries * keys, queries * keys, 1, keys}));
        graph.reshape(square, result);
        return result;
    }

    /// `[B, H, rows, D]` of a tensor that is stored as `[B, rows, H, D]`, with gaps between the rows.
    private BackendDescriptor tensor(long id, long rows, long stride) {
        return graph.tensor(id, task.element(), layout(rows, stride));
    }

    private Layout layout(long rows, long stride) {
        return new Layout(new long[] {batch, heads, rows, size}, new long[] {rows * stride, size, stride, 1});
    }

    /// `[B, H, D, K]` of such a tensor.
    private BackendDescriptor transposed(long id, long stride) {
        return graph.tensor(id, task.element(), new Layout(new long[] {batch, heads, size, keys},
                new long[] {keys * stride, size, 1, stride}));
    }

    private BackendDescriptor virtual() {
        return graph.virtual(id++, Element.FLOAT32, square());
    }

    private BackendDescriptor row() {
        return graph.virtual(id++, Element.FLOAT32, rows());
    }

    private Layout square() {
        return matrices(queries, keys);
    }

    private Layout rows() {
        return matrices(queries, 1);
    }

    private Layout matrices(long rows, long columns) {
        return new Layout(new long[] {batch, heads, rows, columns},
                new long[] {heads * rows * columns, rows * columns, columns, 1});
    }
}
