package dev.cathode.engine.text;

import dev.cathode.weights.CheckpointException;
import dev.cathode.weights.file.Json;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// The files of a tokenizer: `tokenizer_config.json`, `special_tokens_map.json`, `added_tokens.json`, and the
/// vocabulary as `vocab.json` with `merges.txt`, as `vocab.txt`, or in `tokenizer.json`. Where several say the same,
/// transformers' order of precedence counts.
///
/// @param config `tokenizer_config.json`; an empty object if there is none
/// @param whole `tokenizer.json`; an empty object if there is none
/// @param names where special tokens are named: `special_tokens_map.json` before `tokenizer_config.json`
record TokenizerFolder(Path folder, JsonNode config, JsonNode whole, List<JsonNode> names) {
    private static final String CONFIG = "tokenizer_config.json";
    private static final String WHOLE = "tokenizer.json";
    private static final String MERGES = "merges.txt";
    private static final String VOCABULARY = "vocab.json";
    private static final String WORD_PIECES = "vocab.txt";

    /// The kinds of tokenizer there are.
    enum Kind {
        CLIP, BERT
    }

    static TokenizerFolder read(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new CheckpointException(folder + ": no such folder; expected one with the files of a tokenizer");
        }
        JsonNode config = optional(folder.resolve(CONFIG));
        // Configurations that list the added tokens are complete; older ones leave the names to the other file.
        JsonNode map = config.has("added_tokens_decoder") ? JsonNodeFactory.instance.objectNode()
                : optional(folder.resolve("special_tokens_map.json"));
        return new TokenizerFolder(folder, config, optional(folder.resolve(WHOLE)), List.of(map, config));
    }

    private static JsonNode optional(Path path) {
        return Files.exists(path) ? Json.read(path) : JsonNodeFactory.instance.objectNode();
    }

    Kind kind() {
        String named = config.path("tokenizer_class").asString("");
        if (!named.isEmpty()) {
            return switch (named) {
                case "CLIPTokenizer", "CLIPTokenizerFast" -> Kind.CLIP;
                case "BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "DistilBertTokenizerFast" ->
                        Kind.BERT;
                default -> throw new CheckpointException(folder.resolve(CONFIG) + ": tokenizer_class " + named
                        + " is not supported; supported are CLIPTokenizer, BertTokenizer and DistilBertTokenizer");
            };
        }
        String type = whole.path("model").path("type").asString("");
        if (type.equals("WordPiece") || Files.exists(folder.resolve(WORD_PIECES))) {
            return Kind.BERT;
        }
        if (type.equals("BPE") || Files.exists(folder.resolve(MERGES))) {
            return Kind.CLIP;
        }
        throw new CheckpointException(folder + ": no tokenizer found; expected " + VOCABULARY + " and " + MERGES
                + " (CLIP), " + WORD_PIECES + " (BERT) or " + WHOLE);
    }

    int maxLength(int usual) {
        JsonNode length = config.path("model_max_length");
        // Where nothing is known transformers writes 1e30.
        return length.isNumber() && length.asDouble() < Integer.MAX_VALUE ? length.asInt() : usual;
    }

    /// A switch of `tokenizer_config.json`, or of the normalizer in `tokenizer.json`, or its usual setting.
    boolean flag(String key, String normalizerKey, boolean usual) {
        for (JsonNode value : List.of(config.path(key), whole.path("normalizer").path(normalizerKey))) {
            if (value.isBoolean()) {
                return value.asBoolean();
            }
        }
        return usual;
    }

    /// The text of a special token.
    String named(NamedToken token) {
        JsonNode value = value(token.key());
        String content = value.isObject() ? value.path("content").asString("") : value.asString("");
        return content.isEmpty() ? token.usual() : content;
    }

    private JsonNode value(String key) {
        return names.stream().map(file -> file.path(key)).filter(v -> v.isString() || v.isObject()).findFirst()
                .orElse(JsonNodeFactory.instance.missingNode());
    }

    /// The tokens to be searched for in texts: those listed by the files, then the named ones that are not listed.
    /// Tokens outside the learned vocabulary that have no number yet are numbered after it.
    List<AddedToken> addedTokens(Map<String, Integer> learned, List<NamedToken> named) {
        Map<String, AddedToken> tokens = new LinkedHashMap<>();
        listed().forEach(token -> tokens.put(token.content(), token));
        List<String> contents = named.stream().map(this::named).toList();
        optional(folder.resolve("added_tokens.json")).properties().forEach(entry -> {
            boolean special = contents.contains(entry.getKey());
            tokens.putIfAbsent(entry.getKey(), new AddedToken(entry.getKey(), entry.getValue().asInt(), special,
                    !special, false, false));
        });
        List<String> known = List.copyOf(tokens.keySet());
        for (NamedToken name : named) {
            String content = named(name);
            if (!known.contains(content)) {
                AddedToken before = tokens.get(content);
                int highest = tokens.values().stream().mapToInt(AddedToken::id).max().orElse(-1);
                int id = before != null ? before.id()
                        : learned.getOrDefault(content, Math.max(learned.size(), highest + 1));
                // The flags of a later name replace those of an earlier.
                tokens.put(content, token(value(name.key()), content, id, true));
            }
        }
        return List.copyOf(tokens.values());
    }

    private List<AddedToken> listed() {
        JsonNode decoder = config.path("added_tokens_decoder");
        if (decoder.isObject()) {
            return decoder.propertyStream().map(e -> token(e.getValue(), e.getValue().path("content").asString(""),
                    number(CONFIG, e.getKey()), false)).toList();
        }
        return whole.path("added_tokens").valueStream().map(t -> token(t, t.path("content").asString(""),
                t.path("id").asInt(), false)).toList();
    }

    private int number(String file, String id) {
        try {
            return Integer.parseInt(id);
        } catch (NumberFormatException e) {
            throw new CheckpointException(folder.resolve(file) + ": added token number " + id + " is no number", e);
        }
    }

    private AddedToken token(JsonNode description, String content, int id, boolean special) {
        if (content.isEmpty()) {
            throw new CheckpointException(folder + ": added token " + id + " has no content");
        }
        if (description.path("single_word").asBoolean(false)) {
            throw new CheckpointException(folder + ": added token " + content + ": single_word true is not supported");
        }
        boolean isSpecial = special || description.path("special").asBoolean(false);
        return new AddedToken(content, id, isSpecial, description.path("normalized").asBoolean(false),
                description.path("lstrip").asBoolean(false), description.path("rstrip").asBoolean(false));
    }

    /// The learned tokens of a byte-pair tokenizer.
    Map<String, Integer> bytePairVocabulary() {
        if (whole.has("model")) {
            JsonNode model = model("BPE");
            if (!model.path("end_of_word_suffix").asString("").equals(BytePairs.END_OF_WORD)) {
                throw new CheckpointException(folder.resolve(WHOLE) + ": model.end_of_word_suffix is "
                        + model.path("end_of_word_suffix") + "; a CLIP tokenizer has \"" + BytePairs.END_OF_WORD
                        + "\"");
            }
            return ids(folder.resolve(WHOLE), model.path("vocab"));
        }
        Path path = folder.resolve(VOCABULARY);
        if (!Files.exists(path)) {
            throw new CheckpointException(path + ": no such file; a CLIP tokenizer needs " + VOCABULARY + " and "
                    + MERGES + ", or " + WHOLE);
        }
        return ids(path, Json.read(path));
    }

    /// From a pair of ids to the rank of its merge and the id of the result, see [BytePairs].
    Map<Long, Long> merges(Map<String, Integer> learned) {
        if (whole.has("model")) {
            List<JsonNode> merges = model("BPE").path("merges").valueStream().toList();
            Map<Long, Long> ranks = new HashMap<>();
            for (JsonNode merge : merges) {
                String[] parts = merge.isArray() ? merge.valueStream().map(JsonNode::asString).toArray(String[]::new)
                        : merge.asString("").split(" ", -1);
                addMerge(learned, parts, ranks, folder.resolve(WHOLE) + ": merge " + (ranks.size() + 1));
            }
            return ranks;
        }
        Path path = folder.resolve(MERGES);
        List<String> lines = lines(path, "a CLIP tokenizer needs it, or " + WHOLE);
        Map<Long, Long> ranks = new HashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            if (!lines.get(i).startsWith("#version") && !(i == lines.size() - 1 && lines.get(i).isEmpty())) {
                addMerge(learned, lines.get(i).split(" ", -1), ranks, path + ": line " + (i + 1));
            }
        }
        return ranks;
    }

    private static void addMerge(Map<String, Integer> learned, String[] parts, Map<Long, Long> ranks, String where) {
        if (parts.length != 2 || parts[0].isEmpty() || parts[1].isEmpty()) {
            throw new CheckpointException(where + ": expected two tokens with a blank between them, found \""
                    + String.join(" ", parts) + "\"");
        }
        for (String token : List.of(parts[0], parts[1], parts[0] + parts[1])) {
            if (!learned.containsKey(token)) {
                throw new CheckpointException(where + ": the vocabulary has no token \"" + token + "\"");
            }
        }
        ranks.put(BytePairs.pair(learned.get(parts[0]), learned.get(parts[1])),
                BytePairs.pair(ranks.size(), learned.get(parts[0] + parts[1])));
    }

    /// The tokens of a WordPiece tokenizer.
    Map<String, Integer> wordPieceVocabulary() {
        if (whole.has("model")) {
            JsonNode model = model("WordPiece");
            if (!model.path("continuing_subword_prefix").asString("").equals(WordPieces.CONTINUATION)) {
                throw new CheckpointException(folder.resolve(WHOLE) + ": model.continuing_subword_prefix is "
                        + model.path("continuing_subword_prefix") + "; a BERT tokenizer has \""
                        + WordPieces.CONTINUATION + "\"");
            }
            return ids(folder.resolve(WHOLE), model.path("vocab"));
        }
        Path path = folder.resolve(WORD_PIECES);
        List<String> lines = lines(path, "a BERT tokenizer needs it, or " + WHOLE);
        Map<String, Integer> ids = new HashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            ids.put(lines.get(i), i); // of a token written twice the last counts
        }
        return ids;
    }

    private JsonNode model(String type) {
        JsonNode model = whole.path("model");
        if (!model.path("type").asString("").equals(type)) {
            throw new CheckpointException(folder.resolve(WHOLE) + ": model.type is " + model.path("type")
                    + ", not \"" + type + "\"");
        }
        for (String key : List.of("byte_fallback", "ignore_merges")) {
            if (model.path(key).asBoolean(false)) {
                throw new CheckpointException(folder.resolve(WHOLE) + ": model." + key + " true is not supported");
            }
        }
        return model;
    }

    private static Map<String, Integer> ids(Path path, JsonNode vocabulary) {
        if (!vocabulary.isObject() || vocabulary.isEmpty()) {
            throw new CheckpointException(path + ": holds no vocabulary: expected an object from tokens to numbers");
        }
        Map<String, Integer> ids = new HashMap<>();
        vocabulary.forEachEntry((token, id) -> {
            if (!id.isInt() || id.asInt() < 0) {
                throw new CheckpointException(path + ": token \"" + token + "\" has the number " + id);
            }
            ids.put(token, id.asInt());
        });
        return ids;
    }

    private static List<String> lines(Path path, String need) {
        if (!Files.exists(path)) {
            throw new CheckpointException(path + ": no such file; " + need);
        }
        try {
            return Files.readAllLines(path, StandardCharsets.UTF_8);
        } catch (CharacterCodingException e) {
            throw new CheckpointException(path + ": is not valid UTF-8", e);
        } catch (IOException e) {
            throw new CheckpointException(path + ": cannot be read: " + e, e);
        }
    }
}
