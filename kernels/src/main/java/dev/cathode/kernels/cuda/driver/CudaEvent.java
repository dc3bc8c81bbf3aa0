package dev.cathode.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A point in a stream, set by [CudaStream#record].
public final class CudaEvent implements AutoCloseable {
    private static final int UNTIMED = 2;

    private final DriverFunctions cuda;
    private final MemorySegment handle;

    CudaEvent(DriverFunctions cuda, boolean timed) {
        this.cuda = cuda;
        int flags = timed ? 0 : UNTIMED;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            cuda.run("cuEventCreate", () -> (int) cuda.eventCreate.invokeExact(out, flags));
            handle = out.get(ADDRESS, 0);
        }
    }

    MemorySegment handle() {
        return handle;
    }

    /// Waits until the GPU has passed this point.
    public void synchronize() {
        cuda.run("cuEventSynchronize", () -> (int) cuda.eventSynchronize.invokeExact(handle));
    }

    /// The GPU's time between two points that it has passed, in milliseconds, to half a microsecond.
    public float millisecondsSince(CudaEvent start) {
        MemorySegment from = start.handle;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_FLOAT);
            cuda.run("cuEventElapsedTime", () -> (int) cuda.eventElapsedTime.invokeExact(out, from, handle));
            return out.get(JAVA_FLOAT, 0);
        }
    }

    @Override
    public void close() {
        cuda.run("cuEventDestroy_v2", () -> (int) cuda.eventDestroy.invokeExact(handle));
    }
}
