package dev.cathode.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A kernel of a [CudaModule]; it lives as long as that.
public final class CudaFunction {
    /// What the compiler made of a kernel.
    public enum Attribute {
        /// The most threads that one block can have.
        MAX_THREADS_PER_BLOCK(0),
        /// Static shared memory in bytes.
        STATIC_SHARED_MEMORY(1),
        /// Memory of each thread outside registers (spills, arrays) in bytes: ideally 0.
        LOCAL_MEMORY(3),
        /// Registers of each thread.
        REGISTERS(4),
        /// The most dynamic shared memory that a launch may ask for, in bytes.
        MAX_DYNAMIC_SHARED_MEMORY(8);

        private final int code;

        Attribute(int code) {
            this.code = code;
        }
    }

    private final DriverFunctions cuda;
    private final String name;
    private final MemorySegment handle;

    CudaFunction(DriverFunctions cuda, String name, MemorySegment handle) {
        this.cuda = cuda;
        this.name = name;
        this.handle = handle;
    }

    MemorySegment handle() {
        return handle;
    }

    /// Its name in the source.
    public String name() {
        return name;
    }

    /// Asks one attribute.
    public int attribute(Attribute attribute) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_INT);
            int code = attribute.code;
            cuda.run("cuFuncGetAttribute(" + name + ", " + attribute + ")",
                    () -> (int) cuda.funcGetAttribute.invokeExact(out, code, handle));
            return out.get(JAVA_INT, 0);
        }
    }

    /// Allows launches to ask for up to `bytes` bytes of dynamic shared memory; 48 KiB are allowed anyway.
    public void allowSharedMemory(int bytes) {
        int code = Attribute.MAX_DYNAMIC_SHARED_MEMORY.code;
        cuda.run("cuFuncSetAttribute(" + name + ", " + bytes + " bytes of shared memory)",
                () -> (int) cuda.funcSetAttribute.invokeExact(handle, code, bytes));
    }

    /// How many blocks of this kernel one multiprocessor holds at a time.
    public int blocksPerMultiprocessor(int threads, long sharedMemory) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_INT);
            cuda.run("cuOccupancyMaxActiveBlocksPerMultiprocessor(" + name + ")",
                    () -> (int) cuda.occupancy.invokeExact(out, handle, threads, sharedMemory));
            return out.get(JAVA_INT, 0);
        }
    }
}
