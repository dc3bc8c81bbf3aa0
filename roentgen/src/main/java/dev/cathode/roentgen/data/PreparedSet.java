package dev.cathode.roentgen.data;

import dev.cathode.engine.data.DataProblem;
import dev.cathode.engine.data.TableFile;
import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFit;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.engine.image.Resampling;
import dev.cathode.engine.image.RgbImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/// A folder with the pictures of a set at the size of training, so that films of 3000×2500 pixels are decoded once and
/// not in every epoch: `images/{dicom_id}.png`, `manifest.csv` (see [Manifest]), and `metadata.jsonl`, with which
/// Hugging Face's `imagefolder` and [dev.cathode.engine.data.ImageFolder] can read it too.
public final class PreparedSet {
    /// The name of a text in each picture: how it was made.
    private static final String PREPARATION = "preparation";

    private PreparedSet() { }

    /// How pictures are fitted and stored. Scores that compare pictures depend on it.
    ///
    /// @param size of both sides
    /// @param quality of JPEG files, 1 to 100
    public record Options(int size, ImageFit fit, Resampling filter, ImageFormat format, int quality) {
        /// The paper's 512×512 pixels, lossless.
        public static final Options PAPER = new Options(512, ImageFit.COVER, Resampling.BILINEAR, ImageFormat.PNG, 95);

        /// Checks the numbers.
        public Options {
            if (size < 1) {
                throw new IllegalArgumentException("pictures cannot have " + size + " pixels a side");
            }
            if (quality < 1 || quality > 100) {
                throw new IllegalArgumentException("the quality of a JPEG is 1 to 100, not " + quality);
            }
        }

        /// On one line, for people and to recognise pictures that are finished: "cover, bilinear, 512x512".
        @Override
        public String toString() {
            return (fit + ", " + filter + ", " + size + "x" + size
                    + (format == ImageFormat.JPEG ? ", jpeg " + quality : "")).toLowerCase(Locale.ROOT);
        }
    }

    /// Writes pictures and tables, on all processors. Pictures that are there already, made in the same way from a file
    /// of the same length, stay: an interrupted run can be repeated. The tables are written last.
    ///
    /// @param folder must be there
    /// @param problems told of each picture that cannot be read and is left out
    /// @param progress told how many pictures are done, by several threads
    /// @return what the manifest lists
    /// @throws IOException if something cannot be written, or nothing can be read
    public static List<MimicSample> write(Path folder, List<MimicSample> samples, Options options,
            Consumer<DataProblem> problems, IntConsumer progress) throws IOException {
        Path images = Files.createDirectories(folder.resolve("images"));
        String[] reasons = new String[samples.size()];
        AtomicInteger done = new AtomicInteger();
        try {
            IntStream.range(0, samples.size()).parallel().forEach(i -> {
                reasons[i] = prepare(samples.get(i), file(images, samples.get(i), options), options);
                progress.accept(done.incrementAndGet());
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        List<MimicSample> prepared = new ArrayList<>();
        for (int i = 0; i < reasons.length; i++) {
            if (reasons[i] == null) {
                prepared.add(samples.get(i).withImagePath(file(images, samples.get(i), options)));
            } else {
                problems.accept(DataProblem.of(samples.get(i).imagePath(), reasons[i]));
            }
        }
        if (prepared.isEmpty()) {
            throw new IOException(folder + ": none of " + samples.size() + " pictures could be prepared"
                    + (samples.isEmpty() ? "" : "; the first: " + samples.getFirst().imagePath() + ": " + reasons[0]));
        }
        TableFile.write(folder.resolve("metadata.jsonl"), List.of("file_name", "text"), prepared.stream()
                .map(sample -> List.of("images/" + sample.imagePath().getFileName(), sample.impression())).toList());
        Manifest.write(folder.resolve("manifest.csv"), prepared);
        return prepared;
    }

    private static Path file(Path images, MimicSample sample, Options options) {
        return images.resolve(sample.dicomId() + "." + options.format().extension());
    }

    /// Writes one picture.
    ///
    /// @return why it cannot be read; null if it is written
    /// @throws UncheckedIOException if it cannot be written
    private static String prepare(MimicSample sample, Path to, Options options) {
        RgbImage image;
        String preparation;
        try {
            preparation = options + ", from " + Files.size(sample.imagePath()) + " bytes";
            if (Files.exists(to) && preparation.equals(made(to))) {
                return null;
            }
            image = ImageFiles.read(sample.imagePath());
        } catch (IOException e) {
            String message = String.valueOf(e.getMessage());
            String named = sample.imagePath() + ": ";
            return message.startsWith(named) ? message.substring(named.length()) : "cannot be read: " + message;
        }
        try {
            ImageFiles.write(to, options.fit().apply(image, options.size(), options.filter()), options.format(),
                    options.quality(), Map.of(PREPARATION, preparation));
            return null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// How a picture was made; null if it does not say so or is broken.
    private static String made(Path file) {
        try {
            return ImageFiles.texts(file).get(PREPARATION);
        } catch (IOException e) {
            return null;
        }
    }
}
