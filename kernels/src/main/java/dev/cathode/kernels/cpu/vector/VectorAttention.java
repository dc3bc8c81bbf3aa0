package dev.cathode.kernels.cpu.vector;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.Workers;

/// Attention in blocks of queries and keys with a running softmax (Dao et al., "FlashAttention", 2022; Milakov and
/// Gimelshein, "Online normalizer calculation for softmax", 2018).
///
/// Everything is computed transposed: lanes are queries. So the maximum and the sum over keys need no operation across
/// lanes, keys and values enter as broadcast scalars straight from packed memory, and no head size wastes a lane.
/// Scores are kept in units of ln 2, so that the exponential is a power of two.
///
/// Keys are packed once per head as `[keys/4][headSize][4]`, values as `[headSize/4][keys][4]`.
final class VectorAttention implements Attention {
    static {
        CompilerDirectives.install();
    }

    /// Queries of a task.
    static final int QUERIES = 64;
    /// Keys whose scores exist at a time: 24 KiB, in the first-level cache.
    static final int KEYS = 96;
    /// Longest part of a head that the scores accumulate in registers: its queries take 16 KiB.
    private static final int DEPTH = 64;
    /// Bytes of a row of [#QUERIES] floats.
    static final int ROW = QUERIES * Float.BYTES;
    private static final double LOG2_E = 1.4426950408889634;

    private final Shape shape;
    private final int keyGroups;
    private final int valueGroups;

    VectorAttention(Shape shape) {
        this.shape = shape;
        keyGroups = (shape.keys() + 3) / 4;
        valueGroups = (shape.headSize() + 3) / 4;
    }

    @Override
    public Shape shape() {
        return shape;
    }

    private long packedKeyBytes() {
        return 16L * keyGroups * shape.headSize();
    }

    private long packedValueBytes() {
        return 16L * valueGroups * shape.keys();
    }

    /// Transposed queries and results, scores, and and the state of each query: four rows.
    private long scratchBytes() {
        return (long) ROW * (shape.headSize() + 4L * valueGroups + KEYS + 4);
    }

    @Override
    public long workspaceBytes(int threads) {
        return shape.batch() * (long) shape.heads() * (packedKeyBytes() + packedValueBytes())
                + threads * scratchBytes() + 64;
    }

    @Override
    public void run(Arguments arguments, Workers workers) {
        int heads = shape.batch() * shape.heads();
        int keyBlocks = (shape.keys() + KEYS - 1) / KEYS;
        workers.run(heads * keyBlocks, (task, worker) -> pack(arguments, task / keyBlocks, task % keyBlocks * KEYS));
        int queryBlocks = (shape.queries() + QUERIES - 1) / QUERIES;
        long scratch = (arguments.workspace() + heads * (packedKeyBytes() + packedValueBytes()) + 63) & -64L;
        workers.run(heads * queryBlocks, (task, worker) -> attend(arguments, task / queryBlocks,
                task % queryBlocks * QUERIES, scratch + worker * scratchBytes()));
    }

    private long packedKeys(Arguments arguments, int head) {
        return arguments.workspace() + head * (packedKeyBytes() + packedValueBytes());
    }

    private long packedValues(Arguments arguments, int head) {
        return packedKeys(arguments, head) + packedKeyBytes();
    }

    /// Packs up to [#KEYS] keys and values of a head from key `first` on.
    private void pack(Arguments arguments, int head, int first) {
        int keys = shape.keys();
        int depth = shape.headSize();
        int end = Math.min(keys, first + KEYS);
        long sample = (long) (head / shape.heads()) * keys;
        long channel = (long) head % shape.heads() * depth;
        long k = arguments.k() + 4 * (sample * arguments.kStride() + channel);
        for (int key = first; key < end; key += 4) {
            packKeys(k + 4L * key * arguments.kStride(), 4L * arguments.kStride(), Math.min(4, end - key), depth,
                    packedKeys(arguments, head) + 4L * key * depth);
        }
        long v = arguments.v() + 4 * (sample * arguments.vStride() + channel);
        for (int c = 0; c < depth; c += 4) {
            packValues(v + 4L * (first * (long) arguments.vStride() + c), 4L * arguments.vStride(), end - first,
                    Math.min(4, depth - c), packedValues(arguments, head) + 4L * (c * (long) keys + 4L * first));
        }
    }

