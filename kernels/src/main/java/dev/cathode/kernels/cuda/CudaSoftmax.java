package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cuda.KernelLauncher.Geometry;

/// Softmax of rows, its logarithm, and their gradients, on one type of numbers; arithmetic is float32. Results may be
/// the memory of x or dy. A row that holds NaN or nothing but -∞ becomes NaN, as in PyTorch.
public final class CudaSoftmax {
    private final KernelLauncher launcher;
    private final KernelSource source;
    private final Element element;

    /// Softmax of numbers of `element`.
    public CudaSoftmax(KernelLauncher launcher, Element element) {
        this.launcher = launcher;
        this.element = element;
        source = KernelSource.of("softmax.cu").with(element);
    }

    /// Of each row of x `[rows, columns]`.
    public void softmax(long x, long y, long rows, int columns) {
        forward(x, 0, y, rows, columns, 1, 0, 1, false);
    }

    /// The logarithm of the softmax of each row.
    public void logSoftmax(long x, long y, long rows, int columns) {
        forward(x, 0, y, rows, columns, 1, 0, 1, true);
    }

    /// Of attention's scores `[batch, heads, queries, keys]`: `softmax(scale · x + mask)`.
    ///
    /// @param mask `[batch, keys]`, float32, added; 0 for none
    /// @param causal query i sees keys 0 to i
    public void scores(long x, long mask, long y, int batch, int heads, int queries, int keys, float scale,
                       boolean causal) {
        forward(x, mask, y, (long) batch * heads * queries, keys, scale, causal ? queries : 0, heads * queries, false);
    }

    /// Of [#softmax] and [#scores], from the result y: `dx = scale · y · (dy - Σ y·dy)` in each row.
    public void softmaxGradient(long y, long dy, long dx, long rows, int columns, float scale) {
        gradient(y, dy, dx, rows, columns, scale, false);
    }

    /// Of [#logSoftmax], from the result y: `dx = dy - exp(y) · Σ dy` in each row.
    public void logSoftmaxGradient(long y, long dy, long dx, long rows, int columns) {
        gradient(y, dy, dx, rows, columns, 1, true);
    }

    private void forward(long x, long mask, long y, long rows, int columns, float scale, int queries, int rowsPerSample,
                         boolean logarithm) {
        int wide = Grids.wide(element, columns, x | y);
        launcher.launch(new Kernel(source, "softmax"), geometry(rows, columns, wide), new KernelArguments().pointer(x)
                .pointer(mask).pointer(y).int64(rows).int32(columns).float32(scale).int32(queries).int32(rowsPerSample)
                .int32(logarithm ? 1 : 0).int32(wide));
    }

    private void gradient(long y, long dy, long dx, long rows, int columns, float scale, boolean logarithm) {
        int wide = Grids.wide(element, columns, y | dy | dx);
        launcher.launch(new Kernel(source, "softmax_gradient"), geometry(rows, columns, wide), new KernelArguments()
                .pointer(y).pointer(dy).pointer(dx).int64(rows).int32(columns).float32(scale).int32(logarithm ? 1 : 0)
                .int32(wide));
    }

    /// A block for a row, with a thread for every pack of it, up to 512.
    private Geometry geometry(long rows, int columns, int wide) {
        int packs = wide == 1 ? columns / Grids.lanes(element) : columns;
        int threads = Math.clamp((packs + 31) / 32 * 32L, 32, 512);
        return Geometry.line(Math.clamp(rows, 1, 64L * launcher.limits().multiprocessors()), threads, 0);
    }
}
