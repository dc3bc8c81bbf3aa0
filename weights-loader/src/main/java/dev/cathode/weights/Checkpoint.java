package dev.cathode.weights;

import java.util.Map;
import java.util.Set;

/// Named tensors from one or several files, mapped and read lazily.
public interface Checkpoint extends AutoCloseable {
    /// Where the tensors come from, for messages.
    String source();

    /// All names, in the file's order.
    Set<String> names();

    /// One tensor.
    ///
    /// @throws CheckpointException if there is none of this name; the message lists similar names
    FileTensor tensor(String name);

    /// Text the file carries beside its tensors.
    Map<String, String> metadata();

    /// Tells that the tensor's bytes are not needed for now: its mapped pages may leave this process' resident memory
    /// (they come back when read again). Does nothing where that is not possible.
    void release(FileTensor tensor);

    /// Unmaps the files; tensors must not be used after that.
    @Override
    void close();
}
