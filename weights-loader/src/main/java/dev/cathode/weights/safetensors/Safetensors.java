package dev.cathode.weights.safetensors;

import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.FileTensor;
import dev.cathode.weights.file.LazyCheckpoint;
import dev.cathode.weights.file.MappedFile;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// Reads one safetensors file without copying anything.
public final class Safetensors {
    private Safetensors() {
    }

    /// Checks the whole header of a mapped file; the checkpoint takes over the mapping.
    ///
    /// @throws dev.cathode.weights.CheckpointException if it is not a well-formed safetensors file
    public static Checkpoint open(MappedFile file) {
        Header header = Header.read(file);
        Map<String, Supplier<FileTensor>> tensors = LinkedHashMap.newLinkedHashMap(header.entries().size());
        header.entries().forEach((name, entry) -> tensors.put(name, () -> tensor(file, header, name, entry)));
        return new LazyCheckpoint(file.path().toString(), List.of(file), tensors, header.metadata());
    }

    private static FileTensor tensor(MappedFile file, Header header, String name, Header.Entry entry) {
        MemorySegment data = file.bytes().asSlice(header.dataOffset() + entry.begin(), entry.end() - entry.begin());
        return new FileTensor(name, entry.dtype(), entry.shape(), data);
    }
}
