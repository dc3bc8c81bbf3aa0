package dev.cathode.kernels.cpu.x86;

import static dev.cathode.kernels.cpu.OffHeap.ALL;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.Workers;

/// Attention by machine code, in blocks of queries and keys with a running softmax (Dao et al., "FlashAttention",
/// 2022).
///
/// Queries come in panels whose lanes they are: transposed on the way in, and on the way out again. Keys and values are
/// read where they lie. A task is a few panels of one head, and goes through the keys once: a block of keys is in the
/// cache for all panels. Scores are kept in units of ln 2, so that the exponential is a power of two.
///
/// In mixed precision both products multiply pairs of bfloat16 numbers: keys are rounded and values rounded and paired
/// once per head, queries in their panel, weights after the exponential. Scores and sums stay float32.
///
/// What a query gets does not depend on which panel or task it is in.
final class EmittedAttention implements Attention {
    /// Keys whose scores exist at a time: with panels of 64 queries 24 KiB, half of the first-level cache.
    private static final int KEYS = 96;
    /// Queries of a task, if there are as many.
    private static final int QUERIES = 128;
    /// Keys of a task that rounds them.
    private static final int ROUNDED = 512;
    /// Longest part of a head that scores sum up in registers: its queries take 32 KiB at most.
    private static final int DEPTH = 128;
    private static final double LOG2_E = 1.4426950408889634;
    /// Rows of a panel's state: maximum, maximum before, sum, correction.
    private static final int STATE = 4;

    private final Shape shape;
    private final AttentionFunctions functions;
    /// Whether operands are pairs of bfloat16 numbers.
    private final boolean pairs;
    /// Channels or pairs of channels of a head.
    private final int depth;
    /// Queries of a full panel.
    private final int width;
    /// Panels of a task.
    private final int panels;

    /// @param mixed whether to multiply numbers rounded to bfloat16, if the processor can
    EmittedAttention(Shape shape, AttentionFunctions functions, boolean mixed) {
        this.shape = shape;
        this.functions = functions;
        pairs = mixed && functions.pairs();
        depth = pairs ? (shape.headSize() + 1) / 2 : shape.headSize();
        width = functions.widest() * functions.lanes();
        panels = Math.clamp((shape.queries() + width - 1) / width, 1, QUERIES / width);
    }

    @Override
    public Shape shape() {
        return shape;
    }

    /// Where things lie in the scratch memory of a thread, in bytes from its start; a panel's parts first.
    private long row() {
        return 4L * width;
    }

    private long panelBytes() {
        return row() * (2L * shape.headSize() + STATE) + 8L * 2 * width;
    }

    /// Scores, what is added to them, and rows that nobody looks at: maxima of unfinished scores, results of queries
    /// that do not exist.
    private long scratchBytes() {
        return panels * panelBytes() + row() * (2L * KEYS + 1) + (4L * shape.headSize() + 8 + 63) / 64 * 64;
    }

    /// Where the keys and values of a head are.
    ///
    /// @param k the first key
    /// @param kStep bytes from key to key
    /// @param v the first value, or pair of values
    /// @param vStep bytes from value to value, or pair to pair
    private record Sides(long k, long kStep, long v, long vStep) { }

    /// Keys and values as they come.
    private Sides plain(Arguments arguments, int head) {
        long sample = (long) head / shape.heads() * shape.keys();
        long channel = (long) head % shape.heads() * shape.headSize();
        return new Sides(arguments.k() + 4 * (sample * arguments.kStride() + channel), 4L * arguments.kStride(),
                arguments.v() + 4 * (sample * arguments.vStride() + channel), 4L * arguments.vStride());
    }

    /// Keys and values rounded, in the workspace.
    private Sides rounded(Arguments arguments, int head) {
        long k = arguments.workspace() + head * roundedBytes();
        long kStep = AttentionFunctions.roundedBytes(shape.headSize());
        return new Sides(k, kStep, k + kStep * shape.keys(), 4L * shape.headSize());
    }

    /// Bytes of the rounded keys and values of a head.
    private long roundedBytes() {
        long bytes = AttentionFunctions.roundedBytes(shape.headSize()) * shape.keys()
                + 4L * shape.headSize() * ((shape.keys() + 1) / 2);
        return pairs ? (bytes + 63) & -64L : 0;
    }

    @Override
    public long workspaceBytes(int threads) {
        return shape.batch() * shape.heads() * roundedBytes() + threads * scratchBytes();
    }

    @Override
    public void run(Arguments arguments, Workers workers) {
        int heads = shape.batch() * shape.heads();
        if (pairs) {
            int blocks = (shape.keys() + ROUNDED - 1) / ROUNDED;
            workers.run(heads * blocks, (task, worker) -> round(arguments, task / blocks, task % blocks * ROUNDED));
        }
        int queries = panels * width;
        int parts = (shape.queries() + queries - 1) / queries;
        long scratch = arguments.workspace() + heads * roundedBytes();
        workers.run(heads * parts, (task, worker) -> new Task(arguments, task / parts, task % parts * queries,
                scratch + worker * scratchBytes()).run());
    }

