package dev.cathode.cli;

import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.roentgen.phantom.View;
import dev.cathode.roentgen.phantom.files.ContactSheet;
import dev.cathode.roentgen.phantom.files.PhantomDataset;
import dev.cathode.roentgen.phantom.files.PhantomOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Draws chest films of patients who do not exist.
@Command(name = "phantom", sortOptions = false,
        description = "Draw chest films of patients who do not exist, with reports and labels, in MIMIC-CXR-JPG's layout.",
        footer = {"",
            "The same seed always gives the same patients. A run that broke off goes on where it was, and a larger --count"
                + " adds to a folder.",
            "",
            "Examples:",
            "  cathode phantom --count 6000 --out phantoms --size 256",
            "  cathode phantom --contact-sheet examples.png"})
final class PhantomCommand implements Callable<Integer> {
    private static final int SHEET_COUNT = 24;
    private static final int SHEET_SIZE = 256;
    private static final int SIZE = 512;
    private static final int QUALITY = 87;

    @Spec
    private CommandSpec spec;

    @Option(names = "--count", paramLabel = "N",
            description = "Studies to write, each with one or two films; or films on the contact sheet (default there: "
                + SHEET_COUNT + ").")
    private Integer count;

    @Option(names = "--out", paramLabel = "DIR", description = "The folder to write: new, empty, or begun before.")
    private Path out;

    @Option(names = "--seed", paramLabel = "S", defaultValue = "1",
            description = "Other seeds give other patients (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--size", paramLabel = "PX",
            description = "Pixels of a film's shorter side (default: " + SIZE + ", on a contact sheet " + SHEET_SIZE
                + ").")
    private Integer size;

    @Option(names = "--views", paramLabel = "VIEW", split = ",", defaultValue = "PA,AP,LATERAL",
            description = "Views to draw, with commas between them (default: ${DEFAULT-VALUE}).")
    private List<View> views;

    @Option(names = "--threads", paramLabel = "N", description = "Threads (default: all processors).")
    private Integer threads;

    @Option(names = "--contact-sheet", paramLabel = "FILE",
            description = "Draw one picture (.png or .jpg) of examples with their impressions.")
    private Path sheet;

    @Override
    public Integer call() throws IOException {
        require(out != null || sheet != null, "--out DIR or --contact-sheet FILE is missing");
        require(out == null || sheet == null, "--out and --contact-sheet exclude each other");
        require(out == null || count != null, "--count N is missing");
        Set<View> chosen = EnumSet.copyOf(views);
        PhantomOptions options = options(chosen);
        if (sheet != null) {
            sheet(options);
        } else {
            folder(options);
        }
        return CathodeCommand.DONE;
    }

    private PhantomOptions options(Set<View> chosen) {
        int processors = Runtime.getRuntime().availableProcessors();
        try {
            return new PhantomOptions(seed, count == null ? SHEET_COUNT : count,
                    size != null ? size : sheet != null ? SHEET_SIZE : SIZE, chosen,
                    threads == null ? processors : threads);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private void sheet(PhantomOptions options) throws IOException {
        ImageFormat format;
        try {
            format = ImageFormat.ofName(sheet.toString());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        Destinations.prepare(List.of(sheet));
        ImageFiles.write(sheet, ContactSheet.draw(options.seed(), options.count(), options.size(), options.views()),
                format, QUALITY, Map.of("Software", "Cathode", "Title", "Phantoms of seed " + seed));
        spec.commandLine().getOut().println(sheet);
    }

    private void folder(PhantomOptions options) throws IOException {
        Progress progress = Progress.onTerminal(spec.commandLine().getErr());
        PhantomDataset.Summary summary;
        try (Progress.Bar bar = progress.start("phantoms", options.count())) {
            summary = PhantomDataset.write(out, options, bar::step);
        }
        spec.commandLine().getOut().printf("%s: %s studies, %s films (%s new)%n", out, Sizes.count(summary.studies()),
                Sizes.count(summary.films()), Sizes.count(summary.written()));
    }

    private void require(boolean holds, String message) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }
}
