package dev.cathode.engine.runtime;

import dev.cathode.engine.graph.Graph;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/// A network with its weights on a device, compiled for each size it is used at.
///
/// @param <K> what the graph depends on: batch, height, width, length
public final class CompiledNetwork<K> implements AutoCloseable {
    private final Device device;
    private final DeviceWeights weights;
    private final Function<K, Graph> trace;
    private final CompileOptions options;
    private final int capacity;
    private final Map<K, Executable> executables = new LinkedHashMap<>(16, 0.75f, true);

    /// @param trace makes the graph for a size
    /// @param weights closed with this network
    /// @param capacity how many sizes stay compiled; the least recently used one goes first
    public CompiledNetwork(Device device, DeviceWeights weights, Function<K, Graph> trace, CompileOptions options,
                           int capacity) {
        this.device = device;
        this.weights = weights;
        this.trace = trace;
        this.options = options;
        this.capacity = capacity;
    }

    /// The executable for a size.
    public Executable at(K size) {
        Executable known = executables.get(size);
        if (known != null) {
            return known;
        }
        while (executables.size() >= capacity) {
            K oldest = executables.keySet().iterator().next();
            executables.remove(oldest).close();
        }
        Executable compiled = device.compile(trace.apply(size), weights, options);
        executables.put(size, compiled);
        return compiled;
    }

    /// Bytes of memory in use for weights and arenas.
    public long bytes() {
        return weights.bytes() + executables.values().stream().mapToLong(e -> e.plan().arenaBytes()).sum();
    }

    @Override
    public void close() {
        executables.values().forEach(Executable::close);
        executables.clear();
        weights.close();
    }
}
