package dev.cathode.kernels.cuda.nvrtc;

import dev.cathode.kernels.cuda.KernelSource;
import dev.cathode.kernels.cuda.cache.DiskCache;
import java.util.ArrayList;
import java.util.List;

/// Compiles kernels for a chip, unless that has been done on this machine before.
public final class KernelCompiler {
    /// What all our kernels are compiled with, besides the chip: C++17, and functions are for the device unless they
    /// say otherwise, which lambdas cannot.
    public static final List<String> OPTIONS = List.of("--std=c++17", "--device-as-default-execution-space");

    private final Nvrtc nvrtc;
    private final DiskCache cache;

    /// A compiler that keeps what it makes in `cache`.
    public KernelCompiler(Nvrtc nvrtc, DiskCache cache) {
        this.nvrtc = nvrtc;
        this.cache = cache;
    }

    /// The machine code of a source.
    ///
    /// @param chip a real one: "sm_90"
    /// @throws dev.cathode.kernels.cuda.library.CudaException if it does not compile, with the compiler's words
    public byte[] compile(KernelSource source, String chip) {
        String text = source.text();
        List<String> options = new ArrayList<>(OPTIONS);
        options.add("--gpu-architecture=" + chip);
        List<String> parts = new ArrayList<>(List.of("NVRTC " + nvrtc.version(), text));
        parts.addAll(options);
        return cache.get(new DiskCache.Key(chip, parts), () -> nvrtc.compile(source.name(), text, options));
    }
}
