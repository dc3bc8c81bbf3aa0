package dev.cathode.roentgen.classify;

import dev.cathode.engine.train.AtomicFolder;
import dev.cathode.engine.train.TrainingState;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.Checkpoints;
import dev.cathode.weights.DType;
import dev.cathode.weights.SafetensorsWriter;
import dev.cathode.weights.file.Json;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Where a run stands at the end of an epoch, and how that is kept: a folder `checkpoint-<epoch>` that appears whole or
/// not at all. The one before it is deleted.
///
/// @param step optimizer steps so far
/// @param stopping the best epoch and how long ago it was
/// @param history all epochs
record ClassifierState(long step, EarlyStopping stopping, List<EpochResult> history) {
    private static final String STATE = "state.json";
    private static final Pattern FOLDER = Pattern.compile("checkpoint-(\\d+)");

    ClassifierState {
        history = List.copyOf(history);
    }

    static ClassifierState start(int patience) {
        return new ClassifierState(0, EarlyStopping.start(patience), List.of());
    }

    /// After another epoch.
    ClassifierState after(EpochResult epoch) {
        List<EpochResult> longer = new ArrayList<>(history);
        longer.add(epoch);
        return new ClassifierState(epoch.step(), stopping.after(epoch.auroc()), longer);
    }

    /// The folder of the last whole epoch.
    static Optional<Path> latest(Path run) throws IOException {
        return folders(run).stream().reduce((a, b) -> b);
    }

    private static List<Path> folders(Path run) throws IOException {
        try (Stream<Path> paths = Files.list(run)) {
            return paths.filter(path -> FOLDER.matcher(path.getFileName().toString()).matches())
                    .sorted(Comparator.comparingLong(ClassifierState::number)).toList();
        }
    }

    private static long number(Path folder) {
        return Long.parseLong(folder.getFileName().toString().replaceAll("\\D+", ""));
    }

    /// Restores tensors and state.
    ///
    /// @param identity what the run is: it must be that of the folder
    static ClassifierState read(Path folder, TrainingState tensors, ObjectNode identity, int patience) {
        JsonNode json = Json.read(folder.resolve(STATE));
        if (!json.path("run").toString().equals(identity.toString())) { // numbers come back in other types
            throw new CheckpointException(folder + " belongs to a run with other pictures, labels or settings; give its"
                    + " own again, or another folder for a new run: " + json.path("run") + " is not " + identity);
        }
        List<EpochResult> history = json.get("history").valueStream().map(EpochResult::parse).toList();
        EarlyStopping stopping = EarlyStopping.start(patience);
        for (EpochResult epoch : history) {
            stopping = stopping.after(epoch.auroc());
        }
        read(folder.resolve(ClassifierConfig.WEIGHTS), "", tensors);
        tensors.kinds().forEach(kind -> read(folder.resolve(kind + ".safetensors"), kind, tensors));
        return new ClassifierState(json.get("step").longValue(), stopping, history);
    }

    private static void read(Path file, String kind, TrainingState tensors) {
        try (Checkpoint checkpoint = Checkpoints.open(file)) {
            tensors.read(kind, checkpoint);
        }
    }

    /// Keeps this state, and deletes those before it.
    void write(Path run, TrainingState tensors, ObjectNode identity) throws IOException {
        Path folder = run.resolve("checkpoint-" + stopping.epoch());
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.set("run", identity);
        json.put("step", step);
        history.forEach(epoch -> json.withArray("history").add(epoch.toJson()));
        AtomicFolder.write(folder, part -> {
            writeModel(part.resolve(ClassifierConfig.WEIGHTS), tensors);
            for (String kind : tensors.kinds()) {
                SafetensorsWriter.write(part.resolve(kind + ".safetensors"), tensors.tensors(kind), Map.of());
            }
            Files.writeString(part.resolve(STATE), json.toPrettyString() + '\n');
        });
        for (Path other : folders(run)) {
            if (!other.equals(folder)) {
                AtomicFolder.remove(other);
            }
        }
    }

    /// Writes the network's weights with the names of torchvision, `num_batches_tracked` among them.
    void writeModel(Path file, TrainingState tensors) {
        List<SafetensorsWriter.Entry> entries = new ArrayList<>(tensors.tensors(""));
        for (SafetensorsWriter.Entry entry : tensors.tensors("")) {
            if (entry.name().endsWith(".running_mean")) {
                entries.add(new SafetensorsWriter.Entry(entry.name().replace("running_mean", "num_batches_tracked"),
                        DType.I64, List.of(), this::steps));
            }
        }
        SafetensorsWriter.write(file, entries, Map.of("format", "pt"));
    }

    private MemorySegment steps() {
        MemorySegment number = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG);
        number.set(ValueLayout.JAVA_LONG, 0, step);
        return number;
    }
}
