package dev.cathode.weights;

import dev.cathode.weights.safetensors.Safetensors;
import java.nio.file.Path;

/// Opens weight files.
public final class Checkpoints {
    private Checkpoints() {
    }

    /// Maps a safetensors file; tensors are read when they are asked for.
    ///
    /// @throws CheckpointException if the file is missing, broken or no weight file
    public static Checkpoint open(Path path) {
        return Safetensors.open(path);
    }
}
