package dev.cathode.kernels.cpu.vector;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.AttentionGradient;
import dev.cathode.kernels.cpu.Workers;

/// The gradient of attention in blocks of queries and keys (Dao et al., "FlashAttention", 2022, algorithm 4).
///
/// With probabilities P, dP = dy vᵀ, D the sum of dy ∘ y over a row and dS = P ∘ (dP - D) · scale: dq = dS k, dk =
/// dSᵀ q and dv = Pᵀ dy. The scores of one block of queries with all keys stay in the second-level cache, so each of
/// the five products is computed once. Lanes are keys in the first two products and channels in the last three; Pᵀ and
/// dSᵀ are read transposed at no cost, so that only keys and values are ever transposed, once per head.
///
/// A task is a head, so that its sums stay in the cache. Where there are few heads it is a part of the queries of a
/// head, and the gradients of keys and values of the parts are added up afterwards. The number of parts follows from
/// the shape alone, and so does the order of every sum.
final class VectorAttentionGradient implements AttentionGradient {
    static {
        CompilerDirectives.install();
    }

    /// Queries of a block.
    private static final int QUERIES = AttentionGradientBlock.QUERIES;
    /// Keys of a block.
    private static final int KEYS = AttentionGradientBlock.KEYS;
    /// Bytes of a row of a block.
    private static final long ROW = AttentionGradientBlock.ROW;
    /// Longest part of a head that scores accumulate in registers: its keys take 32 KiB.
    private static final int DEPTH = 128;
    /// Tasks to have before heads are no longer cut into parts.
    private static final int TASKS = 8;
    private static final double LOG2_E = 1.4426950408889634;

    private final Attention.Shape shape;
    private final BlockProducts products;
    private final ScorePasses scores;
    private final Passes passes;
    private final int heads;
    private final int queryBlocks;
    private final int keyBlocks;
    private final int parts;
    /// Bytes of a padded row of channels: an odd number of cache lines, so that rows fall into different sets.
    private final long channels;
    /// Columns of such a row that are computed.
    private final int columns;
    private final Layout layout;

    VectorAttentionGradient(Attention.Shape shape, BlockProducts products, ScorePasses scores, Passes passes) {
        this.shape = shape;
        this.products = products;
        this.scores = scores;
        this.passes = passes;
        heads = shape.batch() * shape.heads();
        queryBlocks = (shape.queries() + QUERIES - 1) / QUERIES;
        keyBlocks = (shape.keys() + KEYS - 1) / KEYS;
        parts = Math.max(1, Math.min((TASKS + heads - 1) / heads, queryBlocks / 2));
        channels = 64L * ((shape.headSize() + 15) / 16 | 1);
        columns = (shape.headSize() + Simd.LANES - 1) / Simd.LANES * Simd.LANES;
        layout = Layout.of(columns, padded(shape.keys()), channels);
    }

    /// Where things lie in the scratch memory of a thread; offsets in bytes.
    ///
    /// @param keysT keys transposed, `[key blocks][columns][KEYS]`
    /// @param valuesT values transposed, likewise
    /// @param keys keys, `[keys][channels]`
    /// @param scores scores, later probabilities, `[key blocks][QUERIES][KEYS]`
    /// @param differences dP, later dS, of one block of keys
    /// @param queries queries, `[QUERIES][channels]`
    /// @param outputs gradient of the output, likewise
    /// @param sums gradient of the queries, likewise
    /// @param shift what is added to the scores of each key
    /// @param lanes maxima, later sums, of each query lane by lane
    /// @param state three numbers of each query: see [AttentionGradientBlock]
    /// @param zeros a row of zeros
    /// @param gradients gradients of keys and values, `[2][keys][channels]`
    /// @param bytes the end
    private record Layout(long keysT, long valuesT, long keys, long scores, long differences, long queries,
                          long outputs, long sums, long shift, long lanes, long state, long zeros, long gradients,
                          long bytes) {
        static Layout of(int columns, int paddedKeys, long channels) {
            long keyBlocks = (paddedKeys + KEYS - 1) / KEYS;
            long transposed = keyBlocks * ROW * columns;
            long valuesT = transposed;
            long keys = valuesT + transposed;
            long scores = keys + paddedKeys * channels;
            long differences = scores + keyBlocks * QUERIES * ROW;
            long queries = differences + QUERIES * ROW;
            long outputs = queries + QUERIES * channels;
            long sums = outputs + QUERIES * channels;
            long shift = sums + QUERIES * channels;
            long lanes = shift + keyBlocks * ROW;
            long state = lanes + QUERIES * 4L * Simd.LANES;
            long zeros = state + 3 * QUERIES * 4L;
            long gradients = zeros + Math.max(ROW, channels);
            return new Layout(0, valuesT, keys, scores, differences, queries, outputs, sums, shift, lanes, state, zeros,
                    gradients, gradients + 2 * paddedKeys * channels);
        }
    }

