package dev.cathode.cli;

import dev.cathode.engine.data.DataProblems;
import dev.cathode.engine.text.Tokenizer;
import dev.cathode.roentgen.data.DataReport;
import dev.cathode.roentgen.data.LabelPolicy;
import dev.cathode.roentgen.data.Selection;
import dev.cathode.roentgen.data.SetRules;
import dev.cathode.roentgen.data.SetStatistics;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Counts what is there.
@Command(name = "report", description = "Count what is there, beside what MIMIC-CXR and the paper's Table 1 have.",
        sortOptions = false, footer = {"",
            "Pictures are not opened. Without --tokenizer long impressions are counted too, which the paper's training"
                + " sets leave out."})
final class DataReportCommand implements Callable<Integer> {
    private static final int NAMED_PROBLEMS = 10;

    @Spec
    private CommandSpec spec;

    @Mixin
    private MimicFiles files = new MimicFiles();

    @Option(names = "--policy", paramLabel = "POLICY",
            description = "What an uncertain label counts as: uones, uzeros or ignore (default: uones, as the paper).")
    private LabelPolicy policy = LabelPolicy.UONES;

    @Option(names = "--files", description = "Leave out pictures whose file is not there.")
    private boolean lookForFiles;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        DataProblems problems = new DataProblems(NAMED_PROBLEMS);
        Optional<Tokenizer> tokenizer = files.tokenizer();
        MimicFiles.Opened opened = files.open(problems);
        List<Selection> selections = SetRules.PRESETS.stream()
                .map(rules -> tokenizer.isPresent() ? rules : rules.withMaxTokens(0))
                .map(rules -> Selection.of(rules, opened.set(), opened.impressions(), tokenizer, lookForFiles,
                        problems)).toList();
        DataReport.invariants(opened.set(), opened.impressions()).forEach(out::println);
        out.println();
        DataReport.labels(opened.set()).forEach(out::println);
        out.println();
        DataReport.leftOut(selections).forEach(out::println);
        out.println();
        DataReport.table1(selections.stream().map(selection -> SetStatistics.of(selection.rules().name(),
                selection.samples(), policy)).toList()).forEach(out::println);
        if (tokenizer.isEmpty()) {
            out.println("Tokens are not counted and long impressions not left out: --tokenizer names a folder that"
                    + " can do it.");
        }
        problems.lines().forEach(spec.commandLine().getErr()::println);
        return CathodeCommand.DONE;
    }
}
