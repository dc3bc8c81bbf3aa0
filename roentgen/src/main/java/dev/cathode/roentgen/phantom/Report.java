package dev.cathode.roentgen.phantom;

import java.util.ArrayList;
import java.util.List;

/// Reports as hospitals write them: sections with headings in capitals, each line begun by a space, headings not always
/// the same nor always spelt right, and now and then no impression.
final class Report {
    private static final int COLUMNS = 78;

    private Report() { }

    static String text(List<View> views, boolean female, int age, List<Observation> observations, String impression,
            Dice dice) {
        StringBuilder text = new StringBuilder(" ".repeat(33)).append("FINAL REPORT\n");
        String name = name(views);
        section(text, dice.pick("EXAMINATION", "EXAMINATION", "EXAM", "TYPE OF EXAMINATION"), name);
        String who = "___-year-old " + (female ? "woman" : "man") + (age > 70 ? ", frail," : "");
        section(text, dice.pick("INDICATION", "INDICATION", "HISTORY", "REASON FOR EXAM", "CLINICAL INDICATION"),
                who + " with " + dice.pick("cough and fever", "shortness of breath", "chest pain", "dyspnea", "a fall",
                        "line placement", "hypoxia", "weakness") + dice.pick("",
                        "  // evaluate for pneumonia", "  // acute process?", ", evaluate for effusion"));
        if (dice.chance(0.6)) {
            section(text, "TECHNIQUE", technique(views));
        }
        section(text, dice.chance(0.9) ? "COMPARISON" : "COMPARISONS", dice.pick("None.", "None available.",
                "Chest radiograph ___.", "Prior study of ___."));
        boolean sectioned = dice.chance(0.92);
        if (!sectioned) {
            section(text, dice.pick("FINDINGS", "FINDINGS", "CHEST, TWO VIEWS"), sentences(impression));
        } else if (dice.chance(0.05)) {
            section(text, dice.pick("FINDINGS AND IMPRESSION", "FINDINGS/IMPRESSION"), sentences(impression));
        } else {
            if (dice.chance(0.85)) {
                section(text, dice.chance(0.96) ? "FINDINGS" : dice.pick("FINDINS", "FINDNGS", "FINDING"),
                        findings(observations, dice));
            }
            section(text, heading(dice), sentences(impression));
        }
        return text.toString();
    }

    private static String heading(Dice dice) {
        if (dice.chance(0.96)) {
            return "IMPRESSION";
        }
        return dice.pick("CONCLUSION", "IMPRESSON", "IMPRSSION", "IMPRESSOIN", "IMPRESION");
    }

    private static String name(List<View> views) {
        if (views.contains(View.PA)) {
            return views.contains(View.LATERAL) ? "CHEST (PA AND LAT)" : "CHEST (PA)";
        }
        return views.contains(View.AP) ? "CHEST (PORTABLE AP)" : "CHEST (LATERAL)";
    }

    private static String technique(List<View> views) {
        if (views.contains(View.PA)) {
            return views.contains(View.LATERAL) ? "Chest PA and lateral" : "Single frontal view of the chest";
        }
        return views.contains(View.AP) ? "Portable AP chest radiograph" : "Lateral view of the chest";
    }

    /// Captions in few words become sentences.
    private static String sentences(String impression) {
        return impression.endsWith(".") ? impression
                : Character.toUpperCase(impression.charAt(0)) + impression.substring(1) + ".";
    }

    /// What is seen, then what is not.
    private static String findings(List<Observation> observations, Dice dice) {
        List<String> lines = new ArrayList<>();
        for (Observation observation : observations) {
            Sentence sentence = observation.certainty() == Certainty.POSSIBLE
                    ? Phrases.doubtful(observation.finding(), dice) : Phrases.full(observation.finding(), dice);
            lines.add(sentence.whole());
        }
        List<Class<?>> seen = new ArrayList<>(observations.stream().map(o -> o.finding().getClass()).toList());
        if (!seen.contains(Finding.Cardiomegaly.class)) {
            lines.add(dice.pick("The heart is normal in size.", "Heart size is normal.",
                    "The cardiac silhouette is within normal limits."));
        }
        if (!seen.contains(Finding.WideMediastinum.class) && dice.chance(0.7)) {
            lines.add("The mediastinal and hilar contours are normal.");
        }
        if (observations.stream().allMatch(o -> Cases.isDevice(o.finding()))) {
            lines.add(dice.pick("The lungs are clear.", "Lungs are clear without focal consolidation."));
        }
        boolean effusion = seen.contains(Finding.Effusion.class);
        boolean air = seen.contains(Finding.Pneumothorax.class);
        if (!effusion && !air) {
            lines.add("There is no pleural effusion or pneumothorax.");
        } else if (!air) {
            lines.add("There is no pneumothorax.");
        } else if (!effusion) {
            lines.add("No pleural effusion is seen.");
        }
        if (!seen.contains(Finding.RibFracture.class) && !seen.contains(Finding.ClavicleFracture.class)
                && dice.chance(0.3)) {
            lines.add("The osseous structures are intact.");
        }
        return String.join(" ", lines);
    }

    /// A heading and its text, wrapped.
    private static void section(StringBuilder text, String heading, String body) {
        StringBuilder line = new StringBuilder(" ").append(heading).append(": ");
        if (body.length() > 60) {
            text.append(line).append("\n \n");
            line = new StringBuilder();
        }
        for (String word : body.split(" ", -1)) {
            if (line.length() + 1 + word.length() > COLUMNS) {
                text.append(line).append('\n');
                line = new StringBuilder();
            }
            line.append(' ').append(word);
        }
        text.append(line).append("\n \n");
    }
}
