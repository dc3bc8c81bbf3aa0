package dev.cathode.roentgen.data;

import dev.cathode.roentgen.data.SetStatistics.Spread;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// What is in a set, beside what others found in MIMIC-CXR.
public final class DataReport {
    private static final String HERE = "here";

    private DataReport() { }

    /// The sizes of the whole set, its splits and reports: what a complete copy must have.
    public static List<String> invariants(MimicCxr set, Impressions impressions) {
        TextTable table = new TextTable().row("", HERE, "MIMIC-CXR");
        counted(table, "images", set.images().size(), PaperFigures.IMAGES);
        counted(table, "studies", distinct(set.images(), MimicImage::studyId), PaperFigures.STUDIES);
        counted(table, "studies with labels", set.chexpert().size(), PaperFigures.LABELLED_STUDIES);
        counted(table, "patients", distinct(set.images(), MimicImage::subjectId), PaperFigures.SUBJECTS);
        counted(table, "folders", distinct(set.images(), MimicImage::folder), PaperFigures.FOLDERS);
        for (Split split : Split.values()) {
            List<MimicImage> images = set.images().stream().filter(image -> image.split() == split).toList();
            PaperFigures.SplitFigures figures = PaperFigures.split(split);
            String name = split.name().toLowerCase(Locale.ROOT);
            counted(table, name + ": images", images.size(), figures.images());
            counted(table, name + ": studies", distinct(images, MimicImage::studyId), figures.studies());
            counted(table, name + ": patients", distinct(images, MimicImage::subjectId), figures.subjects());
        }
        Map<Impression.Kind, Long> reports = impressions.counts();
        counted(table, "reports with an impression", reports.getOrDefault(Impression.Kind.IMPRESSION, 0L),
                PaperFigures.WITH_IMPRESSION);
        counted(table, "reports with findings only", reports.getOrDefault(Impression.Kind.FINDINGS, 0L),
                PaperFigures.WITH_FINDINGS);
        counted(table, "reports with a last paragraph", reports.getOrDefault(Impression.Kind.LAST_PARAGRAPH, 0L),
                PaperFigures.WITH_LAST_PARAGRAPH);
        return table.lines();
    }

    private static long distinct(List<MimicImage> images, Function<MimicImage, ?> what) {
        return images.stream().map(what).distinct().count();
    }

    private static void counted(TextTable table, String what, long here, long expected) {
        table.row(what, number(here), number(expected));
    }

    /// How often each label is positive, negative and uncertain in the whole training split; if both labelers' tables
    /// are there, where they agree, which is what the figures beside are.
    public static List<String> labels(MimicCxr set) {
        TextTable table = new TextTable().row("training studies: positive / negative / uncertain",
                HERE + (set.negbio().isEmpty() ? ", CheXpert alone" : ""), "MIMIC-CXR");
        List<Integer> training = set.images().stream().filter(image -> image.split() == Split.TRAIN)
                .map(MimicImage::studyId).distinct().filter(set.chexpert()::containsKey).toList();
        for (Label label : Label.values()) {
            int[] counts = new int[3];
            for (int study : training) {
                int value = set.chexpert().get(study).get(label);
                Labels other = set.negbio().get(study);
                boolean agreed = set.negbio().isEmpty() || other != null && other.get(label) == value;
                if (agreed && value != Labels.NOT_MENTIONED) {
                    counts[value == Labels.POSITIVE ? 0 : value == Labels.NEGATIVE ? 1 : 2]++;
                }
            }
            PaperFigures.LabelFigures figures = PaperFigures.label(label);
            table.row(label.title(), three(counts[0], counts[1], counts[2]),
                    three(figures.positive(), figures.negative(), figures.uncertain()));
        }
        return table.lines();
    }

    private static String three(int... counts) {
        return String.join(" / ", Arrays.stream(counts).mapToObj(DataReport::number).toList());
    }

    /// Table 1: each set beside the paper's of the same name.
    public static List<String> table1(List<SetStatistics> sets) {
        List<Optional<SetStatistics>> papers = sets.stream().map(set -> PaperFigures.TABLE_1.stream()
                .filter(paper -> paper.name().equals(set.name())).findFirst()).toList();
        TextTable table = new TextTable();
        List<String> names = new ArrayList<>(List.of(""));
        List<String> columns = new ArrayList<>(List.of("Table 1"));
        for (SetStatistics set : sets) {
            names.addAll(List.of("", set.name())); // above the wider of its two columns
            columns.addAll(List.of(HERE, "paper"));
        }
        table.row(names).row(columns);
        row(table, "n", sets, papers, set -> number(set.count()));
        for (Label label : Label.values()) {
            row(table, label.title(), sets, papers, set -> number(set.positives().get(label.ordinal())));
        }
        row(table, "characters", sets, papers, set -> spread(set.characters()));
        row(table, "CLIP tokens", sets, papers, set -> set.tokens().map(DataReport::spread).orElse("not counted"));
        return table.lines();
    }

    private static void row(TextTable table, String what, List<SetStatistics> sets,
            List<Optional<SetStatistics>> papers, Function<SetStatistics, String> cell) {
        List<String> row = new ArrayList<>(List.of(what));
        for (int i = 0; i < sets.size(); i++) {
            row.add(cell.apply(sets.get(i)));
            row.add(papers.get(i).map(cell).orElse(""));
        }
        table.row(row);
    }

    /// Which rules left out how many pictures of each set.
    public static List<String> leftOut(List<Selection> selections) {
        TextTable table = new TextTable();
        List<String> names = new ArrayList<>(List.of("pictures left out"));
        selections.forEach(selection -> names.add(selection.rules().name()));
        table.row(names);
        for (Selection.Rule rule : Selection.Rule.values()) {
            if (selections.stream().anyMatch(selection -> selection.leftOut().containsKey(rule))) {
                List<String> row = new ArrayList<>(List.of(rule.meaning()));
                selections.forEach(selection -> row.add(number(selection.leftOut().getOrDefault(rule, 0))));
                table.row(row);
            }
        }
        return table.lines();
    }

    private static String number(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    private static String spread(Spread spread) {
        return String.format(Locale.ROOT, "%.1f ± %.1f", spread.mean(), spread.deviation());
    }
}
