package dev.cathode.roentgen.phantom;

import dev.cathode.roentgen.data.Label;
import dev.cathode.roentgen.data.Labels;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/// Collects what sentences say: present beats possible, and possible beats absent.
final class LabelCollector {
    private final Map<Label, Certainty> values = new EnumMap<>(Label.class);

    void add(Label label, Certainty certainty) {
        values.merge(label, certainty, (a, b) -> rank(a) >= rank(b) ? a : b);
    }

    /// The labels. A film on which nothing is seen or suspected but devices has no finding.
    Labels labels() {
        boolean clean = values.entrySet().stream().allMatch(entry -> entry.getKey() == Label.SUPPORT_DEVICES
                || entry.getValue() == Certainty.ABSENT);
        if (clean) {
            values.put(Label.NO_FINDING, Certainty.PRESENT);
        }
        return Labels.of(Arrays.stream(Label.values())
                .mapToInt(label -> values.containsKey(label) ? values.get(label).value() : Labels.NOT_MENTIONED)
                .toArray());
    }

    private static int rank(Certainty certainty) {
        return switch (certainty) {
            case ABSENT -> 0;
            case POSSIBLE -> 1;
            case PRESENT -> 2;
        };
    }
}
