package dev.cathode.engine.runtime;

import java.util.Set;

/// How to compile a graph.
///
/// @param taps names of taps that every run shall return, as outputs `tap.<name>`
/// @param constantInputs inputs that stay the same for many runs: what depends on them alone is computed only when
///         they are set
/// @param fuse whether operations are merged into kernels that do several at once
public record CompileOptions(Set<String> taps, Set<String> constantInputs, boolean fuse) {
    /// Copies.
    public CompileOptions {
        taps = Set.copyOf(taps);
        constantInputs = Set.copyOf(constantInputs);
    }

    /// No taps, no constant inputs, fused.
    public static CompileOptions defaults() {
        return new CompileOptions(Set.of(), Set.of(), true);
    }

    /// These options with taps.
    public CompileOptions withTaps(Set<String> names) {
        return new CompileOptions(names, constantInputs, fuse);
    }

    /// These options with constant inputs.
    public CompileOptions withConstantInputs(Set<String> names) {
        return new CompileOptions(taps, names, fuse);
    }

    /// These options with one kernel per operation.
    public CompileOptions withoutFusion() {
        return new CompileOptions(taps, constantInputs, false);
    }
}
