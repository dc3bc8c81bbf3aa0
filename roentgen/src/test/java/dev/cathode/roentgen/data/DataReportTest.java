package dev.cathode.roentgen.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataReportTest {
    @TempDir
    Path root;

    private static MimicSample sample(String impression, int tokens, Label label, int value) {
        int[] labels = new int[14];
        Arrays.fill(labels, Labels.NOT_MENTIONED);
        labels[label.ordinal()] = value;
        return new MimicSample("id", 10, 10, "PA", Path.of("id.jpg"), impression,
                tokens == 0 ? OptionalInt.empty() : OptionalInt.of(tokens), Labels.of(labels));
    }

    /// The cells of the line that begins with this name.
    private static List<String> cells(List<String> lines, String name) {
        String line = lines.stream().filter(l -> l.startsWith(name + "  ")).findFirst().orElseThrow();
        return Stream.of(line.substring(name.length()).strip().split("\\s{2,}")).toList();
    }

    @Test
    void countsAsThePolicySays() {
        List<MimicSample> samples = List.of(sample("1234", 4, Label.EDEMA, 1), sample("12345678", 8, Label.EDEMA, -1),
                sample("123456", 0, Label.EDEMA, 0));
        SetStatistics statistics = SetStatistics.of("x", samples, LabelPolicy.UONES);
        assertEquals(3, statistics.count());
        assertEquals(2, statistics.positives().get(Label.EDEMA.ordinal()));
        assertEquals(2, statistics.positives().stream().mapToInt(n -> n).sum());
        assertEquals(new SetStatistics.Spread(6, Math.sqrt(8 / 3.0)), statistics.characters());
        assertEquals(Optional.empty(), statistics.tokens(), "not all are counted");
        assertEquals(1, SetStatistics.of("x", samples, LabelPolicy.UZEROS).positives().get(Label.EDEMA.ordinal()));
        assertEquals(1, SetStatistics.of("x", samples, LabelPolicy.IGNORE).positives().get(Label.EDEMA.ordinal()));
        assertEquals(Optional.of(new SetStatistics.Spread(6, 2)),
                SetStatistics.of("x", samples.subList(0, 2), LabelPolicy.UONES).tokens());
        assertEquals(0, SetStatistics.of("x", List.of(), LabelPolicy.UONES).count());
    }

    /// Every row of the paper's Table 1, beside a set of one picture.
    @Test
    void table1() {
        MimicSample one = sample("Edema.", 5, Label.EDEMA, -1);
        List<String> lines = DataReport.table1(SetRules.PRESETS.stream()
                .map(rules -> SetStatistics.of(rules.name(), List.of(one), LabelPolicy.UONES)).toList());
        assertEquals(List.of("pa-train", "pa-ap-lat-train", "mimic-test", "p19-test"),
                List.of(lines.getFirst().strip().split("\\s+")));
        assertEquals(List.of("here", "paper", "here", "paper", "here", "paper", "here", "paper"),
                cells(lines, "Table 1"));
        Map<String, String> expected = Map.ofEntries(
                Map.entry("n", "1 38,009 1 175,622 1 2,225 1 5,000"),
                Map.entry("Atelectasis", "0 7,795 0 40,677 0 522 0 918"),
                Map.entry("Cardiomegaly", "0 5,719 0 32,744 0 520 0 698"),
                Map.entry("Consolidation", "0 1,779 0 9,814 0 193 0 182"),
                Map.entry("Edema", "1 3,817 1 30,546 1 686 1 453"),
                Map.entry("Enlarged Cardiomediastinum", "0 1,107 0 6,550 0 127 0 115"),
                Map.entry("Fracture", "0 1,420 0 4,752 0 54 0 142"),
                Map.entry("Lung Lesion", "0 2,116 0 6,627 0 96 0 203"),
                Map.entry("Lung Opacity", "0 9,136 0 41,852 0 641 0 1,028"),
                Map.entry("No Finding", "0 10,005 0 47,846 0 486 0 1,738"),
                Map.entry("Pleural Effusion", "0 7,859 0 41,204 0 694 0 1,051"),
                Map.entry("Pleural Other", "0 652 0 1,997 0 58 0 77"),
                Map.entry("Pneumonia", "0 8,250 0 33,139 0 512 0 921"),
                Map.entry("Pneumothorax", "0 1,413 0 7,304 0 62 0 162"),
                Map.entry("Support Devices", "0 3,123 0 32,732 0 487 0 368"),
                Map.entry("characters", "6.0 ± 0.0 128.0 ± 90.1 6.0 ± 0.0 142.0 ± 96.4 6.0 ± 0.0 199.1 ± 174.0"
                        + " 6.0 ± 0.0 118.8 ± 89.5"),
                Map.entry("CLIP tokens", "5.0 ± 0.0 29.0 ± 18.5 5.0 ± 0.0 32.1 ± 20.0 5.0 ± 0.0 44.3 ± 37.2 5.0 ± 0.0"
                        + " 27.3 ± 18.4"));
        expected.forEach((row, cells) -> assertEquals(cells, String.join(" ", cells(lines, row)), row));
        assertEquals(2 + expected.size(), lines.size());
        // a set that the paper does not have
        List<String> own = DataReport.table1(List.of(SetStatistics.of("own",
                List.of(sample("Edema.", 0, Label.EDEMA, 1)), LabelPolicy.UONES)));
        assertEquals(List.of("not counted"), cells(own, "CLIP tokens"));
    }

    @Test
    void wholeSetAndLabels() throws IOException {
        MiniMimic mini = new MiniMimic(root)
                .study(10000001, 1001, "train", "Edema.", Map.of(Label.EDEMA, "1.0"), "PA", "LATERAL")
                .study(10000001, 1002, "train", "Edema.", Map.of(Label.EDEMA, "-1.0", Label.FRACTURE, "0.0"), "PA")
                .study(19000001, 1003, "test", "Edema.", Map.of(Label.EDEMA, "1.0"), "PA")
                .image(19000002, 1004, "validate", "x", "AP").report(19000002, 1004, "x\n FINDINGS: Edema.")
                .image(19000002, 1005, "validate", "y", "AP").report(19000002, 1005, "x\n \n Edema.");
        MimicCxr set = mini.write(true);
        Impressions impressions;
        try (Reports reports = Reports.open(root)) {
            impressions = Impressions.read(set, reports, problem -> { });
        }
        List<String> whole = DataReport.invariants(set, impressions);
        assertEquals(List.of("6", "377,110"), cells(whole, "images"));
        assertEquals(List.of("5", "227,835"), cells(whole, "studies"));
        assertEquals(List.of("3", "227,827"), cells(whole, "studies with labels"));
        assertEquals(List.of("3", "65,379"), cells(whole, "patients"));
        assertEquals(List.of("2", "10"), cells(whole, "folders"));
        assertEquals(List.of("3", "368,960"), cells(whole, "train: images"));
        assertEquals(List.of("2", "222,758"), cells(whole, "train: studies"));
        assertEquals(List.of("1", "64,586"), cells(whole, "train: patients"));
        assertEquals(List.of("2", "1,808"), cells(whole, "validate: studies"));
        assertEquals(List.of("1", "293"), cells(whole, "test: patients"));
        assertEquals(List.of("3", "189,561"), cells(whole, "reports with an impression"));
        assertEquals(List.of("1", "27,684"), cells(whole, "reports with findings only"));
        assertEquals(List.of("1", "10,514"), cells(whole, "reports with a last paragraph"));

        List<String> labels = DataReport.labels(set);
        assertEquals(List.of("1 / 0 / 1", "25,549 / 24,746 / 11,426"), cells(labels, "Edema"));
        assertEquals(List.of("0 / 1 / 0", "3,675 / 871 / 295"), cells(labels, "Fracture"));
        MimicCxr disagreeing = new MimicCxr(root, set.images(), set.chexpert(), Map.of(1001, set.chexpert().get(1002)));
        assertEquals("0 / 0 / 0", cells(DataReport.labels(disagreeing), "Edema").getFirst());
        MimicCxr alone = new MimicCxr(root, set.images(), set.chexpert(), Map.of());
        assertEquals("1 / 0 / 1", cells(DataReport.labels(alone), "Edema").getFirst());
        assertTrue(DataReport.labels(alone).getFirst().contains("CheXpert alone"));

        List<Selection> selections = List.of(Selection.of(SetRules.PA_TRAIN.withMaxTokens(0), set, impressions,
                Optional.empty(), true, problem -> { }), Selection.of(SetRules.MIMIC_TEST, set, impressions,
                Optional.empty(), true, problem -> { }));
        List<String> leftOut = DataReport.leftOut(selections);
        assertEquals(List.of("1", "5"), cells(leftOut, "of another split"));
        assertEquals(List.of("2", "0"), cells(leftOut, "in another folder"));
        assertEquals(List.of("1", "0"), cells(leftOut, "of another view"));
        assertEquals(List.of("2", "1"), cells(leftOut, "impression too short"));
        assertEquals(5, leftOut.size(), "rules that nothing breaks have no row");
    }
}