    @Override
    public Attention.Shape shape() {
        return shape;
    }

    /// Bytes of a block of keys or values transposed.
    private long blockBytes() {
        return ROW * columns;
    }

    /// Bytes of the gradients of keys or of values of one part of a head.
    private long gradientBytes() {
        return padded(shape.keys()) * channels;
    }

    @Override
    public long workspaceBytes(int threads) {
        return threads * layout.bytes + (parts > 1 ? heads * parts * 2 * gradientBytes() : 0);
    }

    @Override
    public void run(Arguments arguments, Workers workers) {
        long partial = arguments.workspace() + workers.threads() * layout.bytes;
        workers.run(heads * parts, (task, worker) -> {
            long scratch = arguments.workspace() + worker * layout.bytes;
            long gradients = parts > 1 ? partial + task * 2 * gradientBytes() : scratch + layout.gradients;
            differentiate(arguments, task / parts, task % parts, scratch, gradients);
            if (parts == 1) {
                for (int block = 0; block < keyBlocks; block++) {
                    finish(arguments, task, block, gradients);
                }
            }
        });
        if (parts > 1) {
            workers.run(heads * keyBlocks, (task, worker) -> finish(arguments, task / keyBlocks, task % keyBlocks,
                    partial + task / keyBlocks * parts * 2 * gradientBytes()));
        }
    }

    /// Adds the gradients of keys and values of all parts of a head, for one block of keys.
    private void finish(Arguments arguments, int head, int block, long gradients) {
        int first = block * KEYS;
        int keys = Math.min(KEYS, shape.keys() - first);
        long width = (long) shape.heads() * shape.headSize();
        long at = 4 * (((long) (head / shape.heads()) * shape.keys() + first) * width + channel(head));
        long from = gradients + first * channels;
        AttentionGradientBlock.copyOut(from, channels, parts, 2 * gradientBytes(), keys, shape.headSize(),
                arguments.kGradient() + at, 4 * width);
        AttentionGradientBlock.copyOut(from + gradientBytes(), channels, parts, 2 * gradientBytes(), keys,
                shape.headSize(), arguments.vGradient() + at, 4 * width);
    }

    private long channel(int head) {
        return (long) head % shape.heads() * shape.headSize();
    }

    /// Rows or columns that tiles compute for so many keys.
    private static int padded(int keys) {
        int step = Math.max(BlockProducts.ROWS, Simd.LANES);
        return (keys + step - 1) / step * step;
    }

    /// Computes a part of the queries of a head.
    private void differentiate(Arguments arguments, int head, int part, long scratch, long gradients) {
        int depth = shape.headSize();
        long sample = head / shape.heads();
        AttentionGradientBlock.clear(scratch + layout.zeros, Math.max(ROW, channels));
        if (shape.causal()) {
            AttentionGradientBlock.clear(gradients, 2 * gradientBytes());
        }
        long k = arguments.k() + 4 * (sample * shape.keys() * arguments.kStride() + channel(head));
        long v = arguments.v() + 4 * (sample * shape.keys() * arguments.vStride() + channel(head));
        long square = scratch + layout.scores; // not in use yet, nor are the queries
        for (int block = 0; block < keyBlocks; block++) {
            int first = block * KEYS;
            int keys = Math.min(KEYS, shape.keys() - first);
            long kBlock = k + 4L * first * arguments.kStride();
            long vBlock = v + 4L * first * arguments.vStride();
            long copy = scratch + layout.keys + first * channels;
            AttentionGradientBlock.copyIn(kBlock, 4L * arguments.kStride(), keys, padded(keys), depth, copy, channels);
            passes.transpose(copy, channels, padded(keys), columns,
                    scratch + layout.keysT + block * blockBytes(), ROW, square);
            copy = scratch + layout.queries;
            AttentionGradientBlock.copyIn(vBlock, 4L * arguments.vStride(), keys, padded(keys), depth, copy, channels);
            passes.transpose(copy, channels, padded(keys), columns,
                    scratch + layout.valuesT + block * blockBytes(), ROW, square);
        }
        AttentionGradientBlock.shifts(shape.masked() ? arguments.mask() + 4 * sample * shape.keys() : 0, shape.keys(),
                keyBlocks * KEYS, scratch + layout.shift);
        int end = (part + 1) * queryBlocks / parts;
        for (int block = part * queryBlocks / parts; block < end; block++) {
            boolean accumulate = shape.causal() || block > part * queryBlocks / parts;
            queries(arguments, head, block * QUERIES, accumulate, scratch, gradients);
        }
    }

