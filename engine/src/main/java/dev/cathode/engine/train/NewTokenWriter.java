package dev.cathode.engine.train;

import dev.cathode.weights.Conversions;
import dev.cathode.weights.FileTensor;
import dev.cathode.weights.SafetensorsWriter;
import dev.cathode.weights.SafetensorsWriter.Entry;
import dev.cathode.weights.file.Json;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Writes what textual inversion learned: `learned_embeds.safetensors` with the row under the token's name, as
/// diffusers does, and the whole model with the row in its table and the token in its tokenizer.
final class NewTokenWriter {
    static final String FILE = "learned_embeds.safetensors";
    private static final String TABLE = TrainedModel.TEXT + "text_model.embeddings.token_embedding.weight";

    private NewTokenWriter() { }

    /// Writes both.
    ///
    /// @param id the token's number
    /// @param row `[C, 1]`
    static void write(Path folder, TrainedModel model, String token, int id, Entry row) throws IOException {
        long columns = row.shape().getFirst();
        SafetensorsWriter.write(folder.resolve(FILE),
                List.of(new Entry(token, row.dtype(), List.of(columns), row.data())), Map.of("format", "pt"));
        FileTensor table = model.weights().tensor(TABLE);
        long rows = Math.max(table.shape().getFirst(), id + 1L);
        Entry grown = new Entry(TABLE, row.dtype(), List.of(rows, columns), () -> {
            MemorySegment all = Arena.ofAuto().allocate(rows * columns * Float.BYTES, 64);
            float[] numbers = Conversions.toFloats(table);
            MemorySegment.copy(MemorySegment.ofArray(numbers), 0, all, 0, 4L * numbers.length);
            MemorySegment.copy(row.data().get(), 0, all, id * columns * Float.BYTES, columns * Float.BYTES);
            return all;
        });
        ModelFolderWriter.write(folder, model, Map.of(TABLE, grown), model.vae().scalingFactor());
        edit(folder.resolve("text_encoder/config.json"), config -> config.put("vocab_size", rows));
        tokenizer(folder.resolve("tokenizer"), token, id);
    }

    /// The token in every file that a reader may take it from.
    private static void tokenizer(Path folder, String token, int id) throws IOException {
        if (!Files.exists(folder.resolve("added_tokens.json"))) {
            Files.writeString(folder.resolve("added_tokens.json"), "{}");
        }
        edit(folder.resolve("added_tokens.json"), tokens -> tokens.put(token, id));
        edit(folder.resolve("tokenizer_config.json"), config -> {
            if (config.get("added_tokens_decoder") instanceof ObjectNode decoder) {
                decoder.set(Integer.toString(id), described(token));
            }
        });
        edit(folder.resolve("tokenizer.json"), whole -> {
            ArrayNode tokens = whole.get("added_tokens") instanceof ArrayNode known ? known
                    : whole.putArray("added_tokens");
            tokens.add(described(token).put("id", id));
        });
    }

    private static ObjectNode described(String token) {
        return JsonNodeFactory.instance.objectNode().put("content", token).put("lstrip", false).put("normalized", true)
                .put("rstrip", false).put("single_word", false).put("special", false);
    }

    @FunctionalInterface
    private interface Change {
        void apply(ObjectNode json);
    }

    private static void edit(Path file, Change change) throws IOException {
        if (Files.exists(file)) {
            ObjectNode json = (ObjectNode) Json.read(file);
            change.apply(json);
            Files.writeString(file,
                    JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n");
        }
    }
}
