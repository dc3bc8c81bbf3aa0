package dev.cathode.bench;

import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.WeightView;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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

/// Linear layers with a bias.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class LinearBenchmark {
    /// Rows, input features, output features.
    @Param({"8192x320x320", "8192x320x2560", "8192x1280x320", "2048x640x5120", "512x1280x1280", "154x768x320"})
    public String shape;
    /// How the weights are kept; with BF16 products are of rounded numbers, in mixed precision.
    @Param({"F32", "F16", "BF16"})
    public WeightStorage storage;
    /// Threads; 0: all processors.
    @Param("0")
    public int threads;

    private Buffers buffers;
    private Convolution linear;
    private Convolution.Arguments arguments;

    /// Packs the weights and checks one result.
    @Setup(Level.Trial)
    public void prepare() {
        int[] sizes = Buffers.sizes(shape, 3);
        int in = sizes[1];
        int out = sizes[2];
        buffers = new Buffers(threads);
        MemorySegment x = buffers.random((long) sizes[0] * in, 1, 1);
        MemorySegment weights = buffers.random((long) in * out, 2, 0.25f);
        for (long i = 0; i < (long) in * out; i++) { // numbers that every storage keeps exactly
            weights.setAtIndex(ValueLayout.JAVA_FLOAT, i,
                    Math.round(Buffers.get(weights, i) * 256) / 256f);
        }
        MemorySegment bias = buffers.random(out, 3, 1);
        MemorySegment y = buffers.floats((long) sizes[0] * out);
        boolean mixed = storage == WeightStorage.BF16;
        ConvolutionShape geometry = ConvolutionShape.linear(sizes[0], in, out);
        linear = mixed ? CpuKernels.fastest().mixedConvolution(geometry, Epilogue.BIAS, ConvolutionAlgorithm.DIRECT)
                : CpuKernels.fastest().convolution(geometry, Epilogue.BIAS, ConvolutionAlgorithm.DIRECT, storage);
        MemorySegment packed = buffers.bytes(linear.packedBytes());
        linear.pack(WeightView.torch(weights.address(), WeightStorage.F32, in, 1, 1), packed.address(),
                buffers.workers);
        MemorySegment workspace = buffers.bytes(linear.workspaceBytes(buffers.workers.threads()));
        arguments = new Convolution.Arguments(x.address(), in, packed.address(), bias.address(), 0, 0, 0, y.address(),
                out, workspace.address());
        run();
        Buffers.check("linear " + shape, y, (long) sizes[0] * out, mixed ? 1e-2 : 1e-5, i -> {
            double sum = Buffers.get(bias, i % out);
            for (int c = 0; c < in; c++) {
                sum += (double) Buffers.get(x, i / out * in + c) * Buffers.get(weights, i % out * in + c);
            }
            return sum;
        });
    }

    /// One layer.
    @Benchmark
    public void run() {
        linear.run(arguments, buffers.workers);
    }

    /// Ends the threads.
    @TearDown(Level.Trial)
    public void close() {
        buffers.close();
    }
}
