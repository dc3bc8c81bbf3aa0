package dev.cathode.kernels.cuda;

/// Runs kernels, one after the other, on one device: with the driver on a GPU's stream, in tests on the CPU. The same
/// launch code serves both, so a launch knows addresses only as numbers of the device.
public interface KernelLauncher {
    /// What there is.
    Limits limits();

    /// Runs a kernel after all launched before it. Compiles it first if this is the kernel's first launch. Returns
    /// before it is done where the device works by itself.
    ///
    /// @throws IllegalStateException if the kernel does not compile, with the compiler's words, or cannot be launched
    void launch(Kernel kernel, Geometry geometry, KernelArguments arguments);

    /// What grids are chosen by.
    ///
    /// @param multiprocessors of the device: 132 of an H100 or H200
    /// @param sharedBytes shared memory that one block may have if it asks for it: 232448 of compute capability 9.0
    record Limits(int multiprocessors, int sharedBytes) { }

    /// How many threads run a kernel.
    ///
    /// @param gridX blocks along x, at least 1
    /// @param gridY blocks along y, 1 to 65535
    /// @param gridZ blocks along z, 1 to 65535
    /// @param blockX threads of a block along x
    /// @param blockY threads of a block along y; all together at most 1024
    /// @param sharedBytes dynamic shared memory of a block; above 48 KiB the launcher asks the driver to allow it
    record Geometry(int gridX, int gridY, int gridZ, int blockX, int blockY, int sharedBytes) {
        /// Checks the bounds that hold on every device.
        public Geometry {
            if (gridX < 1 || gridY < 1 || gridY > 65535 || gridZ < 1 || gridZ > 65535 || blockX < 1 || blockY < 1
                    || blockX > 1024 || blockX * blockY > 1024 || sharedBytes < 0) {
                throw new IllegalArgumentException("grid %d × %d × %d of %d × %d threads with %d bytes".formatted(
                        gridX, gridY, gridZ, blockX, blockY, sharedBytes));
            }
        }

        /// A line of blocks.
        public static Geometry line(long blocks, int threads, int sharedBytes) {
            return new Geometry(Math.toIntExact(blocks), 1, 1, threads, 1, sharedBytes);
        }

        /// A rectangle of blocks.
        public static Geometry rectangle(long blocksX, long blocksY, int threads, int sharedBytes) {
            return new Geometry(Math.toIntExact(blocksX), Math.toIntExact(blocksY), 1, threads, 1, sharedBytes);
        }
    }
}
