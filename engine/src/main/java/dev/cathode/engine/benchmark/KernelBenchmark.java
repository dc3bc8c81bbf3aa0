package dev.cathode.engine.benchmark;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.Convolution;
import dev.cathode.kernels.cpu.ConvolutionAlgorithm;
import dev.cathode.kernels.cpu.ConvolutionShape;
import dev.cathode.kernels.cpu.CpuKernels;
import dev.cathode.kernels.cpu.Epilogue;
import dev.cathode.kernels.cpu.OffHeap;
import dev.cathode.kernels.cpu.WeightStorage;
import dev.cathode.kernels.cpu.WeightView;
import dev.cathode.kernels.cpu.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/// Times single kernels at the shapes that Stable Diffusion 1.4 uses for 512×512 pictures, guidance included.
public final class KernelBenchmark {
    private static final int[][] PRODUCTS = {
        {8192, 320, 320}, {8192, 2560, 320}, {8192, 320, 1280}, {2048, 640, 640}, {2048, 5120, 640}, {512, 1280, 1280},
        {512, 10240, 1280}, {154, 1280, 768}, {4096, 320, 2880}, {4096, 2560, 320}, {1024, 1280, 1280},
        {2048, 2048, 2048}};
    private static final int[][] IMAGES = { // batch, side, channels in, channels out
        {2, 64, 320, 320}, {2, 64, 640, 320}, {2, 32, 640, 640}, {2, 16, 1280, 1280}, {2, 8, 1280, 1280},
        {1, 64, 512, 512}, {1, 128, 512, 512}, {1, 256, 256, 256}, {1, 512, 128, 128}, {1, 512, 128, 3}};
    private static final int[][] ATTENTIONS = { // batch, heads, queries, keys, head size
        {2, 8, 4096, 4096, 40}, {2, 8, 1024, 1024, 80}, {2, 8, 256, 256, 160}, {2, 8, 4096, 77, 40},
        {1, 1, 4096, 4096, 512}};

    private final CpuKernels kernels;
    private final Workers workers;
    /// Until Java's compiler leaves both processors to a kernel of milliseconds.
    private static final double WARMUP_SECONDS = 0.3;

    private final int warmup;
    private final int runs;

    /// @param warmup runs before those that count, and more where they take less than 0.3 seconds together
    /// @param runs runs that count
    public KernelBenchmark(CpuKernels kernels, Workers workers, int warmup, int runs) {
        this.kernels = kernels;
        this.workers = workers;
        this.warmup = warmup;
        this.runs = runs;
    }

    /// Linear layers, `rows × outputs × inputs`, in float32 and in bfloat16.
    public List<Timing> products() {
        List<Timing> timings = new ArrayList<>();
        for (int[] p : PRODUCTS) {
            ConvolutionShape shape = ConvolutionShape.linear(p[0], p[2], p[1]);
            String name = String.format("linear %d x %d x %d", p[0], p[1], p[2]);
            Convolution float32 = kernels.convolution(shape, Epilogue.BIAS, ConvolutionAlgorithm.DIRECT,
                    WeightStorage.F32);
            timings.add(time(name, "float32", false, float32));
            timings.add(time(name, "bfloat16", true,
                    kernels.mixedConvolution(shape, Epilogue.BIAS, ConvolutionAlgorithm.DIRECT)));
        }
        return timings;
    }

    /// 3×3 convolutions by every algorithm, and by the planner's in mixed precision.
    public List<Timing> convolutions() {
        List<Timing> timings = new ArrayList<>();
        for (int[] i : IMAGES) {
            ConvolutionShape shape = new ConvolutionShape(i[0], i[1], i[1], i[2], i[3], 3, 3, 1, 1, 1, 1, 1, 1, i[1],
                    i[1]);
            String name = String.format("conv 3x3 %d x %dx%d, %d to %d channels", i[0], i[1], i[1], i[2], i[3]);
            for (ConvolutionAlgorithm algorithm : ConvolutionAlgorithm.values()) {
                Convolution convolution = kernels.convolution(shape, Epilogue.BIAS, algorithm, WeightStorage.F32);
                timings.add(time(name, chosen(algorithm, convolution), false, convolution));
            }
            for (ConvolutionAlgorithm algorithm : List.of(ConvolutionAlgorithm.AUTO, ConvolutionAlgorithm.DIRECT)) {
                Convolution convolution = kernels.mixedConvolution(shape, Epilogue.BIAS, algorithm);
                timings.add(time(name, "mixed " + chosen(algorithm, convolution),
                        convolution.algorithm() == ConvolutionAlgorithm.DIRECT, convolution));
            }
        }
        return timings;
    }

