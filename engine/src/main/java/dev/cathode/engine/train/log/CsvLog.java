package dev.cathode.engine.train.log;

import dev.cathode.engine.image.RgbImage;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// `log.csv` with a row a step, and `scalars.csv` with the numbers that are not there for each step. Pictures are not
/// written. Rows reach the file at once, so that a killed run loses none that a checkpoint of it has seen.
public final class CsvLog implements TrainingLog {
    /// The steps.
    public static final String STEPS = "log.csv";
    /// The other numbers.
    public static final String SCALARS = "scalars.csv";

    private static final String STEPS_HEADER =
            "step,epoch,loss,learning_rate,gradient_norm,images_per_second,waited_seconds";
    private static final String SCALARS_HEADER = "step,tag,value";

    private final BufferedWriter steps;
    private final BufferedWriter scalars;

    private CsvLog(BufferedWriter steps, BufferedWriter scalars) {
        this.steps = steps;
        this.scalars = scalars;
    }

    /// Begins the files, or goes on with them: rows after `step` are cut off, those of a run that is done again.
    ///
    /// @param folder is made if it does not exist
    /// @param step how many steps are done; 0: a new run
    /// @throws IOException if the files cannot be written, or are others than these
    public static CsvLog open(Path folder, long step) throws IOException {
        Files.createDirectories(folder);
        return new CsvLog(cut(folder.resolve(STEPS), STEPS_HEADER, step),
                cut(folder.resolve(SCALARS), SCALARS_HEADER, step));
    }

    @Override
    public void step(StepReport report) throws IOException {
        row(steps, String.format(Locale.ROOT, "%d,%d,%s,%s,%s,%.3f,%.3f", report.step(), report.epoch(), report.loss(),
                report.learningRate(), report.gradientNorm(), report.imagesPerSecond(), report.waitedSeconds()));
    }

    @Override
    public void scalar(long step, String tag, double value) throws IOException {
        row(scalars, step + "," + Tags.checked(tag) + "," + value);
    }

    @Override
    public void image(long step, String tag, RgbImage image) {
    }

    @Override
    public void close() throws IOException {
        try (steps) {
            scalars.close();
        }
    }

    private static void row(BufferedWriter out, String row) throws IOException {
        out.write(row + "\n");
        out.flush();
    }

    private static BufferedWriter cut(Path file, String header, long step) throws IOException {
        List<String> kept = new ArrayList<>(List.of(header));
        if (step > 0 && Files.exists(file)) {
            String text = Files.readString(file);
            // A last row without its end was being written when the run was killed.
            List<String> rows = text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
            if (!rows.isEmpty() && !rows.getFirst().equals(header)) {
                throw new IOException(file + ": is no log of this program (it begins with " + rows.getFirst()
                        + "); move it away");
            }
            for (String row : rows.subList(Math.min(1, rows.size()), rows.size())) {
                if (number(file, row) <= step) {
                    kept.add(row);
                }
            }
        }
        Path temporary = file.resolveSibling("." + file.getFileName() + ".part");
        Files.write(temporary, kept);
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return Files.newBufferedWriter(file, StandardOpenOption.APPEND);
    }

    private static long number(Path file, String row) throws IOException {
        try {
            return Long.parseLong(row.substring(0, Math.max(0, row.indexOf(','))));
        } catch (NumberFormatException e) {
            throw new IOException(file + ": is broken (a row is " + row + "); move it away", e);
        }
    }
}
