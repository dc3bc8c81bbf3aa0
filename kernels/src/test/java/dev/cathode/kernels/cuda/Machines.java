package dev.cathode.kernels.cuda;

import dev.cathode.kernels.cuda.gpu.Gpu;
import dev.cathode.kernels.cuda.library.LibrarySearch;
import java.util.Optional;

/// Where tests of what is built on [CudaMachine] run: on the CPU, or on the GPU whose number the system property
/// `cathode.gpu` gives.
public final class Machines {
    private static final String PROPERTY = "cathode.gpu";

    private Machines() { }

    /// Whether it is a GPU.
    public static boolean areGpus() {
        return System.getProperty(PROPERTY) != null;
    }

    /// Why there is no such machine here, if so: a reason to skip tests.
    ///
    /// @param options of a machine on the CPU
    public static Optional<String> missing(ShimMachine.Options options) {
        return areGpus() ? Gpu.obstacle(Integer.getInteger(PROPERTY), LibrarySearch.ofSystem())
                : ShimMachine.missing(options);
    }

    /// A machine.
    ///
    /// @param options of a machine on the CPU
    public static CudaMachine open(ShimMachine.Options options) {
        return areGpus() ? Gpu.open(Integer.getInteger(PROPERTY)) : ShimMachine.open(options);
    }

    /// A machine on which two runs give the same bytes, as they always do on the CPU.
    ///
    /// @param options of a machine on the CPU
    public static CudaMachine openRepeatable(ShimMachine.Options options) {
        return areGpus() ? Gpu.open(Integer.getInteger(PROPERTY), true) : ShimMachine.open(options);
    }
}
