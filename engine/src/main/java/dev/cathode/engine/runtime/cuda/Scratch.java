package dev.cathode.engine.runtime.cuda;

/// Divides the memory of one step among what needs some.
final class Scratch {
    private static final long ALIGNMENT = 256;

    private long bytes;

    /// So many bytes, aligned to 256; returns where they begin.
    long take(long size) {
        long start = bytes;
        bytes += align(size);
        return start;
    }

    /// All that was taken.
    long bytes() {
        return bytes;
    }

    /// The next multiple of what addresses are aligned to.
    static long align(long size) {
        return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}
