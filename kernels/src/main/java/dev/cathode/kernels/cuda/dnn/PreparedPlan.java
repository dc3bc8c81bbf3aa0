package dev.cathode.kernels.cuda.dnn;

import java.util.Map;

/// A way to compute a task that is ready to run.
public sealed interface PreparedPlan extends AutoCloseable permits Plan, AttentionPlan {
    /// Device memory it needs while it runs, in bytes.
    long workspace();

    /// All of it, as text to keep.
    String json();

    /// Queues the plan on the stream of the library in use.
    ///
    /// @param addresses of the task's tensors, by their numbers
    /// @param workspace the address of as many bytes as the plan needs, aligned to 256
    void run(Cudnn.Handle handle, Map<Long, Long> addresses, long workspace);

    @Override
    void close();
}
