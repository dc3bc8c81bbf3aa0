package dev.cathode.engine.golden;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.DType;
import dev.cathode.weights.FileTensor;
import dev.cathode.weights.Goldens;
import dev.cathode.weights.NameHash;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The name-hash weights of a full-size network. Each tensor is computed when it is asked for and kept until it is
/// released, so that a network of 3.4 GB never needs much more than its packed form.
public final class HashedWeights implements Checkpoint {
    private final Map<String, List<Long>> shapes = new LinkedHashMap<>();
    private final Map<String, Held> held = new HashMap<>();
    private final String salt;
    private final double gain;

    private record Held(Arena arena, FileTensor tensor) { }

    /// The weights of these graphs, with a topic's salt and gain.
    public HashedWeights(Goldens.Topic topic, Graph... graphs) {
        salt = topic.salt();
        gain = topic.gain();
        for (Graph graph : graphs) {
            graph.parameters().forEach((name, value) -> shapes.put(name, value.shape().torch()));
        }
    }

    @Override
    public String source() {
        return "name-hash weights";
    }

    @Override
    public Set<String> names() {
        return shapes.keySet();
    }

    @Override
    public FileTensor tensor(String name) {
        if (!shapes.containsKey(name)) {
            throw new CheckpointException(source() + ": no tensor '" + name + "'");
        }
        return held.computeIfAbsent(name, n -> compute(n, shapes.get(n))).tensor;
    }

    private Held compute(String name, List<Long> shape) {
        Arena arena = Arena.ofShared();
        long count = shape.stream().reduce(1L, Math::multiplyExact);
        MemorySegment data = arena.allocate(count * Float.BYTES, 64);
        NameHash.fill(name, shape, salt, gain, data);
        return new Held(arena, new FileTensor(name, DType.F32, shape, data));
    }

    @Override
    public Map<String, String> metadata() {
        return Map.of();
    }

    @Override
    public void release(FileTensor tensor) {
        held.remove(tensor.name()).arena.close();
    }

    @Override
    public void close() {
        held.values().forEach(h -> h.arena.close());
        held.clear();
    }
}
