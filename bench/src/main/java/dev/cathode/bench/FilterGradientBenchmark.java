package dev.cathode.bench;

import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.FilterGradient;
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

/// Gradients with respect to the filters of convolutions with "same" padding, and of linear layers (kernel 1).
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
public class FilterGradientBenchmark {
    /// Images, height, width, input channels, output channels, kernel, stride.
    @Param({"1x32x32x320x320x3x1", "1x16x16x640x640x3x1", "1x8x8x1280x1280x3x1", "1x4x4x1280x1280x3x1",
            "1x1x1024x320x2560x1x1", "1x1x64x1280x10240x1x1", "1x1x77x768x1280x1x1", "16x64x64x64x64x3x1",
            "16x128x128x32x32x3x1", "16x56x56x128x32x3x1", "8x224x224x3x64x7x2"})
    public String shape;
    /// Threads; 0: all processors.
    @Param("0")
    public int threads;

    private Buffers buffers;
    private FilterGradient kernel;
    private FilterGradient.Arguments arguments;

    /// Checks one result.
    @Setup(Level.Trial)
    public void prepare() {
        int[] s = Buffers.sizes(shape, 7);
        int in = s[3];
        int out = s[4];
        int pad = s[5] / 2;
        ConvolutionShape geometry = new ConvolutionShape(s[0], s[1], s[2], in, out, s[5], s[5], s[6], s[6], pad, pad,
                pad, pad, s[1], s[2]);
        long numbers = (long) out * s[5] * s[5] * in;
        buffers = new Buffers(threads);
        MemorySegment x = buffers.random((long) s[0] * s[1] * s[2] * in, 1, 1);
        MemorySegment dy = buffers.random((long) geometry.rows() * out, 2, 1);
        MemorySegment dw = buffers.floats(numbers);
        kernel = CpuKernels.fastest().filterGradient(geometry);
        MemorySegment workspace = buffers.bytes(kernel.workspaceBytes(buffers.workers.threads()));
        arguments = new FilterGradient.Arguments(x.address(), in, dy.address(), out, dw.address(), workspace.address());
        run();
        Buffers.check("filter gradient " + shape, dw, numbers, 1e-4, i -> expected(geometry, x, dy, i));
    }

    private static double expected(ConvolutionShape s, MemorySegment x, MemorySegment dy, long index) {
        int channel = (int) (index % s.inChannels());
        long tap = index / s.inChannels();
        int kx = (int) (tap % s.kernelWidth());
        int ky = (int) (tap / s.kernelWidth() % s.kernelHeight());
        long o = tap / s.kernelWidth() / s.kernelHeight();
        double sum = 0;
        for (int pixel = 0; pixel < s.rows(); pixel++) {
            int column = pixel % s.outWidth() * s.strideWidth() + kx - s.padLeft();
            int line = pixel / s.outWidth();
            int row = line % s.outHeight() * s.strideHeight() + ky - s.padTop();
            if (row >= 0 && row < s.height() && column >= 0 && column < s.width()) {
                long from = ((long) line / s.outHeight() * s.height() + row) * s.width() + column;
                sum += (double) Buffers.get(dy, pixel * (long) s.outChannels() + o)
                        * Buffers.get(x, from * s.inChannels() + channel);
            }
        }
        return sum;
    }

    /// One gradient.
    @Benchmark
    public void run() {
        kernel.run(arguments, buffers.workers);
    }

    /// Ends the threads.
    @TearDown(Level.Trial)
    public void close() {
        buffers.close();
    }
}
