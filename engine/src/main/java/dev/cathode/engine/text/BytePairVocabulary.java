package dev.cathode.engine.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A vocabulary of byte pairs as CLIP has it.
///
/// @param tokens in the order of their ids: the 256 bytes, the 256 bytes that end a word, what was learned,
///         `<|startoftext|>` and `<|endoftext|>`
/// @param merges in the order in which they were learned
public record BytePairVocabulary(List<String> tokens, List<Merge> merges) {
    /// Copies.
    public BytePairVocabulary {
        tokens = List.copyOf(tokens);
        merges = List.copyOf(merges);
    }

    /// Two tokens that are joined to one.
    public record Merge(String first, String second) { }

    /// Writes `vocab.json`, `merges.txt`, `special_tokens_map.json` and `tokenizer_config.json`, the files that
    /// [Tokenizers] and transformers load a `CLIPTokenizer` from.
    ///
    /// @param folder made where it is missing
    /// @param modelMaxLength tokens of the longest row, specials included; CLIP's is 77
    /// @throws UncheckedIOException if a file cannot be written
    public void write(Path folder, int modelMaxLength) {
        ObjectNode ids = JsonNodeFactory.instance.objectNode();
        for (int id = 0; id < tokens.size(); id++) {
            ids.put(tokens.get(id), id);
        }
        StringBuilder lines = new StringBuilder("#version: 0.2\n");
        merges.forEach(merge -> lines.append(merge.first).append(' ').append(merge.second).append('\n'));
        ObjectNode special = JsonNodeFactory.instance.objectNode();
        ClipTokenizer.NAMED.forEach(token -> special.put(token.key(), token.usual()));
        ObjectNode config = JsonNodeFactory.instance.objectNode();
        config.put("tokenizer_class", "CLIPTokenizer");
        config.put("model_max_length", modelMaxLength);
        config.put("do_lower_case", true);
        config.put("add_prefix_space", false);
        config.put("errors", "replace");
        config.setAll(special);
        try {
            Files.createDirectories(folder);
            write(folder.resolve("vocab.json"), ids.toString());
            write(folder.resolve("merges.txt"), lines.toString());
            write(folder.resolve("special_tokens_map.json"), pretty(special));
            write(folder.resolve("tokenizer_config.json"), pretty(config));
        } catch (IOException e) {
            throw new UncheckedIOException(folder + ": the vocabulary cannot be written: " + e.getMessage(), e);
        }
    }

    private static String pretty(JsonNode json) {
        return json.toPrettyString() + '\n';
    }

    private static void write(Path file, String text) throws IOException {
        Path temporary = file.resolveSibling("." + file.getFileName() + ".part");
        try {
            Files.writeString(temporary, text);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
