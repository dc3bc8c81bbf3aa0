package dev.cathode.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/// Weights computed from parameter names (the goldens' README.md, section "Name-hash weights"): full-size networks are
/// tested without weight files.
public final class NameHash {
    private static final long GAMMA = 0x9E3779B97F4A7C15L;
    private static final int CHUNK = 1 << 16;
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private NameHash() {
    }

    /// A parameter's values: offset + scale * v.
    record Rule(double offset, double scale) {
    }

    /// FNV-1a of the UTF-8 bytes.
    static long fnv1a64(String text) {
        long h = 0xcbf29ce484222325L;
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            h = (h ^ (b & 0xFF)) * 0x100000001b3L;
        }
        return h;
    }

    /// The number v of a hash at a flat index, in [-1, 1).
    static float unit(long hash, long index) {
        long z = hash + (index + 1) * GAMMA;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        z ^= z >>> 31;
        return (z >>> 40) * 0x1p-23f - 1;
    }

    /// The numbers v of a name, for input pictures (`input.pixel_values`).
    public static float[] units(String name, int count) {
        long hash = fnv1a64(name);
        float[] values = new float[count];
        IntStream.range(0, count).parallel().forEach(i -> values[i] = unit(hash, i));
        return values;
    }

    /// Whether a parameter is hashed; the others are counts 0, 1, 2, ... of type I64.
    static boolean isHashed(String name) {
        String leaf = leaf(name);
        return !leaf.equals("num_batches_tracked") && !leaf.equals("position_ids");
    }

    static Rule rule(String name, List<Long> shape, double gain) {
        String leaf = leaf(name);
        if (leaf.equals("running_mean")) {
            return new Rule(0, 0.1);
        }
        if (leaf.equals("running_var")) {
            return new Rule(1, 0.1);
        }
        if (shape.size() == 2 && (name.endsWith("embedding.weight") || name.endsWith("embeddings.weight"))) {
            return new Rule(0, 0.05);
        }
        if (shape.size() >= 2) {
            long fanIn = shape.stream().skip(1).reduce(1L, Math::multiplyExact);
            return new Rule(0, Math.sqrt(3.0 * gain / fanIn));
        }
        return switch (leaf) {
            case "class_embedding" -> new Rule(0, 0.05);
            case "weight" -> new Rule(1, 0.1);
            default -> new Rule(0, 0.1);
        };
    }

    /// A hashed parameter's values, row-major in PyTorch's layout.
    ///
    /// @param gain 1 for transformers, U-Nets and VAEs, 2 for networks with ReLU and batch norm
    public static float[] values(String name, List<Long> shape, String salt, double gain) {
        float[] values = new float[Math.toIntExact(count(shape))];
        fill(name, shape, salt, gain, MemorySegment.ofArray(values));
        return values;
    }

    /// The same as little-endian float32 into memory, in parallel.
    public static void fill(String name, List<Long> shape, String salt, double gain, MemorySegment to) {
        Rule rule = rule(name, shape, gain);
        long hash = fnv1a64(salt + name);
        long count = count(shape);
        IntStream.range(0, Math.toIntExact(Math.ceilDiv(count, CHUNK))).parallel().forEach(chunk -> {
            long begin = (long) chunk * CHUNK;
            float[] values = new float[(int) Math.min(CHUNK, count - begin)];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (rule.offset + rule.scale * unit(hash, begin + i));
            }
            MemorySegment.copy(values, 0, to, FLOAT, begin * Float.BYTES, values.length);
        });
    }

    /// A checkpoint with these parameters, computed when asked for and freed when no longer referenced.
    ///
    /// @param shapes each parameter's shape, in PyTorch's layout
    public static Checkpoint checkpoint(Map<String, List<Long>> shapes, String salt, double gain) {
        return new Hashed(shapes, salt, gain);
    }

    private static long count(List<Long> shape) {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }

    private static String leaf(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }

    private record Hashed(Map<String, List<Long>> shapes, String salt, double gain) implements Checkpoint {
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
            List<Long> shape = shapes.get(name);
            if (shape == null) {
                throw new CheckpointException(source() + ": no tensor '" + name + "'");
            }
            DType dtype = isHashed(name) ? DType.F32 : DType.I64;
            MemorySegment data = Arena.ofAuto().allocate(count(shape) * dtype.bytes(), Long.BYTES);
            if (isHashed(name)) {
                fill(name, shape, salt, gain, data);
            } else {
                for (long i = 0; i < count(shape); i++) {
                    data.setAtIndex(LONG, i, i);
                }
            }
            return new FileTensor(name, dtype, shape, data);
        }

        @Override
        public Map<String, String> metadata() {
            return Map.of();
        }

        @Override
        public void release(FileTensor tensor) {
            // Freed when no longer referenced.
        }

        @Override
        public void close() {
            // Nothing is held.
        }
    }
}
