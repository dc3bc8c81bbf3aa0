package dev.cathode.engine.runtime;

import dev.cathode.engine.graph.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/// Numbers on a device that training changes in place and that outlive every run: parameters, the optimizer's moments,
/// moving averages. A graph reads and updates them as parameters of these names. All are float32, in the engine's
/// layout (filters are `[O, KH, KW, I]`).
public interface Variables extends AutoCloseable {
    /// Asks, before anything is allocated, whether so many bytes of variables can be had.
    ///
    /// @throws InsufficientMemoryException if not
    void require(long bytes);

    /// Makes a variable of zeros.
    ///
    /// @throws IllegalArgumentException if the name is taken
    void define(String name, Shape shape);

    /// All variables and their shapes, in the order of their making.
    Map<String, Shape> shapes();

    /// Sets a variable; row-major float32, as many as its shape says.
    void write(String name, MemorySegment numbers);

    /// Copies a variable to `destination`, row-major float32.
    void read(String name, MemorySegment destination);

    /// Bytes of memory in use.
    long bytes();

    /// Frees the memory; executables that use it must not run any more.
    @Override
    void close();
}
