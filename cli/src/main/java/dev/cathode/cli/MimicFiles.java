package dev.cathode.cli;

import dev.cathode.engine.data.DataProblem;
import dev.cathode.engine.text.Tokenizer;
import dev.cathode.engine.text.Tokenizers;
import dev.cathode.roentgen.data.Impressions;
import dev.cathode.roentgen.data.MimicCxr;
import dev.cathode.roentgen.data.Reports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/// Options that say where MIMIC-CXR is.
final class MimicFiles {
    private static final String ZIP = "mimic-cxr-reports.zip";

    @Option(names = "--root", paramLabel = "DIR", required = true,
            description = "Folder of MIMIC-CXR-JPG: the .csv.gz tables, and 'files' with the pictures.")
    Path root;
    @Option(names = "--reports", paramLabel = "PATH", description = "Folder with the reports ('files' in it), or "
            + ZIP + " (default: that file in --root, else --root).")
    Path reports;
    @Option(names = "--tokenizer", paramLabel = "DIR", description = "Folder of CLIP's tokenizer, or of a model with"
            + " one: counts the tokens of impressions.")
    Path tokenizer;

    /// The tables and impressions.
    record Opened(MimicCxr set, Impressions impressions) { }

    /// Reads tables and reports.
    Opened open(Consumer<DataProblem> problems) throws IOException {
        MimicCxr set = MimicCxr.open(root, problems);
        try (Reports texts = reports == null ? Reports.in(root) : Reports.open(reports)) {
            return new Opened(set, Impressions.read(set, texts, problems));
        }
    }

    /// What counts tokens, if anything.
    Optional<Tokenizer> tokenizer() {
        return Optional.ofNullable(tokenizer).map(folder -> {
            Path inModel = folder.resolve("tokenizer");
            return Tokenizers.load(Files.isDirectory(inModel) ? inModel : folder);
        });
    }
}
