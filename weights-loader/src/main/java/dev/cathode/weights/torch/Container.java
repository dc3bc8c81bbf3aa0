package dev.cathode.weights.torch;

import dev.cathode.weights.torch.Pickled.Storage;
import java.lang.foreign.MemorySegment;

/// A torch file's two parts: the pickled object, and the arrays it refers to.
interface Container {
    /// What the pickle holds.
    Pickled object();

    /// The bytes of a storage, in the file.
    ///
    /// @throws dev.cathode.weights.CheckpointException if it is missing or has another length
    MemorySegment bytes(Storage storage);
}
