package dev.cathode.engine.runtime.cpu;

import dev.cathode.engine.graph.Value;

/// The kernel of one value, before addresses are known.
///
/// @param description the algorithm, for people
/// @param flops floating-point operations; 0 if it is no matrix product
/// @param mixed whether it multiplies bfloat16 numbers
/// @param workspaceBytes scratch memory it needs
/// @param weightBytes memory for packed weights that its binding will add
/// @param binder resolves the addresses
record CpuKernel(String description, double flops, boolean mixed, long workspaceBytes, long weightBytes,
                 Binder binder) {
    /// A kernel without scratch memory or weights of its own.
    static CpuKernel simple(String description, Binder binder) {
        return new CpuKernel(description, 0, false, 0, 0, binder);
    }

    /// Makes the call that every run repeats.
    @FunctionalInterface
    interface Binder {
        Runnable bind(Addresses addresses);
    }

    /// Where values lie.
    interface Addresses {
        /// The first byte of a value; a parameter's as float32.
        long of(Value value);

        /// Elements from one row of a value to the next.
        int stride(Value value);

        /// Whether an input of a concatenation already lies in its slice.
        boolean inPlace(Value concat, Value input);

        /// The step's scratch memory.
        long workspace();
    }
}
