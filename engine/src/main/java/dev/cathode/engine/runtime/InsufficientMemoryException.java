package dev.cathode.engine.runtime;

/// A plan that does not fit the memory, found before anything was allocated.
public final class InsufficientMemoryException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final long needed;
    private final long available;

    /// @param needed bytes the plan needs
    /// @param available bytes that are free
    public InsufficientMemoryException(long needed, long available) {
        super(String.format("needs %.1f GiB of memory, %.1f GiB are free", gib(needed), gib(available)));
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
