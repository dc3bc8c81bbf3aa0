package dev.cathode.engine.runtime.cuda;

import dev.cathode.engine.compile.KernelNeeds;
import dev.cathode.engine.graph.Value;
import java.lang.foreign.MemorySegment;

/// What computes one value, before addresses are known.
///
/// @param description the algorithm, for people
/// @param flops floating-point operations; 0 if it is no matrix product
/// @param needs what the memory plan has to know
/// @param constantBytes device memory for tables that its binding writes, and for what it reserves
/// @param binder resolves the addresses
record CudaKernel(String description, double flops, KernelNeeds needs, long constantBytes, Binder binder) {
    /// A kernel without scratch memory.
    static CudaKernel simple(String description, Binder binder) {
        return scratch(description, 0, binder);
    }

    /// A kernel with scratch memory.
    static CudaKernel scratch(String description, long workspaceBytes, Binder binder) {
        return new CudaKernel(description, 0, new KernelNeeds(workspaceBytes, 0, true), 0, binder);
    }

    /// A kernel with tables.
    static CudaKernel tables(String description, long workspaceBytes, long constantBytes, Binder binder) {
        return new CudaKernel(description, 0, new KernelNeeds(workspaceBytes, 0, true), constantBytes, binder);
    }

    /// Makes what every run repeats.
    @FunctionalInterface
    interface Binder {
        Runnable bind(Addresses addresses);
    }

    /// Where values lie, on the device.
    interface Addresses {
        /// The first byte of a value, in the value's type.
        long of(Value value);

        /// The step's scratch memory.
        long workspace();

        /// Memory that belongs to this executable from now on, aligned to 256 bytes; a part of the constant bytes.
        long reserve(long bytes);

        /// Puts a table into the step's share of memory that no run changes, aligned to 256 bytes.
        long table(MemorySegment content);
    }
}
