package dev.cathode.engine.train.recipe;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLMapper;
import tools.jackson.dataformat.yaml.YAMLWriteFeature;

/// A recipe while it is written: keys in order, with texts, numbers, switches or lists of texts as values.
final class RecipeWriter {
    private static final YAMLMapper YAML = YAMLMapper.builder(YAMLFactory.builder()
            .disable(YAMLWriteFeature.WRITE_DOC_START_MARKER).disable(YAMLWriteFeature.SPLIT_LINES).build()).build();

    private final Map<String, Object> values = new LinkedHashMap<>();

    RecipeWriter put(String key, Object value) {
        values.put(key, switch (value) {
            case Enum<?> constant -> RecipeFields.lower(constant);
            case Path path -> path.toString();
            default -> value;
        });
        return this;
    }

    RecipeWriter put(String key, Optional<?> value) {
        value.ifPresent(v -> put(key, v));
        return this;
    }

    RecipeWriter put(String key, OptionalInt value) {
        value.ifPresent(v -> put(key, v));
        return this;
    }

    RecipeWriter put(String key, OptionalLong value) {
        value.ifPresent(v -> put(key, v));
        return this;
    }

    RecipeWriter put(String key, OptionalDouble value) {
        value.ifPresent(v -> put(key, v));
        return this;
    }

    RecipeWriter putUnlessEmpty(String key, List<String> list) {
        return list.isEmpty() ? this : put(key, (Object) list);
    }

    Map<String, Object> values() {
        return Collections.unmodifiableMap(values);
    }

    String toYaml() {
        return YAML.writeValueAsString(values);
    }
}
