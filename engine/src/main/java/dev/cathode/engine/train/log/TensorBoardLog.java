package dev.cathode.engine.train.log;

import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.RgbImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/// Event files for TensorBoard (`tensorboard --logdir FOLDER`): scalars and pictures. Each run adds a file; the file of
/// one that goes on from a checkpoint says from where, and TensorBoard forgets what the earlier ones know beyond.
public final class TensorBoardLog implements TrainingLog {
    private final EventFile file;

    private TensorBoardLog(EventFile file) {
        this.file = file;
    }

    /// Begins a file.
    ///
    /// @param folder is made if it does not exist
    /// @param step how many steps are done; 0: a new run
    /// @throws IOException if it cannot be written
    public static TensorBoardLog open(Path folder, long step) throws IOException {
        Files.createDirectories(folder);
        // TensorBoard reads the files of a folder in the order of their names.
        long number = System.currentTimeMillis();
        Path path = path(folder, number);
        while (Files.exists(path)) {
            path = path(folder, ++number);
        }
        EventFile file = new EventFile(path, seconds());
        file.restart(seconds(), step + 1);
        file.flush();
        return new TensorBoardLog(file);
    }

    private static Path path(Path folder, long milliseconds) {
        return folder.resolve(String.format(Locale.ROOT, "events.out.tfevents.%010d.%03d.cathode",
                milliseconds / 1000, milliseconds % 1000));
    }

    @Override
    public void step(StepReport report) throws IOException {
        double now = seconds();
        file.scalar(now, report.step(), "train/loss", report.loss());
        file.scalar(now, report.step(), "train/learning_rate", (float) report.learningRate());
        file.scalar(now, report.step(), "train/gradient_norm", report.gradientNorm());
        file.scalar(now, report.step(), "train/epoch", report.epoch());
        file.scalar(now, report.step(), "speed/images_per_second", (float) report.imagesPerSecond());
        file.scalar(now, report.step(), "speed/waited_seconds", (float) report.waitedSeconds());
        file.flush();
    }

    @Override
    public void scalar(long step, String tag, double value) throws IOException {
        file.scalar(seconds(), step, Tags.checked(tag), (float) value);
        file.flush();
    }

    @Override
    public void image(long step, String tag, RgbImage image) throws IOException {
        file.image(seconds(), step, Tags.checked(tag), image.height(), image.width(), ImageFiles.png(image));
        file.flush();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private static double seconds() {
        return System.currentTimeMillis() * 1e-3;
    }
}
