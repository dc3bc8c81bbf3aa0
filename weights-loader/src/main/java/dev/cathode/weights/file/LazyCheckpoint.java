package dev.cathode.weights.file;

import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.FileTensor;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/// Tensors in mapped files, each looked at when it is asked for.
public final class LazyCheckpoint implements Checkpoint {
    private final String source;
    private final List<MappedFile> files;
    private final Map<String, Supplier<FileTensor>> tensors;
    private final Map<String, String> metadata;

    /// @param source for messages: the file that was opened
    /// @param files what the tensors lie in; this checkpoint closes them
    /// @param tensors each tensor's name and how to get it, in order
    /// @param metadata text beside the tensors
    public LazyCheckpoint(String source, List<MappedFile> files, Map<String, Supplier<FileTensor>> tensors,
            Map<String, String> metadata) {
        this.source = source;
        this.files = List.copyOf(files);
        this.tensors = tensors;
        this.metadata = Collections.unmodifiableMap(metadata);
    }

    @Override
    public String source() {
        return source;
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(tensors.keySet());
    }

    @Override
    public FileTensor tensor(String name) {
        Supplier<FileTensor> tensor = tensors.get(name);
        if (tensor == null) {
            throw new CheckpointException(source + ": no tensor " + Quote.of(name) + SimilarNames.hint(name, names()));
        }
        return tensor.get();
    }

    @Override
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public void release(FileTensor tensor) {
        files.stream().filter(file -> file.contains(tensor.data())).findFirst()
                .ifPresent(file -> file.release(tensor.data()));
    }

    @Override
    public void close() {
        files.forEach(MappedFile::close);
    }
}
