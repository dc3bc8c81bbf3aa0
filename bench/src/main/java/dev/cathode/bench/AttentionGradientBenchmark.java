package dev.cathode.bench;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.AttentionGradient;
import dev.cathode.kernels.cpu.CpuKernels;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// The gradient of attention in the U-Net (to itself and to the prompt), in a small one, in the autoencoder and in the
/// text encoder (causal).
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class AttentionGradientBenchmark {
    /// Samples, heads, queries, keys, head size; as many queries as keys, head size 64 and fewer than 128 positions is
    /// causal.
    @Param({"1x8x1024x1024x40", "1x8x256x256x80", "1x8x64x64x160", "1x8x16x16x160", "1x8x1024x77x40", "1x8x256x77x80",
            "16x4x256x256x64", "16x8x77x77x64", "1x1x1024x1024x512"})
    public String shape;
    /// Threads; 0: all processors.
    @Param("0")
    public int threads;

    private Buffers buffers;
    private AttentionGradient gradient;
    private AttentionGradient.Arguments arguments;

    /// Checks the gradients of all three inputs.
    @Setup(Level.Trial)
    public void prepare() {
        int[] n = Buffers.sizes(shape, 5);
        Attention.Shape s = new Attention.Shape(n[0], n[1], n[2], n[3], n[4], n[2] == n[3] && n[4] == 64 && n[2] < 128,
                false, (float) (1 / Math.sqrt(n[4])));
        int width = s.heads() * s.headSize();
        long queries = (long) s.batch() * s.queries() * width;
        long keys = (long) s.batch() * s.keys() * width;
        buffers = new Buffers(threads);
        MemorySegment q = buffers.random(queries, 1, 2);
        MemorySegment k = buffers.random(keys, 2, 2);
        MemorySegment v = buffers.random(keys, 3, 1);
        MemorySegment dy = buffers.random(queries, 4, 1);
        MemorySegment y = buffers.floats(queries);
        Attention attention = CpuKernels.vector().attention(s);
        MemorySegment scratch = buffers.bytes(attention.workspaceBytes(buffers.workers.threads()));
        attention.run(new Attention.Arguments(q.address(), width, k.address(), width, v.address(), width, 0,
                y.address(), width, scratch.address()), buffers.workers);
        MemorySegment dq = buffers.floats(queries);
        MemorySegment dk = buffers.floats(keys);
        MemorySegment dv = buffers.floats(keys);
        gradient = CpuKernels.vector().attentionGradient(s);
        MemorySegment workspace = buffers.bytes(gradient.workspaceBytes(buffers.workers.threads()));
        arguments = new AttentionGradient.Arguments(q.address(), width, k.address(), width, v.address(), width, 0,
                y.address(), width, dy.address(), width, dq.address(), dk.address(), dv.address(), workspace.address());
        run();
        Reference reference = new Reference(s, q, k, v, dy, new HashMap<>());
        Buffers.check("gradient of queries " + shape, dq, queries, 5e-5, reference::queryGradient);
        Buffers.check("gradient of keys " + shape, dk, keys, 5e-5, reference::keyGradient);
        Buffers.check("gradient of values " + shape, dv, keys, 5e-5, reference::valueGradient);
    }

    /// One number of a gradient, in float64.
    ///
    /// @param rows what is known of a query of a head: maximum and sum of its weights, and its mean of dy vᵀ
    private record Reference(Attention.Shape s, MemorySegment q, MemorySegment k, MemorySegment v, MemorySegment dy,
                             Map<Long, double[]> rows) {
        private int width() {
            return s.heads() * s.headSize();
        }

        /// The first number of the head in the row of `index`.
        private long head(long index) {
            return index / s.headSize() * s.headSize();
        }

        private double dot(MemorySegment a, long at, MemorySegment b, long bt) {
            double sum = 0;
            for (int c = 0; c < s.headSize(); c++) {
                sum += (double) Buffers.get(a, at + c) * Buffers.get(b, bt + c);
            }
            return sum;
        }

        private int visible(long query) {
            return s.causal() ? (int) (query / width() % s.queries()) + 1 : s.keys();
        }

        /// Where key `j` lies that the query at `query` sees.
        private long key(long query, int j) {
            return (query / width() / s.queries() * s.keys() + j) * width() + query % width();
        }

        private double[] row(long query) {
            return rows.computeIfAbsent(query, at -> {
                double[] scores = new double[visible(at)];
                double max = Double.NEGATIVE_INFINITY;
                for (int j = 0; j < scores.length; j++) {
                    scores[j] = dot(q, at, k, key(at, j)) * s.scale();
                    max = Math.max(max, scores[j]);
                }
                double sum = 0;
                double mean = 0;
                for (int j = 0; j < scores.length; j++) {
                    double weight = Math.exp(scores[j] - max);
                    sum += weight;
                    mean += weight * dot(dy, at, v, key(at, j));
                }
                return new double[] {max, sum, mean / sum};
            });
        }

        private double probability(long query, int j) {
            return Math.exp(dot(q, query, k, key(query, j)) * s.scale() - row(query)[0]) / row(query)[1];
        }

        private double scoreGradient(long query, int j) {
            return probability(query, j) * (dot(dy, query, v, key(query, j)) - row(query)[2]) * s.scale();
        }

        double queryGradient(long index) {
            double sum = 0;
            for (int j = 0; j < visible(index); j++) {
                sum += scoreGradient(head(index), j) * Buffers.get(k, key(index, j));
            }
            return sum;
        }

        double keyGradient(long index) {
            return overQueries(index, q, this::scoreGradient);
        }

        double valueGradient(long index) {
            return overQueries(index, dy, this::probability);
        }

        /// The sum over all queries that see a key of their weight for it and their number in `factors`.
        private double overQueries(long index, MemorySegment factors, Weight weight) {
            int j = (int) (index / width() % s.keys());
            double sum = 0;
            for (int i = s.causal() ? j : 0; i < s.queries(); i++) {
                long query = (index / width() / s.keys() * s.queries() + i) * width() + index % width();
                sum += weight.at(head(query), j) * Buffers.get(factors, query);
            }
            return sum;
        }

        private interface Weight {
            double at(long query, int key);
        }
    }

    /// One gradient.
    @Benchmark
    public void run() {
        gradient.run(arguments, buffers.workers);
    }

    /// Ends the threads.
    @TearDown(Level.Trial)
    public void close() {
        buffers.close();
    }
}
