package dev.cathode.bench;

import dev.cathode.kernels.cpu.Activation;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.NormalizationGradient;
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

/// Gradients of group normalisation with SiLU over 32 groups, of batch normalisation with ReLU, and of layer
/// normalisation, of the same numbers. Memory must carry at least x and dy in and dx out, 12 bytes a number.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class NormalizationGradientBenchmark {
    private static final int GROUPS = 32;
    private static final float EPSILON = 1e-5f;

    /// Samples, pixels, channels.
    @Param({"2x4096x320", "32x1024x320", "2x256x1280", "16x4096x64", "16x64x1024"})
    public String shape;
    /// Threads; 0: all processors.
    @Param("0")
    public int threads;

    private final NormalizationGradient gradients = CpuKernels.vector().normalizationGradient();
    private Buffers buffers;
    private int batch;
    private int pixels;
    private int channels;
    private MemorySegment x;
    private MemorySegment weight;
    private MemorySegment bias;
    private MemorySegment dy;
    private MemorySegment dx;
    private MemorySegment dWeight;
    private MemorySegment dBias;
    private MemorySegment workspace;

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
        dy = buffers.random(count, 4, 1);
        dx = buffers.floats(count);
        dWeight = buffers.floats(channels);
        dBias = buffers.floats(channels);
        workspace = buffers.bytes(Math.max(gradients.groupNormWorkspaceBytes(batch, pixels, channels, GROUPS),
                Math.max(gradients.batchNormWorkspaceBytes(batch * pixels, channels),
                        gradients.layerNormWorkspaceBytes(batch * pixels, channels))));
        groupNormSilu();
        Buffers.check("gradient of group normalisation " + shape, dx, count, 1e-5, i -> {
            int size = channels / GROUPS;
            long first = i / channels / pixels * pixels * channels + i % channels / size * size;
            return gradient(first, pixels, size, Activation.SILU, i);
        });
        batchNormRelu();
        Buffers.check("gradient of batch normalisation " + shape, dx, count, 1e-5,
                i -> gradient(i % channels, batch * pixels, 1, Activation.RELU, i));
        layerNorm();
        Buffers.check("gradient of layer normalisation " + shape, dx, count, 1e-5,
                i -> gradient(i / channels * channels, 1, channels, Activation.NONE, i));
    }

    /// The gradient of the number at `index`, normalised over `size` channels of `rows` pixels from number `first` on.
    private double gradient(long first, int rows, int size, Activation activation, long index) {
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < rows * size; i++) {
            double v = Buffers.get(x, first + (long) (i / size) * channels + i % size);
            sum += v;
            squares += v * v;
        }
        double mean = sum / rows / size;
        double inverse = 1 / Math.sqrt(squares / rows / size - mean * mean + EPSILON);
        double a = 0;
        double b = 0;
        for (int i = 0; i < rows * size; i++) {
            long at = first + (long) (i / size) * channels + i % size;
            double g = gradientOfNormalized(at, mean, inverse, activation);
            a += g / rows / size;
            b += g * (Buffers.get(x, at) - mean) * inverse / rows / size;
        }
        double own = gradientOfNormalized(index, mean, inverse, activation);
        return inverse * (own - a - (Buffers.get(x, index) - mean) * inverse * b);
    }

    private double gradientOfNormalized(long index, double mean, double inverse, Activation activation) {
        double factor = Buffers.get(weight, index % channels);
        double z = (Buffers.get(x, index) - mean) * inverse * factor + Buffers.get(bias, index % channels);
        double slope = switch (activation) {
            case NONE -> 1;
            case RELU -> z > 0 ? 1 : 0;
            case SILU -> (1 + z / (1 + Math.exp(z))) / (1 + Math.exp(-z));
            default -> throw new IllegalArgumentException(activation.name());
        };
        return Buffers.get(dy, index) * slope * factor;
    }

    /// Gradients of group normalisation and SiLU.
    @Benchmark
    public void groupNormSilu() {
        gradients.groupNorm(x.address(), weight.address(), bias.address(), dy.address(), dx.address(),
                dWeight.address(), dBias.address(), batch, pixels, channels, GROUPS, EPSILON, Activation.SILU,
                workspace.address(), buffers.workers);
    }

    /// Gradients of batch normalisation by the batch's own statistics and ReLU.
    @Benchmark
    public void batchNormRelu() {
        gradients.batchNormTraining(x.address(), weight.address(), bias.address(), dy.address(), dx.address(),
                dWeight.address(), dBias.address(), batch * pixels, channels, EPSILON, Activation.RELU,
                workspace.address(), buffers.workers);
    }

    /// Gradients of layer normalisation.
    @Benchmark
    public void layerNorm() {
        gradients.layerNorm(x.address(), weight.address(), dy.address(), dx.address(), dWeight.address(),
                dBias.address(), batch * pixels, channels, EPSILON, workspace.address(), buffers.workers);
    }

    /// Ends the threads.
    @TearDown(Level.Trial)
    public void close() {
        buffers.close();
    }
}