    /// Rounds some keys and values of a head from key `first` on, which is even.
    private void round(Arguments arguments, int head, int first) {
        Sides from = plain(arguments, head);
        Sides to = rounded(arguments, head);
        int keys = Math.min(ROUNDED, shape.keys() - first);
        functions.round(from.k + first * from.kStep, from.kStep, keys, shape.headSize(), to.k + first * to.kStep);
        functions.pair(from.v + first * from.vStep, from.vStep, keys, shape.headSize(), to.v + first / 2 * to.vStep,
                to.vStep);
    }

    /// Some panels of a head.
    private final class Task {
        private final Arguments arguments;
        private final Sides sides;
        private final int sample;
        private final int channel;
        private final int first;
        private final int end;
        private final long scratch;
        private final long scores;
        private final long addition;
        private final long nobody;

        /// @param head of all samples
        /// @param first query
        Task(Arguments arguments, int head, int first, long scratch) {
            this.arguments = arguments;
            sides = pairs ? rounded(arguments, head) : plain(arguments, head);
            sample = head / shape.heads();
            channel = head % shape.heads() * shape.headSize();
            this.first = first;
            end = Math.min(shape.queries(), first + panels * width);
            this.scratch = scratch;
            scores = scratch + panels * panelBytes();
            addition = scores + row() * KEYS;
            nobody = addition + row() * KEYS;
        }

        void run() {
            int count = (end - first + width - 1) / width;
            for (int panel = 0; panel < count; panel++) {
                start(panel);
            }
            int visible = shape.causal() ? Math.min(shape.keys(), end) : shape.keys();
            if (!shape.masked()) {
                clear(addition, 1);
            }
            for (int key = 0; key < visible; key += KEYS) {
                int keys = Math.min(KEYS, visible - key);
                if (shape.masked() && !shape.causal()) {
                    mask(key, keys);
                }
                for (int panel = 0; panel < count; panel++) {
                    block(panel, key, keys);
                }
            }
            for (int panel = 0; panel < count; panel++) {
                finish(panel);
            }
        }

        private int firstOf(int panel) {
            return first + panel * width;
        }

        private int vectors(int panel) {
            return Math.min(functions.widest(), (end - firstOf(panel) + functions.lanes() - 1) / functions.lanes());
        }

        private long q(int panel) {
            return scratch + panel * panelBytes();
        }

        private long output(int panel) {
            return q(panel) + row() * shape.headSize();
        }

        private long state(int panel) {
            return output(panel) + row() * shape.headSize();
        }

        /// Addresses of rows of queries, then of results.
        private long table(int panel) {
            return state(panel) + row() * STATE;
        }

        /// Row of the state, for panels of so many vectors.
        private long stateRow(int panel, int number) {
            return state(panel) + (long) number * vectors(panel) * functions.lanes() * Float.BYTES;
        }

        private void start(int panel) {
            int lanes = vectors(panel) * functions.lanes();
            long q = arguments.q() + 4L * ((long) sample * shape.queries() * arguments.qStride() + channel);
            long y = arguments.output() + 4L * ((long) sample * shape.queries() * arguments.outputStride() + channel);
            for (int i = 0; i < lanes; i++) {
                int query = firstOf(panel) + i;
                // queries that do not exist do as the last one does, and nobody gets their results
                long from = q + 4L * Math.min(query, end - 1) * arguments.qStride();
                long to = query < end ? y + 4L * query * arguments.outputStride() : nobody + row();
                ALL.set(JAVA_LONG_UNALIGNED, table(panel) + 8L * i, from);
                ALL.set(JAVA_LONG_UNALIGNED, table(panel) + 8L * (width + i), to);
                // finite, so that a difference of two maxima is never infinity minus infinity
                ALL.set(JAVA_FLOAT_UNALIGNED, stateRow(panel, 0) + 4L * i, -Float.MAX_VALUE);
                ALL.set(JAVA_FLOAT_UNALIGNED, stateRow(panel, 1) + 4L * i, -Float.MAX_VALUE);
                ALL.set(JAVA_FLOAT_UNALIGNED, stateRow(panel, 2) + 4L * i, 0);
            }
            float factor = (float) (shape.scale() * LOG2_E);
            if (shape.headSize() >= functions.lanes()) {
                ALL.set(JAVA_FLOAT_UNALIGNED, nobody, factor);
                functions.in(vectors(panel), table(panel), shape.headSize(), nobody, q(panel));
            } else {
                for (int i = 0; i < lanes; i++) {
                    long from = ALL.get(JAVA_LONG_UNALIGNED, table(panel) + 8L * i);
                    for (int c = 0; c < shape.headSize(); c++) {
                        ALL.set(JAVA_FLOAT_UNALIGNED, q(panel) + 4L * (c * lanes + i),
                                factor * ALL.get(JAVA_FLOAT_UNALIGNED, from + 4L * c));
                    }
                }
            }
            if (pairs) {
                functions.pair(q(panel), 4L * lanes, shape.headSize(), lanes, q(panel), 4L * lanes);
            }
            ALL.asSlice(output(panel), row() * shape.headSize()).fill((byte) 0);
        }

