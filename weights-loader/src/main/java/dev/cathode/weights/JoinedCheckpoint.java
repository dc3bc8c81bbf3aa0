package dev.cathode.weights;

import dev.cathode.weights.file.Quote;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Several checkpoints as one; no name may be in two of them.
public final class JoinedCheckpoint implements Checkpoint {
    private final List<Checkpoint> members;
    private final Map<String, Checkpoint> places = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    /// @param members closed with this
    /// @throws CheckpointException if a name is in two of them
    public JoinedCheckpoint(List<Checkpoint> members) {
        this.members = List.copyOf(members);
        for (Checkpoint member : members) {
            metadata.putAll(member.metadata());
            for (String name : member.names()) {
                if (places.put(name, member) != null) {
                    throw new CheckpointException(member.source() + ": tensor " + Quote.of(name)
                            + " is in another component too");
                }
            }
        }
    }

    @Override
    public String source() {
        return members.stream().map(Checkpoint::source).distinct().collect(Collectors.joining(" + "));
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(places.keySet());
    }

    @Override
    public FileTensor tensor(String name) {
        Checkpoint member = places.get(name);
        if (member == null) {
            throw new CheckpointException(source() + ": no tensor " + Quote.of(name));
        }
        return member.tensor(name);
    }

    @Override
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    @Override
    public void release(FileTensor tensor) {
        Checkpoint member = places.get(tensor.name());
        if (member != null) {
            member.release(tensor);
        } else { // whoever wrote it knows the bytes only
            members.forEach(m -> m.release(tensor));
        }
    }

    @Override
    public void close() {
        members.forEach(Checkpoint::close);
    }
}
