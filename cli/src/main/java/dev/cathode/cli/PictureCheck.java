package dev.cathode.cli;

import dev.cathode.engine.data.DataProblem;
import dev.cathode.engine.data.ImageTextDataset;
import dev.cathode.engine.data.Subset;
import dev.cathode.engine.train.DataDigest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Opens every picture before training begins, so that a broken one cannot stop or change the run halfway. What came
/// out is kept in the output folder: a run that is resumed leaves out the same pictures, and need not look again.
final class PictureCheck {
    private static final String FILE = "pictures.json";
    private static final String DATA = "data";
    private static final String UNREADABLE = "unreadable";

    private PictureCheck() { }

    /// The pictures that can be read.
    ///
    /// @param resumed whether what is kept there counts
    /// @param problems told of each that cannot be read
    /// @throws IOException if none can be read
    static ImageTextDataset readable(ImageTextDataset data, Path output, boolean resumed, Progress progress,
            Consumer<DataProblem> problems) throws IOException {
        Path file = output.resolve(FILE);
        String digest = DataDigest.of(data);
        JsonNode kept = resumed && Files.exists(file) ? read(file) : Json.object();
        if (!kept.path(DATA).asString("").equals(digest)) {
            ObjectNode found = look(data, digest, progress);
            write(file, found);
            kept = found;
        }
        BitSet broken = new BitSet();
        for (JsonNode picture : kept.path(UNREADABLE)) {
            broken.set(picture.path("number").asInt());
            problems.accept(DataProblem.of(Path.of(picture.path("id").asString()), picture.path("why").asString()));
        }
        if (broken.cardinality() == data.size()) {
            throw new IOException(data.description() + ": none of its " + data.size() + " pictures can be read; the"
                    + " first: " + kept.path(UNREADABLE).path(0).path("why").asString());
        }
        return broken.isEmpty() ? data
                : new Subset(data, IntStream.range(0, data.size()).filter(i -> !broken.get(i)).toArray());
    }

    private static ObjectNode look(ImageTextDataset data, String digest, Progress progress) {
        List<DataProblem> problems = new ArrayList<>();
        int[] readable;
        try (Progress.Bar bar = progress.start("pictures", data.size())) {
            readable = Subset.readablePositions(data, problems::add, done -> bar.step(done, data.size()));
        }
        BitSet broken = new BitSet();
        broken.set(0, data.size());
        IntStream.of(readable).forEach(broken::clear);
        ObjectNode kept = Json.object().put(DATA, digest);
        ArrayNode list = kept.putArray(UNREADABLE);
        int next = 0;
        for (int i = broken.nextSetBit(0); i >= 0; i = broken.nextSetBit(i + 1)) {
            list.addObject().put("number", i).put("id", data.id(i)).put("why", problems.get(next++).what());
        }
        return kept;
    }

    private static JsonNode read(Path file) throws IOException {
        try {
            return Json.MAPPER.readTree(Files.readString(file));
        } catch (JacksonException e) {
            throw new IOException(file + ": is broken; delete it, and the pictures are looked through again", e);
        }
    }

    private static void write(Path file, ObjectNode kept) throws IOException {
        Path temporary = file.resolveSibling("." + FILE + ".part");
        try {
            Files.writeString(temporary, Json.text(kept));
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
