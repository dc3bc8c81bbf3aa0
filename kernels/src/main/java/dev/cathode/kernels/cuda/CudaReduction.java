package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cuda.KernelLauncher.Geometry;

/// Sums over an axis, and losses, on one type of numbers; arithmetic is float32, that of losses float64. Sums are taken
/// in an order that depends on the device's number of multiprocessors and the shape only.
public final class CudaReduction {
    private static final int THREADS = 256;
    private static final int MOST_BLOCKS = 1024;

    /// A loss of each element; the numbers are those of the kernels.
    private enum Loss { SQUARED_ERROR, BINARY_CROSS_ENTROPY }

    private final KernelLauncher launcher;
    private final KernelSource source;
    private final Element element;

    /// Sums of numbers of `element`.
    public CudaReduction(KernelLauncher launcher, Element element) {
        this.launcher = launcher;
        this.element = element;
        source = KernelSource.of("reduce.cu").with(element);
    }

    /// Bytes of scratch memory that [#sumMiddle] needs.
    public long sumWorkspaceBytes(int outer, long middle, int inner) {
        return 4L * outer * chunks(outer, middle, inner) * inner;
    }

    /// `y[o][i] = Σ_m x[o][m][i]`: with `inner` 1 the sums of rows, with `outer` and `inner` 1 the sum of everything.
    ///
    /// @param y result, `[outer, inner]`, float32 if `wideResult`, else of this type of numbers
    /// @param workspace [#sumWorkspaceBytes] bytes
    public void sumMiddle(long x, long y, int outer, long middle, int inner, boolean wideResult, long workspace) {
        int chunks = chunks(outer, middle, inner);
        for (int first = 0; first < outer; first += 65535) { // what a grid holds along z
            int some = Math.min(65535, outer - first);
            long from = x + first * middle * inner * element.bytes();
            long partials = workspace + 4L * first * chunks * inner;
            if (inner == 1) {
                launcher.launch(new Kernel(source, "sum_rows"), new Geometry(1, chunks, some, THREADS, 1, 0),
                        new KernelArguments().pointer(from).pointer(partials).int64(middle)
                                .int32(Grids.wide(element, outer == 1 ? 0 : middle, from)));
            } else {
                int wide = Grids.wide(element, inner, from);
                launcher.launch(new Kernel(source, "sum_columns"),
                        new Geometry(tiles(inner, wide), chunks, some, THREADS, 1, 0),
                        new KernelArguments().pointer(from).pointer(partials).int64(middle).int32(inner)
                                .int32(wide));
            }
        }
        launcher.launch(new Kernel(source, wideResult ? "sum_chunks_float" : "sum_chunks"),
                Grids.strided(launcher, (long) outer * inner, 1), new KernelArguments().pointer(workspace).pointer(y)
                        .int64(outer).int32(chunks).int32(inner));
    }

    private int tiles(int inner, int wide) {
        return Math.ceilDiv(inner, 32 * (wide == 1 ? Grids.lanes(element) : 1));
    }

    private int chunks(int outer, long middle, int inner) {
        long side = inner == 1 ? 1 : tiles(inner, Grids.wide(element, inner, 0));
        long filling = Math.ceilDiv(4L * launcher.limits().multiprocessors(), side * outer);
        return (int) Math.clamp(middle / (inner == 1 ? 4 * THREADS : 32), 1, Math.min(256, filling));
    }

    /// Bytes of scratch memory that the losses and their gradients need.
    ///
    /// @param rows of the logits of a cross-entropy, or 0
    public static long lossWorkspaceBytes(int rows) {
        return 16L * Math.max(MOST_BLOCKS, rows) + 16;
    }

    /// Mean of `(x - target)²`, times `weights[i / perWeight]` if `weights` is not 0.
    ///
    /// @param weights float32, or 0
    /// @param y result, one float32
    /// @param workspace [#lossWorkspaceBytes] bytes, aligned to 8
    public void meanSquaredError(long x, long target, long weights, long perWeight, long y, long count,
                                 long workspace) {
        loss(Loss.SQUARED_ERROR, x, target, weights, perWeight, count, count, y, workspace);
    }