    /// Attention of the U-Net and the VAE: in machine code where it can run, also in mixed precision, and on the Vector
    /// API.
    public List<Timing> attentions() {
        List<Timing> timings = new ArrayList<>();
        CpuKernels vector = CpuKernels.vector();
        boolean emitted = !kernels.description().equals(vector.description());
        for (int[] a : ATTENTIONS) {
            Attention.Shape shape = new Attention.Shape(a[0], a[1], a[2], a[3], a[4], false, false,
                    (float) (1 / Math.sqrt(a[4])));
            if (emitted) {
                timings.add(attention("machine code", false, kernels.attention(shape)));
                timings.add(attention("mixed", true, kernels.mixedAttention(shape)));
            }
            timings.add(attention("Vector API", false, vector.attention(shape)));
        }
        return timings;
    }

    private static String chosen(ConvolutionAlgorithm wish, Convolution convolution) {
        boolean open = wish == ConvolutionAlgorithm.AUTO || wish == ConvolutionAlgorithm.FASTEST;
        return open ? lower(wish) + " = " + lower(convolution.algorithm()) : lower(wish);
    }

    private Timing time(String name, String kernel, boolean mixed, Convolution convolution) {
        ConvolutionShape shape = convolution.shape();
        int filter = shape.inChannels() * shape.kernelHeight() * shape.kernelWidth();
        try (Arena arena = Arena.ofShared()) {
            long input = random(arena, (long) shape.batch() * shape.height() * shape.width() * shape.inChannels(), 1);
            long weights = random(arena, (long) shape.outChannels() * filter, 1 / Math.sqrt(filter));
            long bias = random(arena, shape.outChannels(), 1);
            long output = OffHeap.allocate((long) shape.rows() * shape.outChannels() * Float.BYTES, arena).address();
            long packed = OffHeap.allocate(convolution.packedBytes(), arena).address();
            long workspace = OffHeap.allocate(convolution.workspaceBytes(workers.threads()), arena).address();
            convolution.pack(WeightView.torch(weights, WeightStorage.F32, shape.inChannels(), shape.kernelHeight(),
                    shape.kernelWidth()), packed, workers);
            var arguments = new Convolution.Arguments(input, shape.inChannels(), packed, bias, 0, 0, 0, output,
                    shape.outChannels(), workspace);
            return Timing.of(name, kernel, shape.flops(), mixed, warmup, WARMUP_SECONDS, runs,
                    () -> convolution.run(arguments, workers));
        }
    }

    private static String lower(ConvolutionAlgorithm algorithm) {
        return algorithm.name().toLowerCase(Locale.ROOT);
    }

    private Timing attention(String kernel, boolean mixed, Attention attention) {
        Attention.Shape shape = attention.shape();
        int columns = shape.heads() * shape.headSize();
        try (Arena arena = Arena.ofShared()) {
            long q = random(arena, (long) shape.batch() * shape.queries() * columns, 1);
            long k = random(arena, (long) shape.batch() * shape.keys() * columns, 1);
            long v = random(arena, (long) shape.batch() * shape.keys() * columns, 1);
            long output = OffHeap.allocate((long) shape.batch() * shape.queries() * columns * Float.BYTES,
                    arena).address();
            long workspace = OffHeap.allocate(attention.workspaceBytes(workers.threads()), arena).address();
            var arguments = new Attention.Arguments(q, columns, k, columns, v, columns, 0, output, columns, workspace);
            String name = String.format("attention %d x %d heads of %d, %d queries, %d keys", shape.batch(),
                    shape.heads(), shape.headSize(), shape.queries(), shape.keys());
            return Timing.of(name, kernel, shape.flops(), mixed, warmup, WARMUP_SECONDS, runs,
                    () -> attention.run(arguments, workers));
        }
    }

    private static long random(Arena arena, long count, double scale) {
        MemorySegment memory = OffHeap.allocate(count * Float.BYTES, arena);
        SplittableRandom random = new SplittableRandom(count);
        for (long i = 0; i < count; i++) {
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (scale * (2 * random.nextDouble() - 1)));
        }
        return memory.address();
    }
}