        private void finish(int panel) {
            int lanes = vectors(panel) * functions.lanes();
            long table = table(panel) + 8L * width;
            if (shape.headSize() >= functions.lanes()) {
                functions.out(vectors(panel), table, shape.headSize(), stateRow(panel, 2), output(panel));
                return;
            }
            for (int i = 0; i < lanes; i++) {
                long to = ALL.get(JAVA_LONG_UNALIGNED, table + 8L * i);
                float factor = 1 / ALL.get(JAVA_FLOAT_UNALIGNED, stateRow(panel, 2) + 4L * i);
                for (int c = 0; c < shape.headSize(); c++) {
                    ALL.set(JAVA_FLOAT_UNALIGNED, to + 4L * c,
                            factor * ALL.get(JAVA_FLOAT_UNALIGNED, output(panel) + 4L * (c * lanes + i)));
                }
            }
        }

        /// Adds what a panel's queries get from a block of keys.
        private void block(int panel, int key, int keys) {
            int vectors = vectors(panel);
            long row = 4L * vectors * functions.lanes();
            int query = firstOf(panel);
            if (shape.causal()) {
                keys = Math.min(keys, Math.min(end, query + vectors * functions.lanes()) - key);
                if (keys <= 0) {
                    return;
                }
            }
            boolean hides = shape.causal() && (shape.masked() || key + keys > query + 1);
            if (hides) {
                hideFuture(key, keys, query, vectors * functions.lanes());
            } else if (shape.causal()) {
                clear(addition, 1);
            }
            int parts = (depth + DEPTH - 1) / DEPTH;
            for (int part = 0; part < parts; part++) {
                int from = part * depth / parts;
                int to = (part + 1) * depth / parts;
                // what is added starts the sum of the parts
                functions.scores(pairs, vectors, q(panel) + row * from, sides.k + key * sides.kStep + 4L * from,
                        sides.kStep, to - from, keys, scores, part == 0 ? addition : scores,
                        part > 0 ? row : hides || shape.masked() ? row() : 0,
                        part == parts - 1 ? stateRow(panel, 0) : nobody);
            }
            functions.weights(pairs, vectors, scores, keys, state(panel));
            // blocks of keys start at even ones
            long ahead = key + KEYS < shape.keys() ? (pairs ? KEYS / 2 : KEYS) * sides.vStep : 0;
            functions.values(pairs, vectors, scores, pairs ? (keys + 1) / 2 : keys,
                    sides.v + (pairs ? key / 2 : key) * sides.vStep, sides.vStep, shape.headSize(), output(panel),
                    stateRow(panel, 3), ahead);
        }

        private void clear(long rows, int count) {
            ALL.asSlice(rows, row() * count).fill((byte) 0);
        }

        /// What is added to the scores of each key, in units of ln 2. Nothing falls below the most negative finite
        /// float: a query with all keys hidden weighs them equally, as it does in PyTorch.
        private float shift(int key) {
            return Math.max(ALL.get(JAVA_FLOAT_UNALIGNED,
                    arguments.mask() + 4L * ((long) sample * shape.keys() + key)) * (float) LOG2_E, -Float.MAX_VALUE);
        }

        /// The additions of a block of keys, alike for all queries.
        private void mask(int key, int keys) {
            for (int k = 0; k < keys; k++) {
                float shift = shift(key + k);
                for (int i = 0; i < width; i++) {
                    ALL.set(JAVA_FLOAT_UNALIGNED, addition + k * row() + 4L * i, shift);
                }
            }
        }

        /// The additions of a block of keys for a panel: minus infinity for keys behind a query.
        private void hideFuture(int key, int keys, int query, int lanes) {
            for (int k = 0; k < keys; k++) {
                float shift = shape.masked() ? shift(key + k) : 0;
                int visible = Math.clamp((long) key + k - query, 0, lanes); // the first query that sees the key
                for (int i = 0; i < lanes; i++) {
                    ALL.set(JAVA_FLOAT_UNALIGNED, addition + k * row() + 4L * i,
                            i < visible ? Float.NEGATIVE_INFINITY : shift);
                }
            }
        }
    }
}
