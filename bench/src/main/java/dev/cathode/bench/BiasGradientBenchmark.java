package dev.cathode.bench;

import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.ElementwiseGradient;
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

/// The gradient of a bias: the sum over the rows of a layer's gradient. It reads 4 bytes a number, once.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class BiasGradientBenchmark {
    /// Rows, columns.
    @Param({"4096x320", "1024x640", "256x10240", "262144x128", "500000x1"})
    public String shape;
    /// Threads; 0: all processors.
    @Param("0")
    public int threads;

    private final ElementwiseGradient kernels = CpuKernels.vector().elementwiseGradient();
    private Buffers buffers;
    private int rows;
    private int columns;
    private MemorySegment x;
    private MemorySegment y;

    /// Checks one result.
    @Setup(Level.Trial)
    public void prepare() {
        int[] sizes = Buffers.sizes(shape, 2);
        rows = sizes[0];
        columns = sizes[1];
        buffers = new Buffers(threads);
        x = buffers.random((long) rows * columns, 1, 1);
        y = buffers.floats(columns);
        sum();
        Buffers.check("the sum over rows " + shape, y, columns, 1e-6, i -> {
            double sum = 0;
            for (long row = 0; row < rows; row++) {
                sum += Buffers.get(x, row * columns + i);
            }
            return sum;
        });
    }

    /// One sum.
    @Benchmark
    public void sum() {
        kernels.sumMiddle(x.address(), y.address(), 1, rows, columns, buffers.workers);
    }

    /// Ends the threads.
    @TearDown(Level.Trial)
    public void close() {
        buffers.close();
    }
}
