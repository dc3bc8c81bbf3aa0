package dev.cathode.roentgen.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.data.DataProblems;
import dev.cathode.engine.data.ImageFolder;
import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFit;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.engine.image.Resampling;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.roentgen.data.PreparedSet.Options;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreparedSetTest {
    private static final Options OPTIONS = new Options(4, ImageFit.COVER, Resampling.BILINEAR, ImageFormat.PNG, 95);

    @TempDir
    Path root;

    private final DataProblems problems = new DataProblems(20);
    private final AtomicInteger progress = new AtomicInteger();
    private List<MimicSample> samples;
    private Path out;

    @BeforeEach
    void select() throws IOException {
        MimicCxr set = new MiniMimic(root).study(10000001, 1001, "train", "Edema.", Map.of(Label.EDEMA, "1.0"), "PA",
                "AP").study(10000002, 1002, "train", "Clear.", Map.of(), "PA").write(true);
        try (Reports reports = Reports.open(root)) {
            samples = Selection.of(new SetRules("all", Set.of(), Set.of(), Set.of(Split.TRAIN), false, 0, 0, 0, 0, 0),
                    set, Impressions.read(set, reports, problems), Optional.empty(), true, problems).samples();
        }
        out = Files.createDirectories(root.resolve("out"));
    }

    private List<MimicSample> prepare(Options options) throws IOException {
        progress.set(0);
        return PreparedSet.write(out, samples, options, problems, done -> progress.incrementAndGet());
    }

    @Test
    void picturesAreFittedOnce() throws IOException {
        List<MimicSample> prepared = prepare(OPTIONS);
        assertEquals(3, progress.get());
        assertEquals(0, problems.count());
        assertEquals(out.resolve("images/1001-1.png"), prepared.get(1).imagePath());
        for (int i = 0; i < 3; i++) {
            RgbImage whole = ImageFiles.read(samples.get(i).imagePath());
            assertEquals(ImageFit.COVER.apply(whole, 4), ImageFiles.read(prepared.get(i).imagePath()));
        }
        MimicDataset set = Manifest.read(out.resolve("manifest.csv"), problems);
        assertEquals(prepared, set.samples());
        assertEquals(4, set.image(2).width());

        ImageFolder folder = ImageFolder.open(out, ImageFolder.CAPTION, problems);
        assertEquals(3, folder.size());
        assertEquals("images/1002-0.png", folder.id(2));
        assertEquals("Clear.", folder.caption(2));
        assertEquals(set.image(2), folder.image(2));
        assertEquals(0, problems.count());
    }

    @Test
    void finishedPicturesStayUntilSomethingChanges() throws IOException {
        Path picture = prepare(OPTIONS).getFirst().imagePath();
        FileTime longAgo = FileTime.fromMillis(1_000_000);
        Files.setLastModifiedTime(picture, longAgo);
        prepare(OPTIONS);
        assertEquals(longAgo, Files.getLastModifiedTime(picture));
        prepare(new Options(4, ImageFit.STRETCH, Resampling.BILINEAR, ImageFormat.PNG, 95));
        assertNotEquals(longAgo, Files.getLastModifiedTime(picture));
        Files.writeString(picture, "cut off");
        prepare(OPTIONS);
        assertEquals(ImageFit.COVER.apply(ImageFiles.read(samples.getFirst().imagePath()), 4),
                ImageFiles.read(picture));
        Files.copy(samples.get(2).imagePath(), samples.getFirst().imagePath(),
                StandardCopyOption.REPLACE_EXISTING);
        Files.write(samples.getFirst().imagePath(), new byte[1], StandardOpenOption.APPEND);
        prepare(OPTIONS);
        assertEquals(ImageFit.COVER.apply(ImageFiles.read(samples.get(2).imagePath()), 4), ImageFiles.read(picture));
    }

    @Test
    void brokenPicturesAreNamedAndLeftOut() throws IOException {
        Files.writeString(samples.get(1).imagePath(), "not a picture");
        Files.delete(samples.get(2).imagePath());
        List<MimicSample> prepared =
                prepare(new Options(4, ImageFit.CONTAIN, Resampling.LANCZOS, ImageFormat.JPEG, 90));
        assertEquals(List.of("1001-0"), prepared.stream().map(MimicSample::dicomId).toList());
        assertEquals(out.resolve("images/1001-0.jpg"), prepared.getFirst().imagePath());
        assertEquals(2, problems.count());
        assertTrue(problems.first().getFirst().toString()
                .startsWith(samples.get(1).imagePath() + ": not a picture"), problems.first().toString());
        Files.delete(samples.get(0).imagePath());
        IOException e = assertThrows(IOException.class, () -> prepare(OPTIONS));
        assertTrue(e.getMessage().contains("none of 3 pictures"), e.getMessage());
    }

    @Test
    void aFolderThatCannotBeWrittenIsAnErrorNotAProblem() throws IOException {
        Files.createDirectories(out.resolve("images/1002-0.png/in the way"));
        assertThrows(IOException.class, () -> prepare(OPTIONS));
        assertEquals(0, problems.count());
    }

    @Test
    void optionsAreChecked() {
        assertEquals("cover, bilinear, 512x512", Options.PAPER.toString());
        assertThrows(IllegalArgumentException.class,
                () -> new Options(0, ImageFit.COVER, Resampling.BILINEAR, ImageFormat.PNG, 95));
        assertThrows(IllegalArgumentException.class,
                () -> new Options(4, ImageFit.COVER, Resampling.BILINEAR, ImageFormat.JPEG, 0));
    }
}
