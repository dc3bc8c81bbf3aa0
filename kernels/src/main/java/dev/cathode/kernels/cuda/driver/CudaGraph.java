package dev.cathode.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Work that was captured once and runs, launched by [CudaStream#launch(CudaGraph)], as often as wanted: one call of
/// the driver for all its kernels. The addresses in it are fixed.
public final class CudaGraph implements AutoCloseable {
    private final DriverFunctions cuda;
    private final MemorySegment handle;
    private final long nodes;

    /// @param graph the captured graph; it is destroyed here
    CudaGraph(DriverFunctions cuda, MemorySegment graph) {
        this.cuda = cuda;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(JAVA_LONG);
            cuda.run("cuGraphGetNodes",
                    () -> (int) cuda.graphGetNodes.invokeExact(graph, MemorySegment.NULL, count));
            nodes = count.get(JAVA_LONG, 0);
            MemorySegment out = arena.allocate(ADDRESS);
            cuda.run("cuGraphInstantiateWithFlags(" + nodes + " nodes)",
                    () -> (int) cuda.graphInstantiate.invokeExact(out, graph, 0L));
            handle = out.get(ADDRESS, 0);
        } finally {
            cuda.run("cuGraphDestroy", () -> (int) cuda.graphDestroy.invokeExact(graph));
        }
    }

    MemorySegment handle() {
        return handle;
    }

    /// How many kernels, copies and fills it holds.
    public long nodes() {
        return nodes;
    }

    /// Brings the graph to the device now, so that its first launch is as fast as the others.
    public void upload(CudaStream stream) {
        MemorySegment queue = stream.handle();
        cuda.run("cuGraphUpload", () -> (int) cuda.graphUpload.invokeExact(handle, queue));
    }

    @Override
    public void close() {
        cuda.run("cuGraphExecDestroy", () -> (int) cuda.graphExecDestroy.invokeExact(handle));
    }
}
