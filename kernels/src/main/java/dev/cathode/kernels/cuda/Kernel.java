package dev.cathode.kernels.cuda;

/// One kernel: an `extern "C" __global__` function of a source.
///
/// @param source where it is
/// @param entry the function's name
public record Kernel(KernelSource source, String entry) {
    @Override
    public String toString() {
        return entry + " (" + source.name() + ")";
    }
}
