package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cuda.KernelLauncher.Geometry;

/// Random numbers by Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). A number is a
/// function of seed, offset and place: neither the grid nor the device shows in it. Seed and offset, two 64-bit
/// integers, are in the device's memory; [#next] moves on to the next offset, after each launch that drew numbers.
public final class CudaNoise {
    private final KernelLauncher launcher;
    private final KernelSource source;

    /// Draws numbers of `element`.
    public CudaNoise(KernelLauncher launcher, Element element) {
        this.launcher = launcher;
        source = KernelSource.of("noise.cu").with(element);
    }

    /// Random 32-bit integers.
    ///
    /// @param state address of seed and offset
    public void bits(long state, long y, long count) {
        launch("random_bits", count, new KernelArguments().pointer(state).pointer(y).int64(count));
    }

    /// Numbers between 0 and 1, neither of them met before rounding.
    public void uniform(long state, long y, long count) {
        launch("random_uniform", count, new KernelArguments().pointer(state).pointer(y).int64(count));
    }

    /// Normal numbers of mean 0 and this standard deviation.
    public void normal(long state, float deviation, long y, long count) {
        launch("random_normal", count, new KernelArguments().pointer(state).float32(deviation).pointer(y).int64(count));
    }

    /// Adds one to the offset.
    public void next(long state) {
        launcher.launch(new Kernel(source, "next_offset"), Geometry.line(1, 32, 0),
                new KernelArguments().pointer(state));
    }

    private void launch(String entry, long count, KernelArguments arguments) {
        if (count > 0) {
            launcher.launch(new Kernel(source, entry), Grids.strided(launcher, count, 4), arguments);
        }
    }
}
