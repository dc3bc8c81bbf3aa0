package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cuda.KernelLauncher.Geometry;

/// Layer normalisation of each row of a matrix, and its gradient, on one type of numbers; weight, bias and their
/// gradients are float32. Sums are taken in an order that depends on the device's number of multiprocessors and the
/// shape only.
public final class CudaLayerNorm {
    private static final int THREADS = 256;
    private static final int WARPS = THREADS / 32;

    private final KernelLauncher launcher;
    private final KernelSource source;
    private final Element element;

    /// Normalisations of numbers of `element`.
    public CudaLayerNorm(KernelLauncher launcher, Element element) {
        this.launcher = launcher;
        this.element = element;
        source = KernelSource.of("layernorm.cu").with(element);
    }

    /// `y = (x - mean) / √(variance + ε) · weight + bias` of each row. y may be x's memory.
    ///
    /// @param x `[rows, columns]`
    /// @param weight `[columns]`, float32
    /// @param bias `[columns]`, float32
    public void layerNorm(long x, long weight, long bias, long y, long rows, int columns, float epsilon) {
        launcher.launch(new Kernel(source, "layer_norm"), warps(rows), new KernelArguments().pointer(x).pointer(weight)
                .pointer(bias).pointer(y).int64(rows).int32(columns).float32(epsilon)
                .int32(Grids.wide(element, columns, x | weight | bias | y)));
    }

    /// Of [#layerNorm]; statistics are computed again from x. dx may be dy's memory.
    ///
    /// @param dWeight result, `[columns]`, float32
    /// @param dBias result, `[columns]`, float32
    /// @param workspace [#workspaceBytes] bytes, aligned to 16
    public void layerNormGradient(long x, long weight, long dy, long dx, long dWeight, long dBias, long rows,
                                  int columns, float epsilon, long workspace) {
        long known = workspace;
        long partials = workspace + 8 * rows;
        int chunks = chunks(rows, columns);
        int reads = Grids.wide(element, columns, x | dy);
        launcher.launch(new Kernel(source, "layer_norm_moments"), warps(rows), new KernelArguments().pointer(x)
                .pointer(known).int64(rows).int32(columns).float32(epsilon).int32(Grids.wide(element, columns, x)));
        launcher.launch(new Kernel(source, "layer_norm_parameter_partials"),
                Geometry.rectangle(tiles(columns, reads), chunks, THREADS, 0), new KernelArguments().pointer(x)
                        .pointer(known).pointer(dy).pointer(partials).int64(rows).int32(columns).int32(reads));
        launcher.launch(new Kernel(source, "layer_norm_parameters"), Grids.strided(launcher, 2L * columns, 1),
                new KernelArguments().pointer(partials).pointer(dWeight).pointer(dBias).int32(chunks).int32(columns));
        launcher.launch(new Kernel(source, "layer_norm_gradient"), warps(rows), new KernelArguments().pointer(x)
                .pointer(known).pointer(weight).pointer(dy).pointer(dx).int64(rows).int32(columns)
                .int32(Grids.wide(element, columns, x | weight | dy | dx)));
    }

    /// Bytes of scratch memory that [#layerNormGradient] needs.
    public long workspaceBytes(long rows, int columns) {
        return 8 * rows + 8L * chunks(rows, columns) * columns;
    }

    private Geometry warps(long rows) {
        return Geometry.line(Math.clamp(Math.ceilDiv(rows, WARPS), 1, 32L * launcher.limits().multiprocessors()),
                THREADS, 0);
    }

    private int tiles(int columns, int wide) {
        return Math.ceilDiv(columns, 32 * (wide == 1 ? Grids.lanes(element) : 1));
    }

    private int chunks(long rows, int columns) {
        int filling = Math.ceilDiv(4 * launcher.limits().multiprocessors(),
                tiles(columns, Grids.wide(element, columns, 0)));
        return Math.clamp(rows / (4 * WARPS), 1, Math.min(128, filling));
    }
}
