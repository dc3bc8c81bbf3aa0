package dev.cathode.bench;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.CpuKernels;
import java.lang.foreign.MemorySegment;
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

/// Attention of the U-Net (to itself and to the prompt), of the autoencoder and of the text encoder (causal).
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class AttentionBenchmark {
    /// Samples, heads, queries, keys, head size; as many queries as keys and head size 64 is causal.
    @Param({"2x8x4096x4096x40", "2x8x1024x1024x80", "2x8x256x256x160", "2x8x64x64x160", "2x8x4096x77x40",
            "2x8x1024x77x80", "1x1x4096x4096x512", "2x12x77x77x64"})
    public String shape;
    /// What computes it: machine code where it can run, the same in mixed precision, or the Vector API.
    @Param({"fastest", "mixed", "vector"})
    public String kernels = "fastest";
    /// Threads; 0: all processors.
    @Param("0")
    public int threads;

    private Buffers buffers;
    private Attention attention;
    private Attention.Arguments arguments;

    /// Checks one result.
    @Setup(Level.Trial)
    public void prepare() {
        int[] n = Buffers.sizes(shape, 5);
        Attention.Shape s = new Attention.Shape(n[0], n[1], n[2], n[3], n[4], n[2] == n[3] && n[4] == 64, false,
                (float) (1 / Math.sqrt(n[4])));
        int width = s.heads() * s.headSize();
        long rows = (long) s.batch() * s.queries();
        buffers = new Buffers(threads);
        MemorySegment q = buffers.random(rows * width, 1, 2);
        MemorySegment k = buffers.random((long) s.batch() * s.keys() * width, 2, 2);
        MemorySegment v = buffers.random((long) s.batch() * s.keys() * width, 3, 1);
        MemorySegment y = buffers.floats(rows * width);
        attention = switch (kernels) {
            case "fastest" -> CpuKernels.fastest().attention(s);
            case "mixed" -> CpuKernels.fastest().mixedAttention(s);
            default -> CpuKernels.vector().attention(s);
        };
        MemorySegment workspace = buffers.bytes(attention.workspaceBytes(buffers.workers.threads()));
        arguments = new Attention.Arguments(q.address(), width, k.address(), width, v.address(), width, 0, y.address(),
                width, workspace.address());
        run();
        Buffers.check("attention " + shape, y, rows * width, kernels.equals("mixed") ? 2e-2 : 2e-5,
                i -> reference(s, q, k, v, i));
    }

    private static double reference(Attention.Shape s, MemorySegment q, MemorySegment k, MemorySegment v, long index) {
        int width = s.heads() * s.headSize();
        long row = index / width;
        long head = index % width / s.headSize() * s.headSize();
        long keys = row / s.queries() * s.keys();
        int visible = s.causal() ? (int) (row % s.queries()) + 1 : s.keys();
        double[] scores = new double[visible];
        double max = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < visible; j++) {
            for (int c = 0; c < s.headSize(); c++) {
                scores[j] += (double) Buffers.get(q, row * width + head + c)
                        * Buffers.get(k, (keys + j) * width + head + c) * s.scale();
            }
            max = Math.max(max, scores[j]);
        }
        double sum = 0;
        double result = 0;
        for (int j = 0; j < visible; j++) {
            double weight = Math.exp(scores[j] - max);
            sum += weight;
            result += weight * Buffers.get(v, (keys + j) * width + index % width);
        }
        return result / sum;
    }

    /// One attention.
    @Benchmark
    public void run() {
        attention.run(arguments, buffers.workers);
    }

    /// Ends the threads.
    @TearDown(Level.Trial)
    public void close() {
        buffers.close();
    }
}
