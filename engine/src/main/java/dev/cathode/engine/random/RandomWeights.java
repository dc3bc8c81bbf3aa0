package dev.cathode.engine.random;

import dev.cathode.engine.graph.Graph;
import dev.cathode.engine.graph.Shape;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.DType;
import dev.cathode.weights.FileTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;

/// Weights for a network that has none, in the distribution of PyTorch's defaults: matrices and filters uniform in
/// ±1/√(fan-in), norms 1, biases 0. A tensor is drawn when it is asked for and lives until it is released; it depends on
/// the seed, its name and nothing else.
public final class RandomWeights implements Checkpoint {
    private final Map<String, Shape> shapes = new LinkedHashMap<>();
    private final Map<String, Arena> arenas = new HashMap<>();
    private final long seed;

    /// Weights for the parameters of some graphs.
    public RandomWeights(long seed, Graph... graphs) {
        this.seed = seed;
        for (Graph graph : graphs) {
            graph.parameters().forEach((name, value) -> shapes.put(name, value.shape()));
        }
    }

    @Override
    public String source() {
        return "random weights";
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(shapes.keySet());
    }

    @Override
    public FileTensor tensor(String name) {
        Shape shape = shapes.get(name);
        if (shape == null) {
            throw new CheckpointException("there are no random weights for " + name);
        }
        List<Long> dims = shape.dims().stream().map(Integer::longValue).toList();
        if (dims.size() == 4) { // a filter [O, KH, KW, I] lies as [O, I, KH, KW] in files
            dims = List.of(dims.get(0), dims.get(3), dims.get(1), dims.get(2));
        }
        release(name);
        Arena arena = Arena.ofShared();
        arenas.put(name, arena);
        MemorySegment data = arena.allocate(shape.count() * Float.BYTES, 64);
        fill(data, name, shape);
        return new FileTensor(name, DType.F32, dims, data);
    }

    private void fill(MemorySegment data, String name, Shape shape) {
        if (shape.rank() < 2) {
            float value = name.endsWith("weight") ? 1 : 0;
            for (long i = 0; i < shape.count(); i++) {
                data.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
            }
            return;
        }
        double bound = 1 / Math.sqrt(shape.count() / (double) shape.dim(0));
        float scale = (float) (bound * 0x1p-31);
        long start = mix(seed * 0x9E3779B97F4A7C15L + name.hashCode());
        int block = 1 << 16;
        LongStream.range(0, (shape.count() + block - 1) / block).parallel().forEach(b -> {
            long end = Math.min(shape.count(), (b + 1) * block);
            for (long i = b * block; i < end; i++) {
                data.setAtIndex(ValueLayout.JAVA_FLOAT, i, (int) (mix(start + i * 0x9E3779B97F4A7C15L) >>> 32) * scale);
            }
        });
    }

    /// The finaliser of splitmix64 (Steele, Lea and Flood 2014).
    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    @Override
    public Map<String, String> metadata() {
        return Map.of();
    }

    @Override
    public void release(FileTensor tensor) {
        release(tensor.name());
    }

    private void release(String name) {
        Arena arena = arenas.remove(name);
        if (arena != null) {
            arena.close();
        }
    }

    @Override
    public void close() {
        List.copyOf(arenas.keySet()).forEach(this::release);
    }
}
