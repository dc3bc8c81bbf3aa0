package dev.cathode.bench;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Normalization;
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

/// Group normalisation with SiLU over 32 groups, and layer normalisation of the same numbers.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class NormalizationBenchmark {
    private static final int GROUPS = 32;
    private static final float EPSILON = 1e-5f;

    /// Samples, pixels, channels.
    @Param({"2x4096x320", "2x1024x640", "2x256x1280", "2x64x1280", "1x262144x128"})
    public String shape;
    /// Threads; 0: all processors.
    @Param("0")
    public int threads;

    private final Normalization normalization = CpuKernels.vector().normalization();
    private Buffers buffers;
    private int batch;
    private int pixels;
    private int channels;
    private MemorySegment x;
    private MemorySegment weight;
    private MemorySegment bias;
    private MemorySegment y;

    /// Checks one result of each.
    @Setup(Level.Trial)
    public void prepare() {
        int[] sizes = Buffers.sizes(shape, 3);
        batch = sizes[0];
        pixels = sizes[1];
        channels = sizes[2];
        long count = (long) batch * pixels * channels;
        buffers = new Buffers(threads);
        x = buffers.random(count, 1, 2);
        weight = buffers.random(channels, 2, 1);
        bias = buffers.random(channels, 3, 1);
        y = buffers.floats(count);
        groupNormSilu();
        Buffers.check("group normalisation " + shape, y, count, 1e-5, i -> {
            int size = channels / GROUPS;
            long first = i / channels / pixels * pixels * channels + i % channels / size * size;
            double z = normalized(first, pixels, size, i);
            return z / (1 + Math.exp(-z));
        });
        layerNorm();
        Buffers.check("layer normalisation " + shape, y, count, 1e-5,
                i -> normalized(i / channels * channels, 1, channels, i));
    }

    /// The number at `index`, normalised over `size` channels of `rows` pixels from number `first` on.
    private double normalized(long first, int rows, int size, long index) {
        double sum = 0;
        double squares = 0;
        for (int row = 0; row < rows; row++) {
            for (int c = 0; c < size; c++) {
                double v = Buffers.get(x, first + (long) row * channels + c);
                sum += v;
                squares += v * v;
            }
        }
        double mean = sum / rows / size;
        double variance = squares / rows / size - mean * mean;
        return (Buffers.get(x, index) - mean) / Math.sqrt(variance + EPSILON) * Buffers.get(weight, index % channels)
                + Buffers.get(bias, index % channels);
    }

    /// Group normalisation and SiLU.
    @Benchmark
    public void groupNormSilu() {
        normalization.groupNorm(x.address(), channels, weight.address(), bias.address(), y.address(), batch, pixels,
                channels, GROUPS, EPSILON, Activation.SILU, buffers.workers);
    }

    /// Layer normalisation.
    @Benchmark
    public void layerNorm() {
        normalization.layerNorm(x.address(), weight.address(), bias.address(), y.address(), batch * pixels, channels,
                EPSILON, buffers.workers);
    }

    /// Ends the threads.
    @TearDown(Level.Trial)
    public void close() {
        buffers.close();
    }
}
