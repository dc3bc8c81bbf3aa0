package dev.cathode.roentgen.phantom;

import dev.cathode.roentgen.data.Label;
import dev.cathode.roentgen.data.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// What a report comes to, in words of varied form, and the labels that follow from these words.
record Impression(String text, Labels labels) {
    /// What reports deny most often.
    private static final List<Label> DENIED = List.of(Label.PNEUMOTHORAX, Label.PLEURAL_EFFUSION, Label.PNEUMONIA,
            Label.EDEMA, Label.CONSOLIDATION, Label.CARDIOMEGALY);

    /// @param shallow whether the patient did not breathe in well
    static Impression of(List<Observation> observations, boolean shallow, Dice dice) {
        boolean brief = dice.chance(0.5);
        List<Sentence> sentences = new ArrayList<>();
        if (shallow) {
            sentences.add(Sentence.of("low lung volumes", Certainty.PRESENT));
        }
        positive(observations, brief, dice, sentences);
        boolean nothing = observations.stream().allMatch(o -> Cases.isDevice(o.finding()));
        if (nothing && (!shallow || !brief)) {
            sentences.add(Phrases.nothing(dice));
        }
        if (!brief) {
            denials(sentences, nothing, dice);
        }
        LabelCollector labels = new LabelCollector();
        sentences.forEach(sentence -> sentence.labels().forEach(labels::add));
        return new Impression(brief ? joined(sentences) : paragraph(sentences, dice), labels.labels());
    }

    private static void positive(List<Observation> observations, boolean brief, Dice dice, List<Sentence> sentences) {
        for (int i = 0; i < observations.size(); i++) {
            Observation observation = observations.get(i);
            Finding finding = observation.finding();
            boolean pair = i + 1 < observations.size() && bothSides(observation, observations.get(i + 1));
            if (pair) {
                sentences.add(Phrases.bilateral(finding, brief, dice));
                i++;
            } else if (observation.certainty() == Certainty.POSSIBLE) {
                sentences.add(Phrases.doubtful(finding, dice));
            } else {
                sentences.add(brief ? Phrases.brief(finding, dice) : Phrases.full(finding, dice));
            }
        }
    }

    private static boolean bothSides(Observation one, Observation other) {
        if (one.certainty() != Certainty.PRESENT || other.certainty() != Certainty.PRESENT) {
            return false;
        }
        return one.finding() instanceof Finding.Effusion a && other.finding() instanceof Finding.Effusion b
                        && a.side() != b.side() && a.size() == b.size()
                || one.finding() instanceof Finding.Atelectasis c && other.finding() instanceof Finding.Atelectasis d
                        && c.side() != d.side();
    }

    /// Some of what is not there, never of what is.
    private static void denials(List<Sentence> sentences, boolean nothing, Dice dice) {
        int count = nothing ? (dice.chance(0.4) ? 1 : 0) : dice.pick(0, 1, 1, 2);
        for (int i = 0; i < count; i++) {
            Label label = dice.pick(DENIED);
            if (sentences.stream().noneMatch(sentence -> contradicts(sentence, label))) {
                sentences.add(Phrases.absent(label, dice));
            }
        }
    }

    /// Whether a label is mentioned, or something that nobody would tell apart in one breath.
    private static boolean contradicts(Sentence sentence, Label label) {
        boolean lung = label == Label.PNEUMONIA || label == Label.CONSOLIDATION;
        return sentence.labels().containsKey(label)
                || lung && (sentence.labels().containsKey(Label.CONSOLIDATION)
                        || sentence.labels().containsKey(Label.PNEUMONIA))
                || label == Label.CARDIOMEGALY && sentence.labels().containsKey(Label.ENLARGED_CARDIOMEDIASTINUM);
    }

    /// "mild cardiomegaly, small left pleural effusion and moderate pulmonary edema"
    private static String joined(List<Sentence> sentences) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < sentences.size(); i++) {
            text.append(i == 0 ? "" : i == sentences.size() - 1 ? " and " : ", ").append(sentences.get(i).text());
        }
        return text.toString();
    }

    private static String paragraph(List<Sentence> sentences, Dice dice) {
        if (sentences.size() > 1 && dice.chance(0.2)) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < sentences.size(); i++) {
                text.append(i == 0 ? "" : "  ").append(i + 1).append(".  ").append(sentences.get(i).whole());
            }
            return text.toString();
        }
        return sentences.stream().map(Sentence::whole).collect(Collectors.joining(" "));
    }
}
