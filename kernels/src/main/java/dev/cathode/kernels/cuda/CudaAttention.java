package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cpu.Attention;
import dev.cathode.kernels.cpu.AttentionGradient;
import dev.cathode.kernels.cuda.KernelLauncher.Geometry;

/// Scaled dot-product attention `softmax(q kᵀ · scale + mask) v` and its gradient on the tensor cores, prepared for one
/// shape, without ever holding the whole score matrix (Dao 2023, https://arxiv.org/abs/2307.08691). Numbers are
/// bfloat16 or float16, sums and the softmax float32; the probabilities are rounded before they meet v. The order of
/// all sums depends on the shape only. The arguments' `workspace` is not read by the forward pass.
public final class CudaAttention {
    private static final int THREADS = 128;
    private static final int ROWS = 64;
    private static final int LARGEST = 160;

    private final KernelLauncher launcher;
    private final Attention.Shape shape;
    private final Element element;

    /// Attention of this shape.
    ///
    /// @throws IllegalArgumentException if the numbers are float32, or the heads larger than 512
    public CudaAttention(KernelLauncher launcher, Attention.Shape shape, Element element) {
        if (element == Element.FLOAT32 || shape.headSize() > 512) {
            throw new IllegalArgumentException("attention of " + element + " with heads of " + shape.headSize()
                    + " numbers: use products of matrices and CudaSoftmax.scores");
        }
        this.launcher = launcher;
        this.shape = shape;
        this.element = element;
    }

    /// Whether a block of the forward pass has room on this device: with heads of 512 numbers it takes 150 KiB of
    /// shared memory, which data centres' GPUs have and others do not.
    public boolean fits() {
        return sharedBytes() <= launcher.limits().sharedBytes();
    }

    /// Whether there is a gradient: of heads of at most 160 numbers.
    public boolean hasGradient() {
        return shape.headSize() <= LARGEST;
    }

    /// Computes; the result may not overlap an input.
    ///
    /// @param logSums result, `[batch, heads, queries]`, float32, what the gradient needs; or 0
    public void run(Attention.Arguments a, long logSums) {
        int size = shape.headSize();
        int columns = columns();
        KernelSource source = KernelSource.of("attention.cu").using("mma.cuh").with(element).with("HEAD", size)
                .with("COLUMNS", columns).with("KEYS", keys());
        launcher.launch(new Kernel(source, "attention"),
                new Geometry(Math.ceilDiv(shape.queries(), ROWS), shape.batch() * shape.heads(),
                        Math.ceilDiv(size, columns), THREADS, 1, sharedBytes()),
                new KernelArguments().pointer(a.q()).pointer(a.k()).pointer(a.v()).pointer(a.mask()).pointer(a.output())
                        .pointer(logSums).int32(shape.heads()).int32(shape.queries()).int32(shape.keys())
                        .int64(a.qStride()).int64(a.kStride()).int64(a.vStride()).int64(a.outputStride())
                        .float32(shape.scale()).int32(shape.causal() ? 1 : 0)
                        .int32(wide(a.q() | a.k() | a.v(), a.qStride() | a.kStride() | a.vStride())));
    }

    /// Columns of the result that a block computes.
    private int columns() {
        return Math.min(shape.headSize(), shape.headSize() <= LARGEST ? shape.headSize() : 128);
    }

    /// Keys of a tile.
    private int keys() {
        return columns() > 96 || shape.headSize() > LARGEST ? 32 : 64;
    }

    private int sharedBytes() {
        int stride = padded(shape.headSize()) + 8;
        return element.bytes() * (ROWS * stride + 2 * keys() * (stride + padded(columns()) + 8));
    }

    /// Bytes of scratch memory that [#gradient] needs.
    public long workspaceBytes() {
        return 4L * shape.batch() * shape.heads() * shape.queries();
    }

    /// Computes the gradients with respect to q, k and v; they overlap no operand. `a.qStride()` and so on are the
    /// operands' row strides, the results are contiguous.
    ///
    /// @param logSums what [#run] wrote
    /// @throws UnsupportedOperationException if there is none, see [#hasGradient]
    public void gradient(AttentionGradient.Arguments a, long logSums) {
        if (!hasGradient()) {
            throw new UnsupportedOperationException("no gradient of attention with heads of " + shape.headSize()
                    + " numbers; at most " + LARGEST);
        }
        int size = shape.headSize();
        int tile = size > 96 ? 16 : 32;
        int shared = element.bytes() * (padded(size) + 8) * (2 * ROWS + 4 * tile);
        KernelSource source = KernelSource.of("attention_gradient.cu").using("mma.cuh").with(element).with("HEAD", size)
                .with("TILE", tile);
        int pairs = shape.batch() * shape.heads();
        int wide = wide(a.q() | a.k() | a.v() | a.outputGradient(),
                a.qStride() | a.kStride() | a.vStride() | a.outputGradientStride());
        long deltas = a.workspace();
        launcher.launch(new Kernel(source, "attention_deltas"),
                Geometry.line(Math.clamp(Math.ceilDiv((long) pairs * shape.queries(), THREADS / 32), 1,
                        32L * launcher.limits().multiprocessors()), THREADS, 0),
                new KernelArguments().pointer(a.output()).pointer(a.outputGradient()).pointer(deltas)
                        .int32(shape.batch()).int32(shape.heads()).int32(shape.queries()).int64(a.outputStride())
                        .int64(a.outputGradientStride()));
        launcher.launch(new Kernel(source, "attention_gradient_keys"),
                Geometry.rectangle(Math.ceilDiv(shape.keys(), ROWS), pairs, THREADS, shared),
                strides(operands(a, logSums, deltas).pointer(a.kGradient()).pointer(a.vGradient()), a, wide));
        launcher.launch(new Kernel(source, "attention_gradient_queries"),
                Geometry.rectangle(Math.ceilDiv(shape.queries(), ROWS), pairs, THREADS, shared),
                strides(operands(a, logSums, deltas).pointer(a.qGradient()), a, wide));
    }

    private static KernelArguments operands(AttentionGradient.Arguments a, long logSums,
                                            long deltas) {
        return new KernelArguments().pointer(a.q()).pointer(a.k()).pointer(a.v()).pointer(a.mask())
                .pointer(a.outputGradient()).pointer(logSums).pointer(deltas);
    }

    private KernelArguments strides(KernelArguments arguments, AttentionGradient.Arguments a,
                                    int wide) {
        return arguments.int32(shape.heads()).int32(shape.queries()).int32(shape.keys()).int64(a.qStride())
                .int64(a.kStride()).int64(a.vStride()).int64(a.outputGradientStride()).float32(shape.scale())
                .int32(shape.causal() ? 1 : 0).int32(wide);
    }

    private int wide(long addresses, long strides) {
        return addresses % 16 == 0 && strides % 8 == 0 && shape.headSize() % 8 == 0 ? 1 : 0;
    }

    private static int padded(int size) {
        return (size + 15) / 16 * 16;
    }
}