    /// Of [#meanSquaredError] with respect to x.
    ///
    /// @param dy gradient of the loss, one float32
    public void meanSquaredErrorGradient(long x, long target, long weights, long perWeight, long dy, long dx,
                                         long count, long workspace) {
        mean(0, count, 0, workspace);
        lossGradient(Loss.SQUARED_ERROR, x, target, weights, perWeight, dy, dx, count, workspace);
    }

    /// Mean binary cross-entropy of logits `max(x, 0) - x · target + log(1 + exp(-|x|))`; over the entries where `mask`
    /// is 1 if that is not 0.
    ///
    /// @param mask float32, like x, or 0
    /// @param y result, one float32
    public void binaryCrossEntropy(long x, long target, long mask, long y, long count, long workspace) {
        loss(Loss.BINARY_CROSS_ENTROPY, x, target, mask, 1, count, mask == 0 ? count : 0, y, workspace);
    }

    /// Of [#binaryCrossEntropy] with respect to the logits.
    public void binaryCrossEntropyGradient(long x, long target, long mask, long dy, long dx, long count,
                                           long workspace) {
        loss(Loss.BINARY_CROSS_ENTROPY, x, target, mask, 1, count, mask == 0 ? count : 0, 0, workspace);
        lossGradient(Loss.BINARY_CROSS_ENTROPY, x, target, mask, 1, dy, dx, count, workspace);
    }

    /// Mean cross-entropy of logits `[rows, classes]` and ids `[rows]`; rows whose id is `ignoreIndex` do not count. Of
    /// an id that is no class the loss is NaN.
    ///
    /// @param y result, one float32
    /// @param workspace [#lossWorkspaceBytes] bytes, aligned to 8
    public void crossEntropy(long x, long ids, long y, int rows, int classes, int ignoreIndex, float labelSmoothing,
                             long workspace) {
        rowLosses(x, ids, y, rows, classes, ignoreIndex, labelSmoothing, workspace);
    }

    /// Of [#crossEntropy] with respect to the logits.
    public void crossEntropyGradient(long x, long ids, long dy, long dx, int rows, int classes, int ignoreIndex,
                                     float labelSmoothing, long workspace) {
        rowLosses(x, ids, 0, rows, classes, ignoreIndex, labelSmoothing, workspace);
        launcher.launch(new Kernel(source, "cross_entropy_gradient"), Geometry.line(rows, THREADS, 0),
                new KernelArguments().pointer(x).pointer(ids).pointer(dy).pointer(workspace).pointer(dx)
                        .int32(classes).int32(ignoreIndex).float32(labelSmoothing));
    }

    /// The workspace: what the mean is divided by, then partial sums.
    private void loss(Loss loss, long x, long target, long weights, long perWeight, long count, long divisor, long y,
                      long workspace) {
        int blocks = (int) Math.clamp(count / (4L * THREADS), 1,
                Math.min(MOST_BLOCKS, 4L * launcher.limits().multiprocessors()));
        launcher.launch(new Kernel(source, "loss_partials"), Geometry.line(blocks, THREADS, 0),
                new KernelArguments().int32(loss.ordinal()).pointer(x).pointer(target).pointer(weights).int64(perWeight)
                        .pointer(workspace + 16).int64(count));
        mean(blocks, divisor, y, workspace);
    }

    private void rowLosses(long x, long ids, long y, int rows, int classes, int ignoreIndex, float labelSmoothing,
                           long workspace) {
        launcher.launch(new Kernel(source, "cross_entropy_partials"), Geometry.line(rows, THREADS, 0),
                new KernelArguments().pointer(x).pointer(ids).pointer(workspace + 16).int32(classes).int32(ignoreIndex)
                        .float32(labelSmoothing));
        mean(rows, 0, y, workspace);
    }

    private void mean(int blocks, long divisor, long y, long workspace) {
        launcher.launch(new Kernel(source, "loss_mean"), Geometry.line(1, THREADS, 0), new KernelArguments()
                .pointer(workspace + 16).int32(blocks).int64(divisor).pointer(y).pointer(workspace));
    }

    private void lossGradient(Loss loss, long x, long target, long weights, long perWeight, long dy, long dx,
                              long count, long workspace) {
        launcher.launch(new Kernel(source, "loss_gradient"), Grids.strided(launcher, count, Grids.lanes(element)),
                new KernelArguments().int32(loss.ordinal()).pointer(x).pointer(target).pointer(weights).int64(perWeight)
                        .pointer(dy).pointer(workspace).pointer(dx).int64(count));
    }
}
