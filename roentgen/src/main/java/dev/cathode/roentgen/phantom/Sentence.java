package dev.cathode.roentgen.phantom;

import dev.cathode.roentgen.data.Label;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// Words about findings, and the labels that a labeler gives them.
///
/// @param text without a full stop, its first letter small
record Sentence(String text, Map<Label, Certainty> labels) {

    static Sentence of(String text, Certainty certainty, Label... labels) {
        Map<Label, Certainty> map = new EnumMap<>(Label.class);
        for (Label label : List.of(labels)) {
            map.put(label, certainty);
        }
        return new Sentence(text, map);
    }

    Sentence with(Label label, Certainty certainty) {
        Map<Label, Certainty> map = new EnumMap<>(Label.class);
        map.putAll(labels);
        map.put(label, certainty);
        return new Sentence(text, map);
    }

    /// As a sentence of its own.
    String whole() {
        return Character.toUpperCase(text.charAt(0)) + text.substring(1) + ".";
    }
}
