package dev.cathode.engine.train;

import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.FileTensor;
import java.util.Map;
import java.util.Set;

/// A tensor in memory as a checkpoint.
record OneTensor(FileTensor only) implements Checkpoint {
    @Override
    public String source() {
        return only.name();
    }

    @Override
    public Set<String> names() {
        return Set.of(only.name());
    }

    @Override
    public FileTensor tensor(String name) {
        if (!name.equals(only.name())) {
            throw new CheckpointException("there is " + only.name() + " only, no " + name);
        }
        return only;
    }

    @Override
    public Map<String, String> metadata() {
        return Map.of();
    }

    @Override
    public void release(FileTensor tensor) { }

    @Override
    public void close() { }
}
