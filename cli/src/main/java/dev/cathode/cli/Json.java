package dev.cathode.cli;

import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// JSON for machines that read what commands print.
final class Json {
    static final JsonMapper MAPPER = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private Json() { }

    /// An empty object.
    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /// The text of an object, indented.
    static String text(ObjectNode object) {
        return MAPPER.writeValueAsString(object);
    }
}
