package dev.cathode.engine.runtime;

/// A plan that does not fit the memory, found before anything was allocated.
public final class InsufficientMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final long needed;
    private final long available;

    /// Memory of this process.
    ///
    /// @param needed bytes the plan needs
    /// @param available bytes that are free
    public InsufficientMemoryException(long needed, long available) {
        this(needed, available, "memory");
    }

    /// Memory of some kind.
    ///
    /// @param needed bytes the plan needs
    /// @param available bytes that are free
    /// @param memory what there is too little of, such as "GPU memory"
    public InsufficientMemoryException(long needed, long available, String memory) {
        super(String.format("needs %.1f GiB of %s, %.1f GiB are free", gib(needed), memory, gib(available)));
        this.needed = needed;
        this.available = available;
    }

    private static double gib(long bytes) {
        return bytes / (double) (1L << 30);
    }

    /// Bytes the plan needs.
    public long needed() {
        return needed;
    }

    /// Bytes that are free.
    public long available() {
        return available;
    }
}
