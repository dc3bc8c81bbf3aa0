package dev.cathode.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A GPU in use: its primary context, retained.
///
/// The driver keeps a current context per platform thread: a thread that did not make this object calls
/// [#makeCurrent()] before anything else. Device memory is a raw address (`long`), as in all kernels.
public final class CudaContext implements AutoCloseable {
    /// Device memory: what is free now, and all there is, in bytes.
    public record Memory(long free, long total) { }

    private final DriverFunctions cuda;
    private final CudaDevice device;
    private final MemorySegment handle;

    CudaContext(DriverFunctions cuda, CudaDevice device) {
        this.cuda = cuda;
        this.device = device;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            int ordinal = device.ordinal();
            cuda.run("cuDevicePrimaryCtxRetain(" + device.name() + ")",
                    () -> (int) cuda.primaryCtxRetain.invokeExact(out, ordinal));
            handle = out.get(ADDRESS, 0);
        }
        makeCurrent();
    }

    /// The GPU.
    public CudaDevice device() {
        return device;
    }

    /// Makes this the context of the calling thread.
    public void makeCurrent() {
        cuda.run("cuCtxSetCurrent", () -> (int) cuda.ctxSetCurrent.invokeExact(handle));
    }

    /// Waits until the GPU has done all it was asked for.
    public void synchronize() {
        cuda.run("cuCtxSynchronize", () -> (int) cuda.ctxSynchronize.invokeExact());
    }

    /// Device memory, at least 256-byte aligned, undefined contents.
    ///
    /// @throws dev.cathode.kernels.cuda.library.CudaException code 2, if there is too little
    public long allocate(long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            cuda.run("cuMemAlloc_v2(" + bytes + " bytes)", () -> (int) cuda.memAlloc.invokeExact(out, bytes));
            return out.get(JAVA_LONG, 0);
        }
    }

    /// Gives device memory back.
    public void free(long address) {
        cuda.run("cuMemFree_v2", () -> (int) cuda.memFree.invokeExact(address));
    }

    /// Asks how much device memory there is.
    public Memory memory() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment free = arena.allocate(JAVA_LONG);
            MemorySegment total = arena.allocate(JAVA_LONG);
            cuda.run("cuMemGetInfo_v2", () -> (int) cuda.memGetInfo.invokeExact(free, total));
            return new Memory(free.get(JAVA_LONG, 0), total.get(JAVA_LONG, 0));
        }
    }

    /// Page-locked memory of the host, which copies need to run at full speed and beside computation; it lives as long
    /// as `arena`, which must be closed before this context.
    @SuppressWarnings("restricted")
    public MemorySegment pinned(long bytes, Arena arena) {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment out = local.allocate(ADDRESS);
            cuda.run("cuMemHostAlloc(" + bytes + " bytes)",
                    () -> (int) cuda.memHostAlloc.invokeExact(out, bytes, 1 /* for all contexts */));
            return out.get(ADDRESS, 0).reinterpret(bytes, arena, memory ->
                    cuda.run("cuMemFreeHost", () -> (int) cuda.memFreeHost.invokeExact(memory)));
        }
    }

    /// A queue of work that does not wait for the default stream.
    public CudaStream stream() {
        return new CudaStream(cuda);
    }

    /// A point in a stream.
    ///
    /// @param timed whether [CudaEvent#millisecondsSince] will be asked
    public CudaEvent event(boolean timed) {
        return new CudaEvent(cuda, timed);
    }

    /// Loads compiled kernels.
    ///
    /// @param cubin for this very chip
    public CudaModule module(byte[] cubin) {
        return new CudaModule(cuda, cubin);
    }

    /// Gives the context back; everything made from it must be closed already.
    @Override
    public void close() {
        int ordinal = device.ordinal();
        cuda.run("cuDevicePrimaryCtxRelease_v2", () -> (int) cuda.primaryCtxRelease.invokeExact(ordinal));
    }
}
