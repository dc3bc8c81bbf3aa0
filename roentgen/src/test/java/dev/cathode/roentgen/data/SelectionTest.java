package dev.cathode.roentgen.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.data.DataProblems;
import dev.cathode.engine.text.Tokenizer;
import dev.cathode.engine.text.Tokenizers;
import dev.cathode.roentgen.data.Selection.Rule;
import dev.cathode.weights.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SelectionTest {
    private static final Map<Label, String> HEALTHY = Map.of(Label.NO_FINDING, "1.0");
    private static final Map<Label, String> ILL = Map.of(Label.EDEMA, "1.0");
    private static final Tokenizer TOKENIZER = Tokenizers.load(Goldens.root().resolve("tokenizer/clip"));
    private static final SetRules EVERYTHING = new SetRules("everything", Set.of(), Set.of(), Set.of(Split.values()),
            false, 0, 0, 0, 0, 10);

    @TempDir
    Path root;

    private final DataProblems problems = new DataProblems(20);

    private Selection select(SetRules rules, MimicCxr set) throws IOException {
        try (Reports reports = Reports.open(root)) {
            return Selection.of(rules, set, Impressions.read(set, reports, problems), Optional.of(TOKENIZER), true,
                    problems);
        }
    }

    private static List<String> ids(Selection selection) {
        return selection.samples().stream().map(MimicSample::dicomId).toList();
    }

    @Test
    void postAnteriorTraining() throws IOException {
        int limit = tokens("No acute process.");
        MimicCxr set = new MiniMimic(root)
                .study(10000001, 1001, "train", "No acute process.", HEALTHY, "PA", "LATERAL", "PA", "AP")
                .study(18000001, 1002, "validate", "Edema.", ILL, "PA")
                .study(19000001, 1003, "train", "No acute process.", HEALTHY, "PA")
                .study(11000001, 1004, "test", "No acute process.", HEALTHY, "PA")
                .study(11000001, 1005, "train", "Slight", ILL, "PA")
                .study(11000001, 1006, "train", "Slights", ILL, "PA")
                .study(11000001, 1007, "train", "No acute process, no acute process.", ILL, "PA", "PA")
                .study(11000002, 50058765, "train", "No acute process.", HEALTHY, "PA")
                .report(12000001, 1008, "x\n FINDINGS: No acute process.")
                .image(12000001, 1008, "train", "findings", "PA").labels(12000001, 1008, ILL)
                .image(12000001, 1009, "train", "no-report", "PA").labels(12000001, 1009, ILL)
                .report(12000001, 1010, "x\n IMPRESSION: Edema.")
                .image(12000001, 1010, "train", "no-labels", "PA")
                .image(12000001, 1010, "train", "no-labels-2", "PA")
                .study(13000001, 1011, "train", "Edema.", ILL, "PA", "PA")
                // a study is of another split if any of its pictures is
                .study(14000001, 1012, "train", "Edema.", ILL, "PA").image(14000001, 1012, "test", "test", "LATERAL")
                .write(true);
        Files.delete(root.resolve("files/p13/p13000001/s1011/1011-0.jpg"));
        Selection selection = select(SetRules.PA_TRAIN.withMaxTokens(limit), set);
        // "Edema." has six characters
        assertEquals(List.of("1001-0", "1001-2", "1006-0"), ids(selection));
        assertEquals(Map.of(Rule.SPLIT, 3, Rule.FOLDER, 1, Rule.VIEW, 2, Rule.NO_REPORT, 1, Rule.NO_IMPRESSION, 2,
                Rule.TOO_SHORT, 6, Rule.TOO_MANY_TOKENS, 2), selection.leftOut());
        MimicSample sample = selection.samples().getFirst();
        assertEquals(new MimicSample("1001-0", 1001, 10000001, "PA",
                root.resolve("files/p10/p10000001/s1001/1001-0.jpg"), "No acute process.", OptionalInt.of(limit),
                set.chexpert().get(1001)), sample);
        assertEquals(List.of(root.resolve("files/p12/p12000001/s1009.txt") + ": no such report"),
                problems.first().stream().map(Object::toString).toList());

        SetRules shorter = new SetRules("shorter", Set.of("PA"), Set.of("p12", "p13"), Set.of(Split.TRAIN), false, 6,
                limit, 0, 0, 10);
        Selection withShort = select(shorter, set);
        assertEquals(List.of("1011-1"), ids(withShort));
        assertEquals(1, withShort.leftOut().get(Rule.NO_FILE));
        assertEquals(2, withShort.leftOut().get(Rule.NO_LABELS));
        assertEquals(List.of(root + ": study 1010 has no usable row in the table of CheXpert's labels",
                root.resolve("files/p13/p13000001/s1011/1011-0.jpg") + ": no such file"),
                problems.first().stream().skip(2).map(Object::toString).toList());
    }

    private static int tokens(String text) {
        return TOKENIZER.encode(text).length;
    }

    @Test
    void tokensAreCountedWithBeginAndEnd() throws IOException {
        String text = "no acute process";
        MimicCxr set = new MiniMimic(root).study(10000001, 1001, "train", text, ILL, "PA").write(true);
        assertEquals(TOKENIZER.beginId(), TOKENIZER.encode(text)[0]);
        assertEquals(1, select(EVERYTHING.withMaxTokens(tokens(text)), set).samples().size());
        Selection none = select(EVERYTHING.withMaxTokens(tokens(text) - 1), set);
        assertEquals(Map.of(Rule.TOO_MANY_TOKENS, 1), none.leftOut());
        Impressions impressions = Impressions.read(set, Reports.open(root), problems);
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> Selection.of(
                SetRules.PA_TRAIN, set, impressions, Optional.empty(), true, problems));
        assertTrue(e.getMessage().contains("77 tokens"), e.getMessage());
        assertEquals(OptionalInt.empty(), Selection.of(EVERYTHING, set, impressions, Optional.empty(), true, problems)
                .samples().getFirst().clipTokens());
    }

    @Test
    void severalViews() throws IOException {
        MimicCxr set = new MiniMimic(root)
                .study(10000001, 1001, "train", "Clear lungs.", HEALTHY, "LL", "PA", "AP", "LATERAL", "AP AXIAL", "")
                .write(true);
        assertEquals(List.of("1001-0", "1001-1", "1001-2", "1001-3"),
                ids(select(SetRules.PA_AP_LAT_TRAIN.withMaxTokens(0), set)));
    }

    @Test
    void theTestSetHasOnePictureOfEachStudy() throws IOException {
        MimicCxr set = new MiniMimic(root)
                .study(10000001, 1001, "test", "Clear lungs.", HEALTHY, "LATERAL", "AP", "PA", "PA")
                .study(10000002, 1002, "test", "Clear lungs.", HEALTHY, "SWIMMERS", "LL", "LATERAL", "LL")
                .study(10000003, 1003, "test", "Clear lungs.", HEALTHY, "", "SWIMMERS")
                .study(10000004, 1004, "train", "Clear lungs.", HEALTHY, "PA")
                .study(19000004, 1005, "test", "Clear lungs. ".repeat(50), HEALTHY, "PA")
                .write(true);
        Selection selection = select(SetRules.MIMIC_TEST, set);
        assertEquals(List.of("1001-2", "1002-2", "1003-0", "1005-0"), ids(selection));
        assertEquals(Map.of(Rule.SPLIT, 1, Rule.NOT_FIRST, 7), selection.leftOut());
    }

    @Test
    void chanceIsSeeded() throws IOException {
        MiniMimic mini = new MiniMimic(root);
        for (int study = 1000; study < 1060; study++) {
            mini.study(19000001, study, study % 7 == 0 ? "test" : "train", "Whatever.",
                    study % 2 == 0 ? HEALTHY : ILL, "PA");
        }
        MimicCxr set = mini.write(true);
        SetRules rules = new SetRules("p19", Set.of("PA"), Set.of("p19"), Set.of(Split.values()), false, 7, 0, 8, 30,
                10);
        Selection selection = select(rules, set);
        assertEquals(30, selection.samples().size());
        assertEquals(8, healthy(selection), "the limit binds");
        assertEquals(30, selection.leftOut().get(Rule.NO_FINDING) + selection.leftOut().get(Rule.NOT_SAMPLED));
        assertEquals(ids(selection).stream().sorted().toList(), ids(selection), "in the order of the table");
        assertEquals(ids(selection), ids(select(rules, set)), "the same seed, the same pictures");
        SetRules otherSeed = new SetRules("p19", Set.of("PA"), Set.of("p19"), Set.of(Split.values()), false, 7, 0, 8,
                30, 11);
        assertNotEquals(ids(selection), ids(select(otherSeed, set)));

        Selection capped = select(new SetRules("cap", Set.of(), Set.of(), Set.of(Split.values()), false, 0, 0, 5, 0, 1),
                set);
        assertEquals(35, capped.samples().size(), "all of the 30 ill, 5 of the 30 others");
        assertEquals(5, healthy(capped));
        Selection sampled = select(new SetRules("n", Set.of(), Set.of(), Set.of(Split.values()), false, 0, 0, 0, 9, 1),
                set);
        assertEquals(9, sampled.samples().size());
        assertEquals(9, Set.copyOf(ids(sampled)).size(), "without replacement");
    }

    private static long healthy(Selection selection) {
        return selection.samples().stream().filter(s -> s.labels().get(Label.NO_FINDING) == 1).count();
    }

    @Test
    void presetsAreThePapers() {
        assertEquals(List.of("pa-train", "pa-ap-lat-train", "mimic-test", "p19-test"),
                SetRules.PRESETS.stream().map(SetRules::name).toList());
        assertEquals(Optional.of(SetRules.P19_TEST), SetRules.preset("p19-test"));
        assertEquals(Optional.empty(), SetRules.preset("p20"));
        assertTrue(SetRules.PA_TRAIN.folders().containsAll(List.of("p10", "p14", "p18")));
        assertEquals(9, SetRules.PA_TRAIN.folders().size());
        assertThrows(IllegalArgumentException.class, () -> new SetRules("x", Set.of(), Set.of(), Set.of(), false, 0, 0,
                0, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new SetRules("x", Set.of(), Set.of("10"),
                Set.of(Split.TRAIN), false, 0, 0, 0, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> EVERYTHING.withMaxTokens(-1));
    }
}
