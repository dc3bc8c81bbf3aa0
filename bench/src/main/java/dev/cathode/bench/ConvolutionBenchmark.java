package dev.cathode.bench;

import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.WeightView;
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

/// Convolutions 3×3 with a bias, stride 1, padding 1.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class ConvolutionBenchmark {
    /// Images, height, width, input channels, output channels.
    @Param({"2x64x64x320x320", "2x32x32x640x640", "2x16x16x1280x1280", "2x16x16x2560x1280", "2x8x8x1280x1280",
            "1x64x64x512x512", "1x512x512x128x128"})
    public String shape;
    /// The algorithm.
    @Param({"DIRECT", "WINOGRAD_2", "WINOGRAD_4"})
    public ConvolutionAlgorithm algorithm;
    /// Threads; 0: all processors.
    @Param("0")
    public int threads;

    private Buffers buffers;
    private Convolution convolution;
    private Convolution.Arguments arguments;

    /// Packs the weights and checks one result.
    @Setup(Level.Trial)
    public void prepare() {
        int[] s = Buffers.sizes(shape, 5);
        int height = s[1];
        int width = s[2];
        int in = s[3];
        int out = s[4];
        long pixels = (long) s[0] * height * width;
        buffers = new Buffers(threads);
        MemorySegment x = buffers.random(pixels * in, 1, 1);
        MemorySegment weights = buffers.random(9L * in * out, 2, 0.1f);
        MemorySegment bias = buffers.random(out, 3, 1);
        MemorySegment y = buffers.floats(pixels * out);
        convolution = CpuKernels.fastest().convolution(
                new ConvolutionShape(s[0], height, width, in, out, 3, 3, 1, 1, 1, 1, 1, 1, height, width),
                Epilogue.BIAS, algorithm, WeightStorage.F32);
        MemorySegment packed = buffers.bytes(convolution.packedBytes());
        convolution.pack(WeightView.torch(weights.address(), WeightStorage.F32, in, 3, 3), packed.address(),
                buffers.workers);
        MemorySegment workspace = buffers.bytes(convolution.workspaceBytes(buffers.workers.threads()));
        arguments = new Convolution.Arguments(x.address(), in, packed.address(), bias.address(), 0, 0, 0, y.address(),
                out, workspace.address());
        run();
        double tolerance = convolution.algorithm() == ConvolutionAlgorithm.WINOGRAD_4 ? 1e-4 : 1e-5;
        Buffers.check("convolution " + shape, y, pixels * out, tolerance, i -> {
            int o = (int) (i % out);
            long pixel = i / out;
            int row = (int) (pixel / width % height);
            int column = (int) (pixel % width);
            double sum = Buffers.get(bias, o);
            for (int tap = 0; tap < 9; tap++) {
                int dy = tap / 3 - 1;
                int dx = tap % 3 - 1;
                if (row + dy >= 0 && row + dy < height && column + dx >= 0 && column + dx < width) {
                    for (int c = 0; c < in; c++) {
                        sum += (double) Buffers.get(x, (pixel + (long) dy * width + dx) * in + c)
                                * Buffers.get(weights, ((long) o * in + c) * 9 + tap);
                    }
                }
            }
            return sum;
        });
    }

    /// One convolution.
    @Benchmark
    public void run() {
        convolution.run(arguments, buffers.workers);
    }

    /// Ends the threads.
    @TearDown(Level.Trial)
    public void close() {
        buffers.close();
    }
}
