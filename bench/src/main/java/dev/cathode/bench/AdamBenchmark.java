package dev.cathode.bench;

import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Optimization;
import dev.cathode.kernels.cpu.Optimization.Adam;
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

/// One step of AdamW, and the gradient's norm before it. A step moves 28 bytes a parameter (16 are read, 12 written),
/// so `parameters · 28 / time` is to be compared with the memory's bandwidth.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class AdamBenchmark {
    private static final float START = 0.5f;
    private static final Adam CONSTANTS = new Adam(1e-3, 0.9, 0.999, 1e-8, 0.01, true, 1, 0.5f);

    /// Parameters; Stable Diffusion's U-Net has 860 million, whose state is 14 GB.
    @Param({"1000000", "64000000"})
    public long parameters;
    /// Threads; 0: all processors.
    @Param("0")
    public int threads;

    private final Optimization optimization = CpuKernels.vector().optimization();
    private Buffers buffers;
    private MemorySegment parameter;
    private MemorySegment gradient;
    private MemorySegment first;
    private MemorySegment second;

    /// Checks the first step and a norm.
    @Setup(Level.Trial)
    public void prepare() {
        buffers = new Buffers(threads);
        parameter = buffers.floats(parameters);
        CpuKernels.vector().elementwiseGradient().fill(START, parameter.address(), parameters, buffers.workers);
        gradient = buffers.random(parameters, 1, 1);
        first = buffers.floats(parameters);
        second = buffers.floats(parameters);
        adam();
        Buffers.check("a step of AdamW", parameter, parameters, 1e-6, i -> { // the first: both moments are g, corrected
            double g = CONSTANTS.gradientScale() * Buffers.get(gradient, i);
            return START * (1 - 1e-5) - 1e-3 * g / (Math.abs(g) + 1e-8);
        });
        Buffers.check("the second moment", second, parameters, 1e-6, i -> {
            double g = CONSTANTS.gradientScale() * Buffers.get(gradient, i);
            return 0.001 * g * g;
        });
        double expected = 0;
        for (long i = 0; i < parameters; i++) {
            expected += (double) Buffers.get(gradient, i) * Buffers.get(gradient, i);
        }
        double sum = sumOfSquares();
        if (!(Math.abs(sum - expected) <= 1e-10 * expected)) {
            throw new IllegalStateException("the sum of squares is " + sum + ", not " + expected);
        }
    }

    /// One step.
    @Benchmark
    public void adam() {
        optimization.adam(CONSTANTS, parameter.address(), gradient.address(), first.address(), second.address(),
                parameters, buffers.workers);
    }

    /// The squared norm of the gradient.
    @Benchmark
    public double sumOfSquares() {
        return optimization.sumOfSquares(gradient.address(), parameters, buffers.workers);
    }

    /// Ends the threads.
    @TearDown(Level.Trial)
    public void close() {
        buffers.close();
    }
}
