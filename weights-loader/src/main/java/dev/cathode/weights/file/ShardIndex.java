package dev.cathode.weights.file;

import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.FileTensor;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/// A checkpoint in several files, of which an index (`model.safetensors.index.json`) says which tensor is where.
public final class ShardIndex implements Checkpoint {
    private static final int MAX_SHARDS = 10_000;

    private final Path index;
    private final Map<String, Checkpoint> shards;
    private final Map<String, Checkpoint> places;
    private final Map<String, String> metadata;

    private ShardIndex(Path index, Map<String, Checkpoint> shards, Map<String, Checkpoint> places,
            Map<String, String> metadata) {
        this.index = index;
        this.shards = shards;
        this.places = places;
        this.metadata = metadata;
    }

    /// Opens all files the index names; they must lie in its folder.
    ///
    /// @param open opens one of them
    /// @throws CheckpointException if one is missing, broken, or lacks a tensor
    public static Checkpoint open(Path index, Function<Path, Checkpoint> open) {
        JsonNode json = Json.read(index);
        JsonNode map = json.path("weight_map");
        if (!map.isObject()) {
            throw new CheckpointException(index + ": is no index of shards: it has no weight_map");
        }
        Map<String, Checkpoint> shards = new TreeMap<>();
        try {
            Map<String, Checkpoint> places = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> entry : map.properties()) {
                String file = fileName(index, entry.getKey(), entry.getValue());
                Checkpoint shard = shards.computeIfAbsent(file, name -> shard(index, name, open));
                if (!shard.names().contains(entry.getKey())) {
                    throw new CheckpointException(index + ": tensor " + Quote.of(entry.getKey()) + " should be in "
                            + shard.source() + ", but is not");
                }
                places.put(entry.getKey(), shard);
                if (shards.size() > MAX_SHARDS) {
                    throw new CheckpointException(index + ": names more than " + MAX_SHARDS + " files");
                }
            }
            return new ShardIndex(index, shards, places, metadata(json.path("metadata")));
        } catch (RuntimeException e) {
            shards.values().forEach(Checkpoint::close);
            throw e;
        }
    }

    private static Checkpoint shard(Path index, String name, Function<Path, Checkpoint> open) {
        try {
            return open.apply(index.resolveSibling(name));
        } catch (CheckpointException e) {
            throw new CheckpointException(index + " names a file that cannot be used: " + e.getMessage(), e);
        }
    }

    /// Only plain names: an index must not reach outside its folder.
    private static String fileName(Path index, String tensor, JsonNode value) {
        String name = value.asString("");
        if (name.isEmpty() || name.equals(".") || name.equals("..") || name.contains("/") || name.contains("\\")
                || name.contains(":") || name.indexOf('\0') >= 0 || name.endsWith(".json")) {
            throw new CheckpointException(index + ": tensor " + Quote.of(tensor) + " is said to be in "
                    + Quote.of(value.asString("?")) + ", which is no file of the index's own folder");
        }
        return name;
    }

    private static Map<String, String> metadata(JsonNode json) {
        Map<String, String> metadata = new LinkedHashMap<>();
        json.propertyStream().filter(e -> e.getValue().isValueNode())
                .forEach(e -> metadata.put(e.getKey(), e.getValue().asString()));
        return Collections.unmodifiableMap(metadata);
    }

    @Override
    public String source() {
        return index.toString();
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(places.keySet());
    }

    @Override
    public FileTensor tensor(String name) {
        Checkpoint shard = places.get(name);
        if (shard == null) {
            throw new CheckpointException(index + ": no tensor " + Quote.of(name) + SimilarNames.hint(name, names()));
        }
        return shard.tensor(name);
    }

    @Override
    public Map<String, String> metadata() {
        return metadata;
    }

    @Override
    public void release(FileTensor tensor) {
        shards.values().forEach(shard -> shard.release(tensor));
    }

    @Override
    public void close() {
        shards.values().forEach(Checkpoint::close);
    }
}
