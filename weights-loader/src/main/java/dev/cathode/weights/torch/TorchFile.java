package dev.cathode.weights.torch;

import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.FileTensor;
import dev.cathode.weights.file.LazyCheckpoint;
import dev.cathode.weights.file.MappedFile;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// Opens what `torch.save` wrote.
public final class TorchFile {
    private TorchFile() {
    }

    /// Finds the tensors of a mapped zip or legacy file; the checkpoint takes over the mapping.
    ///
    /// @throws dev.cathode.weights.CheckpointException if it is broken, hostile or holds no tensors
    public static Checkpoint open(MappedFile file, boolean zip) {
        Container container = zip ? new ZipContainer(file) : new LegacyContainer(file);
        StateDict state = new StateDict(file, container);
        Map<String, Supplier<FileTensor>> tensors = new LinkedHashMap<>(state.tensors());
        return new LazyCheckpoint(file.path().toString(), List.of(file), tensors, state.metadata());
    }
}
