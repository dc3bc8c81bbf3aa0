package dev.cathode.cli;

import dev.cathode.engine.data.DataProblems;
import dev.cathode.engine.image.ImageFit;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.engine.image.Resampling;
import dev.cathode.engine.text.Tokenizer;
import dev.cathode.roentgen.data.DataReport;
import dev.cathode.roentgen.data.Manifest;
import dev.cathode.roentgen.data.MimicSample;
import dev.cathode.roentgen.data.PreparedSet;
import dev.cathode.roentgen.data.Selection;
import dev.cathode.roentgen.data.SetRules;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Chooses pictures and writes them at the size of training.
@Command(name = "prepare", description = "Choose pictures, and write them at the size of training.",
        sortOptions = false, footer = {"",
            "Writes OUT/manifest.csv (pictures, impressions, labels), OUT/images, OUT/metadata.jsonl (for imagefolder)"
                + " and OUT/prepare.json (how it was made). Run again, it goes on where it stopped.",
            "",
            "Example:",
            "  cathode data prepare --root mimic-cxr-jpg --reports mimic-cxr-reports.zip --tokenizer sd14 \\",
            "    --set pa-train --out pa-train-512"})
final class DataPrepareCommand implements Callable<Integer> {
    private static final int NAMED_PROBLEMS = 10;
    private static final String RECORD = "prepare.json";
    private static final String MADE = "made";

    @Spec
    private CommandSpec spec;

    @Mixin
    private MimicFiles files = new MimicFiles();

    @Mixin
    private SetOptions choice = new SetOptions();

    @Option(names = {"-o", "--out"}, paramLabel = "DIR", required = true, description = "Folder to write to.")
    private Path out;

    @Option(names = "--size", paramLabel = "N", description = "Pixels of both sides (default: 512).")
    private int size = PreparedSet.Options.PAPER.size();

    @Option(names = "--fit", paramLabel = "FIT", description = "cover: the middle of the picture; contain: all of it,"
            + " with black bars; stretch: all of it, out of shape (default: cover).")
    private ImageFit fit = PreparedSet.Options.PAPER.fit();

    @Option(names = "--filter", paramLabel = "FILTER",
            description = "bilinear, bicubic or lanczos, as in Pillow (default: bilinear).")
    private Resampling filter = PreparedSet.Options.PAPER.filter();

    @Option(names = "--format", paramLabel = "FORMAT", description = "png or jpeg (default: png).")
    private ImageFormat format = PreparedSet.Options.PAPER.format();

    @Option(names = "--quality", paramLabel = "Q", description = "Of a JPEG, 1 to 100 (default: 95).")
    private int quality = PreparedSet.Options.PAPER.quality();

    @Option(names = "--originals", description = "Write no pictures: the manifest names the original ones.")
    private boolean originals;

    @Override
    public Integer call() throws IOException {
        SetRules rules;
        PreparedSet.Options options;
        try {
            rules = choice.rules();
            options = new PreparedSet.Options(size, fit, filter, format, quality);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        if (rules.maxTokens() > 0 && files.tokenizer == null) {
            throw new ParameterException(spec.commandLine(), "the set " + rules.name() + " takes impressions of up to "
                    + rules.maxTokens() + " tokens, and --tokenizer is not there to count them (--max-tokens 0 takes"
                    + " impressions of any length)");
        }
        ObjectNode made = made(rules, options);
        Files.createDirectories(out);
        Destinations.prepare(List.of(out.resolve(RECORD)));
        refuseOther(made);
        DataProblems problems = new DataProblems(NAMED_PROBLEMS);
        Optional<Tokenizer> tokenizer = files.tokenizer();
        MimicFiles.Opened opened = files.open(problems);
        Selection selection = Selection.of(rules, opened.set(), opened.impressions(), tokenizer, true, problems);
        if (selection.samples().isEmpty()) {
            throw new IOException(files.root + ": no picture belongs to the set " + rules.name() + ": "
                    + String.join("; ", DataReport.leftOut(List.of(selection))));
        }
        write(Json.object().set(MADE, made)); // before the first picture
        List<MimicSample> samples = originals ? manifest(selection) : pictures(selection, options, problems);
        ObjectNode record = Json.object().set(MADE, made);
        record.put("pictures", samples.size()).put("problems", problems.count());
        ObjectNode leftOut = record.putObject("left_out");
        selection.leftOut().forEach((rule, count) -> leftOut.put(rule.name().toLowerCase(Locale.ROOT), count));
        write(record);
        PrintWriter err = spec.commandLine().getErr();
        DataReport.leftOut(List.of(selection)).forEach(err::println);
        problems.lines().forEach(err::println);
        err.println(Sizes.count(samples.size()) + " pictures");
        spec.commandLine().getOut().println(out.resolve("manifest.csv"));
        return CathodeCommand.DONE;
    }

    private List<MimicSample> manifest(Selection selection) throws IOException {
        Manifest.write(out.resolve("manifest.csv"), selection.samples());
        return selection.samples();
    }

    private List<MimicSample> pictures(Selection selection, PreparedSet.Options options, DataProblems problems)
            throws IOException {
        int count = selection.samples().size();
        try (Progress.Bar bar = Progress.onTerminal(spec.commandLine().getErr()).start("pictures", count)) {
            return PreparedSet.write(out, selection.samples(), options, problems, done -> bar.step(done, count));
        }
    }

    /// What decides over the result.
    private ObjectNode made(SetRules rules, PreparedSet.Options options) {
        ObjectNode made = Json.object();
        made.put("root", files.root.toAbsolutePath().normalize().toString()).put("set", rules.name());
        rules.views().forEach(made.putArray("views")::add);
        rules.folders().forEach(made.putArray("folders")::add);
        rules.splits().stream().sorted().map(split -> split.name().toLowerCase(Locale.ROOT))
                .forEach(made.putArray("splits")::add);
        made.put("one_per_study", rules.onePerStudy()).put("min_characters", rules.minCharacters())
                .put("max_tokens", rules.maxTokens()).put("max_no_finding", rules.maxNoFinding())
                .put("sample", rules.sample()).put("seed", rules.seed());
        return made.put("pictures", originals ? "originals" : options.toString());
    }

    /// A folder holds one set: pictures of another would stay among those of this one.
    private void refuseOther(ObjectNode made) throws IOException {
        Path file = out.resolve(RECORD);
        if (!Files.exists(file)) {
            return;
        }
        Optional<JsonNode> there;
        try {
            there = Json.MAPPER.readTree(Files.readString(file)).optional(MADE);
        } catch (JacksonException e) {
            there = Optional.empty();
        }
        if (!there.equals(Optional.of(Json.MAPPER.readTree(Json.line(made))))) {
            throw new IOException(out + ": holds a set that was made otherwise (" + RECORD
                    + " says how); choose another --out");
        }
    }

    private void write(ObjectNode record) throws IOException {
        Path temporary = out.resolve("." + RECORD + ".part");
        try {
            Files.writeString(temporary, Json.text(record));
            Files.move(temporary, out.resolve(RECORD), StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
