package dev.cathode.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Compiled kernels, loaded.
public final class CudaModule implements AutoCloseable {
    private final DriverFunctions cuda;
    private final MemorySegment handle;

    CudaModule(DriverFunctions cuda, byte[] cubin) {
        this.cuda = cuda;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment image = arena.allocate(Math.max(1, cubin.length), Long.BYTES);
            MemorySegment.copy(cubin, 0, image, JAVA_BYTE, 0, cubin.length);
            MemorySegment out = arena.allocate(ADDRESS);
            cuda.run("cuModuleLoadData(" + cubin.length + " bytes)",
                    () -> (int) cuda.moduleLoadData.invokeExact(out, image));
            handle = out.get(ADDRESS, 0);
        }
    }

    /// The kernel of that (unmangled) name.
    public CudaFunction function(String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom(name);
            MemorySegment out = arena.allocate(ADDRESS);
            cuda.run("cuModuleGetFunction(" + name + ")",
                    () -> (int) cuda.moduleGetFunction.invokeExact(out, handle, text));
            return new CudaFunction(cuda, name, out.get(ADDRESS, 0));
        }
    }

    @Override
    public void close() {
        cuda.run("cuModuleUnload", () -> (int) cuda.moduleUnload.invokeExact(handle));
    }
}
