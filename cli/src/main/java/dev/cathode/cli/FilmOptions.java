package dev.cathode.cli;

import dev.cathode.engine.data.DataProblem;
import dev.cathode.roentgen.data.Impressions;
import dev.cathode.roentgen.data.Manifest;
import dev.cathode.roentgen.data.MimicCxr;
import dev.cathode.roentgen.data.MimicDataset;
import dev.cathode.roentgen.data.MimicSample;
import dev.cathode.roentgen.data.Reports;
import dev.cathode.roentgen.data.Selection;
import dev.cathode.roentgen.data.SetRules;
import dev.cathode.roentgen.data.Split;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/// Options that say which labelled films a command works on. What they leave open the command decides.
final class FilmOptions {
    private static final String ALL = "all";

    @Option(names = "--data", paramLabel = "PATH", required = true, split = ",",
            description = "Films with labels: folders in MIMIC-CXR-JPG's layout (the reports in them), or manifests"
                    + " that 'cathode data prepare' wrote.")
    private List<Path> data;
    @Option(names = "--views", paramLabel = "VIEW", split = ",", defaultValue = "PA",
            description = "Of a folder: ViewPositions to take, like PA,AP; or all (default: ${DEFAULT-VALUE}).")
    private List<String> views;
    @Option(names = "--splits", paramLabel = "SPLIT", split = ",",
            description = "Of a folder: official splits to take: train,validate,test; or all.")
    private List<String> splits;
    @Option(names = "--sample", paramLabel = "N", defaultValue = "0",
            description = "Of a folder: take that many films, by chance; 0: all (default).")
    private int sample;

    /// Reads the tables and reports.
    ///
    /// @param usual the splits where the command line names none
    /// @throws IllegalArgumentException if an option names something that does not exist
    MimicDataset open(Set<Split> usual, Consumer<DataProblem> problems) throws IOException {
        SetRules rules = new SetRules("films", views.contains(ALL) ? Set.of() : Set.copyOf(views), Set.of(),
                splits == null ? usual : splits(), false, 0, 0, 0, sample, 0);
        List<MimicSample> samples = new ArrayList<>();
        for (Path path : data) {
            samples.addAll(Files.isDirectory(path) ? select(path, rules, problems)
                    : Manifest.read(path, problems).samples());
        }
        if (samples.isEmpty()) {
            throw new IOException(names() + ": no film with a report and labels is of the wanted views and splits");
        }
        return new MimicDataset(names(), samples);
    }

    private static List<MimicSample> select(Path root, SetRules rules, Consumer<DataProblem> problems)
            throws IOException {
        MimicCxr set = MimicCxr.open(root, problems);
        try (Reports reports = Reports.in(root)) {
            return Selection.of(rules, set, Impressions.read(set, reports, problems), Optional.empty(), true, problems)
                    .samples();
        }
    }

    /// Where they are, for people.
    String names() {
        return data.stream().map(Path::toString).collect(Collectors.joining(", "));
    }

    private Set<Split> splits() {
        return splits.contains(ALL) ? Set.of(Split.values()) : splits.stream().map(name -> Arrays.stream(Split.values())
                .filter(split -> split.name().toLowerCase(Locale.ROOT).equals(name)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no split is called '" + name
                        + "'; there are train, validate, test"))).collect(Collectors.toSet());
    }
}
