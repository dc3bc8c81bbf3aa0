package dev.cathode.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;

import dev.cathode.kernels.cuda.KernelLauncher.Geometry;
import dev.cathode.kernels.cuda.library.Downcalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A queue of work for the GPU: copies, fills, kernels, graphs, one after the other. Nothing here waits but
/// [#synchronize()].
///
/// Host memory of a copy must stay as it is until the copy is done, and should be [CudaContext#pinned].
public final class CudaStream implements AutoCloseable {
    private static final int NON_BLOCKING = 1;
    private static final int CAPTURE_THREAD_LOCAL = 1;

    private final DriverFunctions cuda;
    private final MemorySegment handle;

    CudaStream(DriverFunctions cuda) {
        this.cuda = cuda;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            cuda.run("cuStreamCreate", () -> (int) cuda.streamCreate.invokeExact(out, NON_BLOCKING));
            handle = out.get(ADDRESS, 0);
        }
    }

    /// The driver's handle (`CUstream`, `cudaStream_t`), for other libraries.
    public MemorySegment handle() {
        return handle;
    }

    /// Copies all of `source` to the device.
    public void upload(MemorySegment source, long destination) {
        long bytes = source.byteSize();
        cuda.run("cuMemcpyHtoDAsync_v2(" + bytes + " bytes)",
                () -> (int) cuda.memcpyHtoDAsync.invokeExact(destination, source, bytes, handle));
    }

    /// Fills all of `destination` from the device.
    public void download(long source, MemorySegment destination) {
        long bytes = destination.byteSize();
        cuda.run("cuMemcpyDtoHAsync_v2(" + bytes + " bytes)",
                () -> (int) cuda.memcpyDtoHAsync.invokeExact(destination, source, bytes, handle));
    }

    /// Copies within the device.
    public void copy(long source, long destination, long bytes) {
        cuda.run("cuMemcpyDtoDAsync_v2(" + bytes + " bytes)",
                () -> (int) cuda.memcpyDtoDAsync.invokeExact(destination, source, bytes, handle));
    }

    /// Sets `bytes` bytes to a value.
    public void fill(long destination, byte value, long bytes) {
        cuda.run("cuMemsetD8Async(" + bytes + " bytes)",
                () -> (int) cuda.memsetD8Async.invokeExact(destination, value, bytes, handle));
    }

    /// Sets `count` 16-bit numbers (bfloat16, half) to a value.
    public void fill(long destination, short value, long count) {
        cuda.run("cuMemsetD16Async(" + count + " shorts)",
                () -> (int) cuda.memsetD16Async.invokeExact(destination, value, count, handle));
    }

    /// Sets `count` 32-bit numbers to a value; a float goes by its bits.
    public void fill(long destination, int value, long count) {
        cuda.run("cuMemsetD32Async(" + count + " ints)",
                () -> (int) cuda.memsetD32Async.invokeExact(destination, value, count, handle));
    }

    /// Queues a kernel.
    ///
    /// @param size more than 48 KiB of shared memory needs [CudaFunction#allowSharedMemory] first
    /// @param arguments the addresses of the arguments, one pointer each; read during this call and not later
    public void launch(CudaFunction function, Geometry size, MemorySegment arguments) {
        int code;
        try {
            code = (int) cuda.launchKernel.invokeExact(function.handle(), size.gridX(), size.gridY(), size.gridZ(),
                    size.blockX(), size.blockY(), 1, size.sharedBytes(), handle, arguments, MemorySegment.NULL);
        } catch (Throwable e) {
            throw Downcalls.unexpected("cuLaunchKernel", e);
        }
        if (code != 0) {
            cuda.check("cuLaunchKernel(" + function.name() + ", " + size + ")", code);
        }
    }

    /// Queues a whole graph.
    public void launch(CudaGraph graph) {
        int code;
        try {
            code = (int) cuda.graphLaunch.invokeExact(graph.handle(), handle);
        } catch (Throwable e) {
            throw Downcalls.unexpected("cuGraphLaunch", e);
        }
        if (code != 0) {
            cuda.check("cuGraphLaunch", code);
        }
    }

    /// Marks this point of the queue.
    public void record(CudaEvent event) {
        MemorySegment mark = event.handle();
        cuda.run("cuEventRecord", () -> (int) cuda.eventRecord.invokeExact(mark, handle));
    }

    /// Lets what is queued from here on wait until the GPU has passed `event`.
    public void waitFor(CudaEvent event) {
        MemorySegment mark = event.handle();
        cuda.run("cuStreamWaitEvent", () -> (int) cuda.streamWaitEvent.invokeExact(handle, mark, 0));
    }

    /// Waits until the queue is empty; an error of a kernel turns up here.
    public void synchronize() {
        cuda.run("cuStreamSynchronize", () -> (int) cuda.streamSynchronize.invokeExact(handle));
    }

    /// Records what `work` queues on this stream instead of running it.
    ///
    /// `work` must stay on this (platform) thread, and must not allocate, wait or synchronize; other threads may go on
    /// using the GPU meanwhile.
    ///
    /// @throws RuntimeException what `work` throws; the stream is usable again then
    public CudaGraph capture(Runnable work) {
        cuda.run("cuStreamBeginCapture_v2",
                () -> (int) cuda.streamBeginCapture.invokeExact(handle, CAPTURE_THREAD_LOCAL));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            try {
                work.run();
            } catch (RuntimeException | Error e) {
                int ended = Downcalls.status("cuStreamEndCapture",
                        () -> (int) cuda.streamEndCapture.invokeExact(handle, out));
                MemorySegment rest = out.get(ADDRESS, 0);
                if (ended == 0 && rest.address() != 0) {
                    cuda.run("cuGraphDestroy", () -> (int) cuda.graphDestroy.invokeExact(rest));
                }
                throw e;
            }
            cuda.run("cuStreamEndCapture", () -> (int) cuda.streamEndCapture.invokeExact(handle, out));
            return new CudaGraph(cuda, out.get(ADDRESS, 0));
        }
    }

    @Override
    public void close() {
        cuda.run("cuStreamDestroy_v2", () -> (int) cuda.streamDestroy.invokeExact(handle));
    }
}
