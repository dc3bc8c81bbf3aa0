package dev.cathode.cli;

import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// JSON for machines that read what commands print.
final class Json {
    static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final ObjectWriter INDENTED = MAPPER.writer(SerializationFeature.INDENT_OUTPUT);

    private Json() { }

    /// An empty object.
    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /// The text of an object, indented.
    static String text(ObjectNode object) {
        return INDENTED.writeValueAsString(object);
    }

    /// The text of an object, on one line.
    static String line(ObjectNode object) {
        return MAPPER.writeValueAsString(object);
    }
}
