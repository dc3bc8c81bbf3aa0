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
/// ±1/√(fan-in), norms 1, biases 0. A tensor is drawn when it is asked for and lives until it is released; it depends
/// on the seed, its name and nothing else.
public final class RandomWeights implements Checkpoint {
    /// How filters of convolutions are drawn.
    public enum Filters {
        /// Uniform in ±1/√(fan-in), PyTorch's default.
        UNIFORM,
        /// Normal with deviation √(2/fan-in), for networks with ReLU ([He et al.
        /// 2015](https://arxiv.org/abs/1502.01852)): torchvision's DenseNet.
        KAIMING_NORMAL
    }

    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private final Map<String, Shape> shapes = new LinkedHashMap<>();
    private final Map<String, Arena> arenas = new HashMap<>();
    private final long seed;
    private final Filters filters;

    /// Weights for the parameters of some graphs.
    public RandomWeights(long seed, Graph... graphs) {
        this(seed, Filters.UNIFORM, graphs);
    }

    /// Weights for the parameters of some graphs.
    public RandomWeights(long seed, Filters filters, Graph... graphs) {
        this.seed = seed;
        this.filters = filters;
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
        release(name);
        Arena arena = Arena.ofShared();
        arenas.put(name, arena);
        MemorySegment data = arena.allocate(shape.count() * Float.BYTES, 64);
        fill(data, name, shape);
        return new FileTensor(name, DType.F32, shape.torch(), data);
    }

    private void fill(MemorySegment data, String name, Shape shape) {
        if (shape.rank() < 2) {
            float value = name.endsWith("weight") || name.endsWith("running_var") ? 1 : 0;
            for (long i = 0; i < shape.count(); i++) {
                data.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
            }
            return;
        }
        double fanIn = shape.count() / (double) shape.dim(0);
        long start = mix(seed * GOLDEN + name.hashCode());
        if (shape.rank() == 4 && filters == Filters.KAIMING_NORMAL) {
            fill(data, shape.count(), i -> (float) (Math.sqrt(2 / fanIn) * normal(start + i * 2 * GOLDEN)));
        } else {
            float scale = (float) (1 / Math.sqrt(fanIn) * 0x1p-31);
            fill(data, shape.count(), i -> (int) (mix(start + i * GOLDEN) >>> 32) * scale);
        }
    }

    private interface Draw {
        float at(long index);
    }

    private static void fill(MemorySegment data, long count, Draw draw) {
        int block = 1 << 16;
        LongStream.range(0, (count + block - 1) / block).parallel().forEach(b -> {
            long end = Math.min(count, (b + 1) * block);
            for (long i = b * block; i < end; i++) {
                data.setAtIndex(ValueLayout.JAVA_FLOAT, i, draw.at(i));
            }
        });
    }

    /// Box and Muller 1958, with functions that give the same bits everywhere.
    private static double normal(long state) {
        double u = ((mix(state) >>> 11) + 1) * 0x1p-53; // above 0
        double angle = 2 * Math.PI * ((mix(state + GOLDEN) >>> 11) * 0x1p-53);
        return Math.sqrt(-2 * StrictMath.log(u)) * StrictMath.cos(angle);
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
