package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cpu.Rearrangement.Window;

/// NHWC images of another size, and pooling, on one type of numbers; arithmetic is float32. Results overlap no operand.
public final class CudaResample {
    private final KernelLauncher launcher;
    private final KernelSource source;
    private final Element element;

    /// Resamples images of `element`.
    public CudaResample(KernelLauncher launcher, Element element) {
        this.launcher = launcher;
        this.element = element;
        source = KernelSource.of("resample.cu").with(element);
    }

    /// A [ResampleTable] in the device's memory.
    ///
    /// @param first address of its first positions, 32-bit integers
    /// @param weights address of its weights, float32
    /// @param taps weights of a position
    /// @param positions of the result
    public record Table(long first, long weights, int taps, int positions) { }

    /// Resizes, averages or interpolates, as the tables say: x `[batch, height, width, channels]` to
    /// `[batch, rows.positions, columns.positions, channels]`. With transposed tables, the gradient of that.
    public void resample(long x, long y, Table rows, Table columns, int batch, int height, int width, int channels) {
        launch("resample", (long) batch * rows.positions * columns.positions * channels, Grids.lanes(element),
                new KernelArguments().pointer(x).pointer(y).pointer(rows.first).pointer(rows.weights).int32(rows.taps)
                        .pointer(columns.first).pointer(columns.weights).int32(columns.taps).int32(batch).int32(height)
                        .int32(width).int32(channels).int32(rows.positions).int32(columns.positions)
                        .int32(Grids.wide(element, channels, x | y)));
    }

    /// Nearest-neighbour resize of x `[batch, height, width, channels]` to twice its height and width.
    public void upsample(long x, long y, int batch, int height, int width, int channels) {
        twice("upsample", x, y, batch, height, width, channels);
    }

    /// Of [#upsample], whose x has `height` and `width`.
    public void upsampleGradient(long dy, long dx, int batch, int height, int width, int channels) {
        twice("upsample_gradient", dy, dx, batch, height, width, channels);
    }

    private void twice(String entry, long from, long to, int batch, int height, int width, int channels) {
        launch(entry, (long) batch * height * width * channels, Grids.lanes(element),
                new KernelArguments().pointer(from).pointer(to).int32(batch).int32(height).int32(width).int32(channels)
                        .int32(Grids.wide(element, channels, from | to)));
    }

    /// Maximum over windows of x `[batch, height, width, channels]`; padding counts as -∞.
    public void maxPool(long x, long y, int batch, int height, int width, int channels, Window window) {
        launch("max_pool", (long) batch * rows(height, window) * columns(width, window) * channels, 1,
                pool(new KernelArguments().pointer(x).pointer(y), batch, height, width, channels, window));
    }

    /// Of [#maxPool]: the first largest number of a window takes its gradient, as in PyTorch.
    public void maxPoolGradient(long x, long dy, long dx, int batch, int height, int width, int channels,
                                Window window) {
        launch("max_pool_gradient", (long) batch * height * width * channels, 1,
                pool(new KernelArguments().pointer(x).pointer(dy).pointer(dx), batch, height, width, channels, window));
    }

    private static KernelArguments pool(KernelArguments a, int batch, int height, int width, int channels, Window w) {
        return a.int32(batch).int32(height).int32(width).int32(channels).int32(w.kernelHeight()).int32(w.kernelWidth())
                .int32(w.strideHeight()).int32(w.strideWidth()).int32(w.padHeight()).int32(w.padWidth())
                .int32(rows(height, w)).int32(columns(width, w));
    }

    private static int rows(int height, Window w) {
        return (height + 2 * w.padHeight() - w.kernelHeight()) / w.strideHeight() + 1;
    }

    private static int columns(int width, Window w) {
        return (width + 2 * w.padWidth() - w.kernelWidth()) / w.strideWidth() + 1;
    }

    private void launch(String entry, long count, int each, KernelArguments arguments) {
        if (count > 0) {
            launcher.launch(new Kernel(source, entry), Grids.strided(launcher, count, each), arguments);
        }
    }
}
