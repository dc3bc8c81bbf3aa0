package dev.cathode.bench.gpu;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/// One number that was measured, as a line of JSON: programs in any language add theirs to the same file.
///
/// @param name what was measured, the same words for whoever did it
/// @param by who did it: `cathode`, or a way of using PyTorch
/// @param value the number
/// @param unit of the number
/// @param floor the best that arithmetic or memory allow, in the same unit; NaN if that is not known
record Figure(String name, String by, double value, String unit, double floor) {
    /// Who we are.
    static final String OURS = "cathode";
    private static final ObjectMapper JSON = new ObjectMapper();

    /// A number of ours without a floor.
    static Figure of(String name, double value, String unit) {
        return new Figure(name, OURS, value, unit, Double.NaN);
    }

    /// The line.
    String json() {
        ObjectNode node = JSON.createObjectNode();
        node.put("figure", name).put("by", by).put("value", value).put("unit", unit);
        if (!Double.isNaN(floor)) {
            node.put("floor", floor);
        }
        return node.toString();
    }

    /// The figure of a line.
    ///
    /// @throws IllegalArgumentException if it is none
    static Figure parse(String line) {
        try {
            JsonNode node = JSON.readTree(line);
            return new Figure(node.required("figure").asString(), node.required("by").asString(),
                    node.required("value").asDouble(), node.required("unit").asString(),
                    node.has("floor") ? node.get("floor").asDouble() : Double.NaN);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException("not a figure: " + line, e);
        }
    }
}