    private static void packKeys(long k, long stride, int count, int depth, long packed) {
        for (int j = 0; j < 4; j++) {
            for (int c = 0; c < depth; c++) {
                float value = j < count ? ALL.get(JAVA_FLOAT_UNALIGNED, k + j * stride + 4L * c) : 0;
                ALL.set(JAVA_FLOAT_UNALIGNED, packed + 16L * c + 4L * j, value);
            }
        }
    }

    private static void packValues(long v, long stride, int keys, int count, long packed) {
        if (count == 4) {
            for (int key = 0; key < keys; key++) {
                long from = v + key * stride;
                ALL.set(JAVA_LONG_UNALIGNED, packed + 16L * key, ALL.get(JAVA_LONG_UNALIGNED, from));
                ALL.set(JAVA_LONG_UNALIGNED, packed + 16L * key + 8, ALL.get(JAVA_LONG_UNALIGNED, from + 8));
            }
            return;
        }
        for (int key = 0; key < keys; key++) {
            for (int j = 0; j < 4; j++) {
                float value = j < count ? ALL.get(JAVA_FLOAT_UNALIGNED, v + key * stride + 4L * j) : 0;
                ALL.set(JAVA_FLOAT_UNALIGNED, packed + 16L * key + 4L * j, value);
            }
        }
    }

    /// Computes [#QUERIES] queries of a head from query `first` on.
    private void attend(Arguments arguments, int head, int first, long scratch) {
        int depth = shape.headSize();
        int queries = Math.min(QUERIES, shape.queries() - first);
        int visible = shape.causal() ? Math.min(shape.keys(), first + queries) : shape.keys();
        long sample = head / shape.heads();
        long channel = (long) head % shape.heads() * depth;
        long q = scratch;
        long output = q + (long) ROW * depth;
        long scores = output + (long) ROW * 4 * valueGroups;
        long state = scores + (long) ROW * KEYS;
        AttentionBlock.transposeIn(
                arguments.q() + 4 * ((sample * shape.queries() + first) * arguments.qStride() + channel),
                4L * arguments.qStride(), queries, depth, (float) (shape.scale() * LOG2_E), q);
        AttentionBlock.start(output, 4 * valueGroups, state);
        long mask = shape.masked() ? arguments.mask() + 4 * sample * shape.keys() : 0;
        for (int key = 0; key < visible; key += KEYS) {
            int keys = Math.min(KEYS, visible - key);
            scores(packedKeys(arguments, head) + 4L * key * depth, (keys + 3) / 4, q, scores, queries);
            if (shape.masked()) {
                AttentionBlock.addMask(scores, keys, mask + 4L * key);
            }
            if (shape.causal() && key + keys > first + 1) {
                AttentionBlock.hideFuture(scores, keys, key - first);
            }
            AttentionBlock.weigh(scores, keys, state, queries);
            long v = packedValues(arguments, head) + 16L * key;
            for (int column = 0; column < queries; ) {
                if (AttentionTiles.wide(queries - column)) {
                    AttentionTiles.values4(v, 16L * shape.keys(), valueGroups, keys, scores + 4L * column,
                            state + 2 * ROW + 4L * column, output + 4L * column);
                    column += 4 * Simd.LANES;
                } else {
                    AttentionTiles.values2(v, 16L * shape.keys(), valueGroups, keys, scores + 4L * column,
                            state + 2 * ROW + 4L * column, output + 4L * column);
                    column += 2 * Simd.LANES;
                }
            }
        }
        AttentionBlock.transposeOut(output, depth, state + ROW, queries,
                arguments.output() + 4 * ((sample * shape.queries() + first) * arguments.outputStride() + channel),
                4L * arguments.outputStride());
    }

    /// Scores of `4·groups` keys, a part of the head after the other.
    private void scores(long k, int groups, long q, long scores, int queries) {
        int depth = shape.headSize();
        int parts = (depth + DEPTH - 1) / DEPTH;
        for (int part = 0; part < parts; part++) {
            int from = part * depth / parts;
            int count = (part + 1) * depth / parts - from;
            for (int column = 0; column < queries; ) {
                if (AttentionTiles.wide(queries - column)) {
                    AttentionTiles.scores4(k + 16L * from, 16L * depth, groups, count,
                            q + (long) ROW * from + 4L * column, scores + 4L * column, part > 0);
                    column += 4 * Simd.LANES;
                } else {
                    AttentionTiles.scores2(k + 16L * from, 16L * depth, groups, count,
                            q + (long) ROW * from + 4L * column, scores + 4L * column, part > 0);
                    column += 2 * Simd.LANES;
                }
            }
        }
    }
}
