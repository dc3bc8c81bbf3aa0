package dev.cathode.cli;

import java.io.PrintWriter;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/// What `inspect` found, for people.
final class InspectText {
    private static final String ROW = "%-16s %-24s %16s %10s  %s%n";

    private InspectText() { }

    /// Prints it.
    static void print(JsonNode found, PrintWriter out) {
        out.println(found.get("path").stringValue() + ": " + found.get("kind").stringValue());
        out.println();
        out.printf(ROW, "component", "class", "parameters", "size", "types");
        long parameters = 0;
        long bytes = 0;
        for (Map.Entry<String, JsonNode> entry : found.get("components").properties()) {
            JsonNode component = entry.getValue();
            parameters += component.path("parameters").longValue(0);
            bytes += component.path("bytes").longValue(0);
            boolean weights = component.has("bytes");
            out.printf(ROW, entry.getKey(), component.path("class").stringValue(""),
                    weights ? Sizes.count(component.get("parameters").longValue()) : "",
                    weights ? Sizes.bytes(component.get("bytes").longValue()) : "",
                    String.join(", ", component.path("types").propertyNames()));
        }
        out.printf(ROW, "together", "", Sizes.count(parameters), Sizes.bytes(bytes), "");
        for (Map.Entry<String, JsonNode> entry : found.get("components").properties()) {
            details(entry.getKey(), entry.getValue(), out);
        }
        if (found.has("run")) {
            out.println();
            RunCosts.print(found.get("run"), out);
        }
        for (JsonNode problem : found.path("problems")) {
            out.println();
            out.println("PROBLEM: " + problem.stringValue());
        }
    }

    private static void details(String name, JsonNode component, PrintWriter out) {
        if (component.has("settings")) {
            out.println();
            out.println(name + ": " + fields(component.get("settings")));
        }
        if (component.has("metadata")) {
            out.println();
            out.println(name + " metadata: " + fields(component.get("metadata")));
        }
        for (JsonNode tensor : component.path("list")) {
            out.printf("  %-5s %-24s %s%n", tensor.get("type").stringValue(), tensor.get("shape"),
                    tensor.get("name").stringValue());
        }
    }

    private static String fields(JsonNode object) {
        return object.properties().stream()
                .map(field -> field.getKey() + " " + (field.getValue().isString() ? field.getValue().stringValue()
                        : field.getValue().toString()))
                .collect(Collectors.joining(", "));
    }
}
