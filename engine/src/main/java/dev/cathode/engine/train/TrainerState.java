package dev.cathode.engine.train;

import dev.cathode.engine.train.SampleOrder.Position;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import dev.cathode.weights.file.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// `trainer_state.json`: where a run is, and what it must be given to go on. Random numbers and the learning rate are
/// functions of the seed and the step, so that these two are their whole state.
///
/// @param globalStep optimizer steps that are done
/// @param position where in the data the next step begins
/// @param samples of the data set that is trained on
/// @param data a digest of them, see [DataDigest]
/// @param seed of all random numbers
/// @param learningRate that the next step uses, for people
/// @param recipe what the run depends on, see [TrainingRecipe#decisive]
/// @param versions of the programs that wrote it, for people
public record TrainerState(long globalStep, Position position, int samples, String data, long seed,
        double learningRate, SortedMap<String, String> recipe, SortedMap<String, String> versions) {
    /// The file's name.
    public static final String FILE = "trainer_state.json";

    private static final int FORMAT = 1;
    /// The way that seeds become numbers: [TrainingRandom].
    private static final String RANDOM = "splitmix64";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    public TrainerState {
        if (globalStep < 0 || samples < 1) {
            throw new IllegalArgumentException("a run has 0 or more steps and at least one sample: " + globalStep
                    + " and " + samples);
        }
        recipe = Collections.unmodifiableSortedMap(new TreeMap<>(recipe));
        versions = Collections.unmodifiableSortedMap(new TreeMap<>(versions));
    }

    /// Where a run is.
    ///
    /// @param steps optimizer steps that are done
    public static TrainerState of(long steps, TrainingRecipe recipe, SampleOrder order, String data,
            Map<String, String> versions) {
        return new TrainerState(steps, order.position(steps), order.samples(), data, recipe.steps().seed(),
                recipe.schedule(order.samples()).at(steps), recipe.decisive(), new TreeMap<>(versions));
    }

    /// Refuses to go on with another recipe or other data: the result would be that of neither run.
    ///
    /// @param checkpoint for the message
    /// @param order of the samples that the run shall go on with
    /// @param digest of the data that it shall go on with
    /// @throws IllegalArgumentException if something differs; says what
    public void requireFits(Path checkpoint, TrainingRecipe wanted, SampleOrder order, String digest) {
        List<String> differences = new ArrayList<>();
        SortedMap<String, String> decisive = wanted.decisive();
        TreeSet<String> keys = new TreeSet<>(recipe.keySet());
        keys.addAll(decisive.keySet());
        for (String key : keys) {
            String was = recipe.getOrDefault(key, "not set");
            String is = decisive.getOrDefault(key, "not set");
            if (!was.equals(is)) {
                differences.add(key + " was " + was + " and is " + is);
            }
        }
        if (samples != order.samples()) {
            differences.add("the data had " + samples + " samples and has " + order.samples());
        } else if (!data.equals(digest)) {
            differences.add("the data had other names or captions");
        }
        if (differences.isEmpty() && !position.equals(order.position(globalStep))) {
            differences.add("step " + globalStep + " was at " + position + " and is at " + order.position(globalStep));
        }
        if (!differences.isEmpty()) {
            throw new IllegalArgumentException(checkpoint + ": belongs to another run: "
                    + String.join("; ", differences)
                    + ". Set these back, or begin a new run: another output_dir, or no resume_from_checkpoint");
        }
    }

    /// Writes it into a checkpoint's folder.
    void write(Path folder) throws IOException {
        ObjectNode root = JSON.createObjectNode();
        root.put("format", FORMAT);
        root.put("global_step", globalStep);
        root.put("epoch", position.epoch());
        root.put("offset", position.offset());
        root.put("samples", samples);
        root.put("data", data);
        root.put("learning_rate", learningRate);
        root.putObject("random").put("kind", RANDOM).put("seed", seed);
        ObjectNode values = root.putObject("recipe");
        recipe.forEach(values::put);
        ObjectNode programs = root.putObject("versions");
        versions.forEach(programs::put);
        Files.writeString(folder.resolve(FILE), root.toPrettyString() + "\n");
    }

    /// Reads it from a checkpoint's folder.
    ///
    /// @throws IOException if it is missing or broken, or of another version of this program
    static TrainerState read(Path folder) throws IOException {
        Path file = folder.resolve(FILE);
        JsonNode root = Json.read(file);
        int format = root.path("format").asInt(-1);
        String random = root.path("random").path("kind").asString("");
        if (format != FORMAT || !random.equals(RANDOM)) {
            throw new IOException(file + ": was written by another version of this program (format " + format
                    + ", random numbers '" + random + "'); go on with that version");
        }
        try {
            return new TrainerState(root.required("global_step").asLong(),
                    new Position(root.required("epoch").asLong(), root.required("offset").asInt()),
                    root.required("samples").asInt(), root.required("data").asString(),
                    root.required("random").required("seed").asLong(), root.required("learning_rate").asDouble(),
                    texts(root.required("recipe")), texts(root.required("versions")));
        } catch (RuntimeException e) { // Jackson's own where a key is missing or no number
            throw new IOException(file + ": is broken: " + e.getMessage(), e);
        }
    }

    private static SortedMap<String, String> texts(JsonNode object) {
        SortedMap<String, String> texts = new TreeMap<>();
        object.propertyStream().forEach(e -> texts.put(e.getKey(), e.getValue().asString()));
        return texts;
    }
}