    /// Computes [#QUERIES] queries of a head from query `first` on.
    ///
    /// @param accumulate whether to add to the gradients of keys and values, rather than to start them
    private void queries(Arguments arguments, int head, int first, boolean accumulate, long scratch, long gradients) {
        int depth = shape.headSize();
        int queries = Math.min(QUERIES, shape.queries() - first);
        int rows = (queries + BlockProducts.ROWS - 1) / BlockProducts.ROWS * BlockProducts.ROWS;
        long row = (long) (head / shape.heads()) * shape.queries() + first;
        long q = scratch + layout.queries;
        long dy = scratch + layout.outputs;
        long state = scratch + layout.state;
        AttentionGradientBlock.copyIn(arguments.q() + 4 * (row * arguments.qStride() + channel(head)),
                4L * arguments.qStride(), queries, rows, depth, q, channels);
        AttentionGradientBlock.copyIn(
                arguments.outputGradient() + 4 * (row * arguments.outputGradientStride() + channel(head)),
                4L * arguments.outputGradientStride(), queries, rows, depth, dy, channels);
        AttentionGradientBlock.dots(arguments.output() + 4 * (row * arguments.outputStride() + channel(head)),
                4L * arguments.outputStride(), dy, channels, queries, depth, scratch + layout.lanes, state);
        int visible = shape.causal() ? Math.min(shape.keys(), first + queries) : shape.keys();
        int blocks = (visible + KEYS - 1) / KEYS;
        probabilities(first, queries, rows, blocks, scratch);

        for (int block = 0; block < blocks; block++) {
            int keys = padded(Math.min(KEYS, shape.keys() - block * KEYS));
            long p = scratch + layout.scores + block * QUERIES * ROW;
            long ds = scratch + layout.differences;
            long k = scratch + layout.keys + block * KEYS * channels;
            long dk = gradients + block * KEYS * channels;
            long dv = dk + gradientBytes();
            long dq = scratch + layout.sums;
            long zeros = scratch + layout.zeros;
            scores(dy, scratch + layout.valuesT + block * blockBytes(), ds, rows, keys, zeros);
            scores.differentiate(p, ds, queries, keys, state + AttentionGradientBlock.STATE,
                    state + 2 * AttentionGradientBlock.STATE, shape.scale());
            products.multiply(p, 4, ROW, queries, dy, channels, accumulate ? dv : zeros, accumulate ? channels : 0,
                    dv, channels, keys, columns);
            products.multiply(ds, 4, ROW, queries, q, channels, accumulate ? dk : zeros, accumulate ? channels : 0,
                    dk, channels, keys, columns);
            products.multiply(ds, ROW, 4, keys, k, channels, block == 0 ? zeros : dq, block == 0 ? 0 : channels, dq,
                    channels, rows, columns);
        }
        long width = (long) shape.heads() * depth;
        AttentionGradientBlock.copyOut(scratch + layout.sums, channels, 1, 0, queries, depth,
                arguments.qGradient() + 4 * (row * width + channel(head)), 4 * width);
    }

    /// Scores of a block of queries with all keys it sees, and from them `2^(score - maximum)` and the sums of these.
    private void probabilities(int first, int queries, int rows, int blocks, long scratch) {
        long lanes = scratch + layout.lanes;
        long state = scratch + layout.state;
        float factor = (float) (shape.scale() * LOG2_E);
        AttentionGradientBlock.startMaxima(lanes, queries);
        for (int block = 0; block < blocks; block++) {
            int keys = padded(Math.min(KEYS, shape.keys() - block * KEYS));
            long s = scratch + layout.scores + block * QUERIES * ROW;
            scores(scratch + layout.queries, scratch + layout.keysT + block * blockBytes(), s, rows, keys,
                    scratch + layout.zeros);
            long shift = scratch + layout.shift + block * ROW;
            int offset = first - block * KEYS;
            if (shape.causal() && offset < keys - 1) {
                AttentionGradientBlock.shiftVisible(s, queries, keys, factor, shift, offset, lanes);
            } else {
                scores.shift(s, queries, keys, factor, shift, lanes);
            }
        }
        AttentionGradientBlock.finishMaxima(lanes, queries, state);
        for (int block = 0; block < blocks; block++) {
            int keys = padded(Math.min(KEYS, shape.keys() - block * KEYS));
            scores.exponentiate(scratch + layout.scores + block * QUERIES * ROW, queries, keys, state,
                    lanes);
        }
        AttentionGradientBlock.finishSums(lanes, queries, state);
    }

    /// Products of the rows of x with a block of keys or values, a part of the head after the other.
    private void scores(long x, long transposed, long scores, int rows, int keys, long zeros) {
        int depth = shape.headSize();
        int pieces = (depth + DEPTH - 1) / DEPTH;
        for (int piece = 0; piece < pieces; piece++) {
            int from = piece * depth / pieces;
            int count = (piece + 1) * depth / pieces - from;
            products.multiply(x + 4L * from, channels, 4, count, transposed + from * ROW, ROW,
                    piece == 0 ? zeros : scores, piece == 0 ? 0 : ROW, scores, ROW, rows, keys);
        }
    }
}
