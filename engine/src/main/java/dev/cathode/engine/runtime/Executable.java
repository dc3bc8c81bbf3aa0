package dev.cathode.engine.runtime;

import dev.cathode.engine.compile.MemoryPlan;
import dev.cathode.engine.graph.Shape;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// A graph compiled for a device: set the inputs, run, get the outputs, again and again. While it runs nothing is
/// allocated or looked up.
public interface Executable extends AutoCloseable {
    /// Where everything lies.
    MemoryPlan plan();

    /// The inputs and their shapes.
    Map<String, Shape> inputs();

    /// The outputs, wanted taps (`tap.<name>`) among them, and their shapes.
    Map<String, Shape> outputs();

    /// Sets a float32 input; numbers in row-major order.
    ///
    /// @throws IllegalArgumentException if there is no such input or the count is wrong
    void set(String input, float[] numbers);

    /// Sets a 32-bit integer input.
    ///
    /// @throws IllegalArgumentException if there is no such input or the count is wrong
    void set(String input, int[] numbers);

    /// Computes.
    default void run() {
        run(() -> false);
    }

    /// Computes, and asks between kernels whether to stop.
    ///
    /// @throws java.util.concurrent.CancellationException if `cancelled` answered true; inputs stay set
    void run(BooleanSupplier cancelled);

    /// Waits until the last run is done, where [#run] returns before.
    default void await() { }

    /// A float32 output of the last run, in row-major order.
    ///
    /// @throws IllegalArgumentException if there is no such output
    float[] get(String output);

    /// Asks for a float32 output of the last run and does not wait for it: the numbers stay those of that run, also if
    /// another one begins.
    ///
    /// @return waits for the numbers, in row-major order; to be called at most once, before this is closed
    /// @throws IllegalArgumentException if there is no such output
    default Supplier<float[]> fetch(String output) {
        float[] numbers = get(output);
        return () -> numbers;
    }

    /// Runs once and looks at every result: the first that holds a NaN or an infinity, with the parameters it was made
    /// from; empty if all are finite.
    Optional<String> firstNonFinite();

    /// Runs once and times every kernel.
    List<StepProfile> profile();

    /// The kernels in order, one line each.
    String describe();

    /// Frees the arena.
    @Override
    void close();

    /// What one kernel of a run took.
    ///
    /// @param operation the operation and its shape
    /// @param kernel the algorithm in use
    /// @param flops floating-point operations of the direct algorithm; 0 if not a matrix product
    /// @param mixed whether it multiplies bfloat16 numbers
    /// @param seconds wall time
    record StepProfile(String operation, String kernel, double flops, boolean mixed, double seconds) { }
}
