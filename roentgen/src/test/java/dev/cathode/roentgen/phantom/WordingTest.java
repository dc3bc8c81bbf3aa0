package dev.cathode.roentgen.phantom;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.roentgen.data.Label;
import dev.cathode.roentgen.data.Labels;
import dev.cathode.roentgen.data.ReportSections;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WordingTest {
    private static final List<Phantom> PHANTOMS = IntStream.range(0, 3000).mapToObj(i -> Phantom.of(21, i)).toList();

    private static Label label(Finding finding) {
        return switch (finding) {
            case Finding.Cardiomegaly f -> Label.CARDIOMEGALY;
            case Finding.WideMediastinum f -> Label.ENLARGED_CARDIOMEDIASTINUM;
            case Finding.Effusion f -> Label.PLEURAL_EFFUSION;
            case Finding.Pneumothorax f -> Label.PNEUMOTHORAX;
            case Finding.Edema f -> Label.EDEMA;
            case Finding.Consolidation f -> Label.CONSOLIDATION;
            case Finding.Pneumonia f -> Label.PNEUMONIA;
            case Finding.Atelectasis f -> Label.ATELECTASIS;
            case Finding.Lesion f -> Label.LUNG_LESION;
            case Finding.RibFracture f -> Label.FRACTURE;
            case Finding.ClavicleFracture f -> Label.FRACTURE;
            case Finding.PleuralThickening f -> Label.PLEURAL_OTHER;
            case Finding.EndotrachealTube f -> Label.SUPPORT_DEVICES;
            case Finding.CentralLine f -> Label.SUPPORT_DEVICES;
            case Finding.Pacemaker f -> Label.SUPPORT_DEVICES;
            case Finding.GastricTube f -> Label.SUPPORT_DEVICES;
        };
    }

    @Test
    void labelsSayWhatThePictureShows() {
        for (Phantom phantom : PHANTOMS) {
            Set<Label> seen = new HashSet<>();
            for (Observation observation : phantom.observations()) {
                Label label = label(observation.finding());
                seen.add(label);
                int value = phantom.labels().get(label);
                if (observation.certainty() == Certainty.PRESENT) {
                    assertEquals(Labels.POSITIVE, value, phantom.impression());
                } else {
                    assertTrue(value == Labels.UNCERTAIN || value == Labels.POSITIVE, phantom.impression());
                }
            }
            for (Label label : Label.values()) {
                int value = phantom.labels().get(label);
                boolean shown = seen.contains(label) || label == Label.NO_FINDING || label == Label.LUNG_OPACITY;
                assertTrue(shown || value != Labels.POSITIVE, label + ": " + phantom.impression());
                assertFalse(seen.contains(label) && value == Labels.NEGATIVE, label + ": " + phantom.impression());
            }
            boolean nothing = phantom.observations().stream().allMatch(o -> Cases.isDevice(o.finding()));
            assertEquals(nothing, phantom.labels().get(Label.NO_FINDING) == Labels.POSITIVE, phantom.impression());
        }
    }

    @Test
    void sidesAndSizesAreNamed() {
        for (Phantom phantom : PHANTOMS) {
            String text = " " + phantom.impression().toLowerCase(Locale.ROOT);
            for (Observation observation : phantom.observations()) {
                switch (observation.finding()) {
                    case Finding.Effusion f -> {
                        assertTrue(text.contains(f.size().word()), text);
                        assertTrue(text.contains(f.side().word()) || text.contains("bilateral"), text);
                    }
                    case Finding.Pneumothorax f -> assertTrue(text.contains(f.side().word())
                            && text.contains(f.size().word()), text);
                    case Finding.Consolidation f -> assertTrue(text.contains(f.lobe().words()), text);
                    case Finding.Lesion f -> assertTrue(text.contains(f.mass() ? "mass" : "nodule"), text);
                    default -> assertFalse(text.isBlank());
                }
            }
        }
    }

    @Test
    void denialsAreLabelled() {
        for (Phantom phantom : PHANTOMS) {
            String text = phantom.impression().toLowerCase(Locale.ROOT);
            assertEquals(text.matches(".*\\bno (evidence of )?pulmonary edema.*"),
                    phantom.labels().get(Label.EDEMA) == Labels.NEGATIVE, text);
            assertEquals(text.contains("no pneumothorax"),
                    phantom.labels().get(Label.PNEUMOTHORAX) == Labels.NEGATIVE, text);
        }
    }

    @Test
    void impressionsAreShortAndTheirWordsFew() {
        Set<String> words = new HashSet<>();
        Set<String> texts = new HashSet<>();
        int plain = 0;
        int length = 0;
        for (Phantom phantom : PHANTOMS) {
            String text = phantom.impression();
            texts.add(text);
            words.addAll(Arrays.asList(text.toLowerCase(Locale.ROOT).split("[^a-z]+")));
            plain += text.endsWith(".") ? 0 : 1;
            length += text.length();
            assertTrue(text.length() >= 7 && text.length() < 400, text);
            assertEquals(text, text.strip());
            assertFalse(text.contains("\n") || text.contains("null"), text);
        }
        assertTrue(words.size() > 100 && words.size() < 400, words.size() + " words");
        assertTrue(texts.size() > 900, texts.size() + " texts");
        assertEquals(0.5, (double) plain / PHANTOMS.size(), 0.05);
        assertTrue(length / PHANTOMS.size() < 120);
    }

    @Test
    void reportsHaveSections() {
        int without = 0;
        for (Phantom phantom : PHANTOMS) {
            List<ReportSections.Section> sections = ReportSections.parse(phantom.report());
            assertTrue(sections.stream().anyMatch(s -> s.name().equals("comparison")), phantom.report());
            Optional<String> impression = ReportSections.impression(phantom.report());
            if (impression.isEmpty()) {
                without++;
                assertTrue(ReportSections.last(sections, "findings").isPresent(), phantom.report());
            } else {
                assertEquals(plain(phantom.impression()), plain(impression.get()), phantom.report());
            }
            assertTrue(phantom.report().lines().skip(1).allMatch(line -> line.startsWith(" ") && line.length() <= 80),
                    phantom.report());
        }
        assertEquals(0.08, (double) without / PHANTOMS.size(), 0.03);
    }

    private static String plain(String text) {
        return text.toLowerCase(Locale.ROOT).replaceAll("\\s+", " ").replaceAll("\\.$", "");
    }
}
