package dev.cathode.engine.runtime;

import dev.cathode.engine.graph.Graph;
import dev.cathode.weights.Checkpoint;

/// Something that can hold weights and run graphs. Not for several threads at once.
public interface Device extends AutoCloseable {
    /// What this is, for people: processor, vector width, threads.
    String description();

    /// Whether its memory is not this process's, so that numbers are better left there between runs.
    default boolean isRemote() {
        return false;
    }

    /// Weights from a checkpoint, brought into the device's own form when a graph first needs them.
    ///
    /// @param checkpoint must stay open as long as the weights
    default DeviceWeights weights(Checkpoint checkpoint) {
        return weights(checkpoint, variables());
    }

    /// Weights of which some change: parameters that are among the variables are read there, all others come from the
    /// checkpoint.
    ///
    /// @param checkpoint must stay open as long as the weights
    /// @param variables from this device; they must stay open as long as the weights
    DeviceWeights weights(Checkpoint checkpoint, Variables variables);

    /// A place for numbers that training changes; without any yet.
    Variables variables();

    /// Plans a graph and allocates what it needs.
    ///
    /// @param weights from this device; they must hold every parameter of the graph in its shape
    /// @throws dev.cathode.weights.CheckpointException if a parameter is missing or has another shape
    /// @throws InsufficientMemoryException if the plan does not fit; nothing is allocated then
    Executable compile(Graph graph, DeviceWeights weights, CompileOptions options);

    /// Bytes that [#compile] would allocate: the arena, and weights in the form the kernels want as far as they are not
    /// there yet. Allocates nothing.
    long requiredBytes(Graph graph, DeviceWeights weights, CompileOptions options);

    /// Ends the device's threads; weights and executables must be closed before.
    @Override
    void close();
}
