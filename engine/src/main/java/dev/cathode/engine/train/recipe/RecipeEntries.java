package dev.cathode.engine.train.recipe;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.ArrayList;
import java.util.Map;
import dev.cathode.weights.file.Quote;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLParser;

/// What a recipe's file and its overrides say, before anyone knows what the keys mean: texts and lists of texts.
/// A flat file needs no more, and numbers keep the digits they were written with.
final class RecipeEntries {
    private static final YAMLFactory YAML = new YAMLFactory();

    /// A value and where it was given.
    ///
    /// @param values one text, or those of a list
    /// @param list whether it was written as a list
    /// @param where for messages: `line 3`, `--set`
    record Entry(List<String> values, boolean list, String where) {
    }

    private RecipeEntries() {
    }

    /// Reads a file's text. A key without a value, or with `null`, counts as not given.
    ///
    /// @throws IllegalArgumentException if it is no YAML, not flat, or names a key twice; says in which line
    static Map<String, Entry> parse(String text) {
        Map<String, Entry> entries = new LinkedHashMap<>();
        try (JsonParser parser = YAML.createParser(ObjectReadContext.empty(), text)) {
            JsonToken first = parser.nextToken();
            if (first == null) {
                return entries;
            }
            if (first != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException(line(parser) + ": a recipe is a list of lines 'key: value'");
            }
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String key = parser.getString();
                String where = line(parser);
                Entry entry = value(parser, key, where);
                if (entries.putIfAbsent(key, entry) != null) {
                    throw new IllegalArgumentException(where + ": " + Quote.of(key) + " is there twice");
                }
            }
            if (parser.nextToken() != null) {
                throw new IllegalArgumentException(line(parser) + ": a recipe is one document, here a second begins");
            }
        } catch (JacksonException e) {
            String where = e.getLocation() == null ? "" : "line " + e.getLocation().getLineNr() + ": ";
            throw new IllegalArgumentException(where + "is not valid YAML: "
                    + e.getOriginalMessage().lines().findFirst().orElse(""), e);
        }
        return entries;
    }

    /// Adds `key=value`; a value in brackets is a list as in YAML, an empty one or `null` takes the key away.
    ///
    /// @throws IllegalArgumentException if it is not written so
    static void override(Map<String, Entry> entries, String assignment) {
        int equals = assignment.indexOf('=');
        if (equals < 1) {
            throw new IllegalArgumentException("--set " + assignment
                    + ": is written key=value, for example --set learning_rate=1e-4");
        }
        String key = assignment.substring(0, equals).strip();
        String value = assignment.substring(equals + 1).strip();
        if (value.startsWith("[")) {
            try {
                Entry list = parse("value: " + value).get("value");
                entries.put(key, new Entry(list.values, true, "--set"));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("--set " + assignment + ": a list is written [a, b]", e);
            }
        } else {
            boolean none = value.isEmpty() || value.equals("null");
            entries.put(key, new Entry(none ? List.of() : List.of(value), false, "--set"));
        }
    }

    private static Entry value(JsonParser parser, String key, String where) {
        JsonToken token = parser.nextToken();
        if (token == JsonToken.VALUE_NULL) {
            return new Entry(List.of(), false, where);
        }
        if (token != JsonToken.START_ARRAY) {
            return new Entry(List.of(scalar(parser, key, where)), false, where);
        }
        List<String> values = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            values.add(scalar(parser, key, where));
        }
        return new Entry(List.copyOf(values), true, where);
    }

    private static String scalar(JsonParser parser, String key, String where) {
        if (!parser.currentToken().isScalarValue() || ((YAMLParser) parser).isCurrentAlias()) {
            throw new IllegalArgumentException(where + ": the value of " + Quote.of(key)
                    + " must be a text, a number or a list of these");
        }
        return parser.getString();
    }

    private static String line(JsonParser parser) {
        return "line " + parser.currentTokenLocation().getLineNr();
    }
}
