package dev.cathode.engine.train;

import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.FileTensor;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// The checkpoints of several networks as one, each tensor under its network's prefix: `unet.conv_in.weight`. Closing
/// it closes them.
public final class PrefixedCheckpoint implements Checkpoint {
    private final Map<String, Checkpoint> parts;

    /// @param parts checkpoints by prefix, each with a dot at its end
    public PrefixedCheckpoint(Map<String, Checkpoint> parts) {
        this.parts = new LinkedHashMap<>(parts);
    }

    @Override
    public String source() {
        return parts.values().stream().map(Checkpoint::source).collect(Collectors.joining(", "));
    }

    @Override
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        parts.forEach((prefix, part) -> part.names().forEach(name -> names.add(prefix + name)));
        return names;
    }

    @Override
    public FileTensor tensor(String name) {
        String prefix = prefix(name);
        FileTensor tensor = parts.get(prefix).tensor(name.substring(prefix.length()));
        return new FileTensor(name, tensor.dtype(), tensor.shape(), tensor.data());
    }

    @Override
    public Map<String, String> metadata() {
        return Map.of();
    }

    @Override
    public void release(FileTensor tensor) {
        String prefix = prefix(tensor.name());
        parts.get(prefix).release(new FileTensor(tensor.name().substring(prefix.length()), tensor.dtype(),
                tensor.shape(), tensor.data()));
    }

    private String prefix(String name) {
        return parts.keySet().stream().filter(name::startsWith).findFirst().orElseThrow(() ->
                new CheckpointException("there is no network for tensor " + name + "; there are " + parts.keySet()));
    }

    @Override
    public void close() {
        parts.values().forEach(Checkpoint::close);
    }
}
