package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.data.TableFile;
import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFit;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.roentgen.data.Label;
import dev.cathode.roentgen.data.Manifest;
import dev.cathode.roentgen.data.MimicDataset;
import dev.cathode.weights.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DataCommandTest {
    private static final String TOKENIZER = Goldens.root().resolve("pipeline/model").toString();
    private static final String TABLE = "mimic-cxr-2.0.0-";

    @TempDir
    Path folder;

    private Path root;
    private Path out;

    /// Four training studies of a picture each; the reports beside the pictures.
    @BeforeEach
    void makeMimic() throws IOException {
        root = folder.resolve("mimic");
        out = folder.resolve("out");
        List<List<?>> splits = new ArrayList<>();
        List<List<?>> metadata = new ArrayList<>();
        List<List<?>> labels = new ArrayList<>();
        List<String> impressions = List.of("Small effusion.", "Edema, not small.", "No", "Clear lungs.");
        for (int i = 0; i < impressions.size(); i++) {
            int study = 1000 + i;
            int subject = 10000001 + i;
            splits.add(List.of("dicom" + i, study, subject, "train"));
            metadata.add(List.of("dicom" + i, i == 3 ? "AP" : "PA"));
            List<Object> row = new ArrayList<>(List.of(subject, study));
            Stream.of(Label.values()).forEach(label -> row.add(label == Label.NO_FINDING ? "1.0" : null));
            labels.add(row);
            Path files = Files.createDirectories(root.resolve("files/p10/p" + subject + "/s" + study));
            Files.writeString(files.resolveSibling("s" + study + ".txt"),
                    "FINAL REPORT\n IMPRESSION: " + impressions.get(i));
            ImageFiles.write(files.resolve("dicom" + i + ".jpg"), film(i), ImageFormat.JPEG, 95, Map.of());
        }
        List<String> columns = new ArrayList<>(List.of("subject_id", "study_id"));
        Stream.of(Label.values()).map(Label::title).forEach(columns::add);
        TableFile.write(root.resolve(TABLE + "split.csv.gz"), List.of("dicom_id", "study_id", "subject_id", "split"),
                splits);
        TableFile.write(root.resolve(TABLE + "metadata.csv"), List.of("dicom_id", "ViewPosition"), metadata);
        TableFile.write(root.resolve(TABLE + "chexpert.csv.gz"), columns, labels);
    }

    private static RgbImage film(int number) {
        byte[] pixels = new byte[10 * 12 * 3];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i / 3 + 20 * number);
        }
        return new RgbImage(10, 12, pixels);
    }

    private Outcome prepare(String... more) {
        List<String> args = new ArrayList<>(List.of("data", "prepare", "--root", root.toString(), "--out",
                out.toString(), "--size", "8"));
        args.addAll(List.of(more));
        return Outcome.of(args.toArray(String[]::new));
    }

    private MimicDataset manifest() throws IOException {
        return Manifest.read(out.resolve("manifest.csv"), problem -> {
            throw new AssertionError(problem);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"report", "prepare"})
    void explainsItself(String command) {
        Outcome outcome = Outcome.of("data", command, "--help");
        assertEquals(0, outcome.code(), outcome.err());
        assertTrue(outcome.out().startsWith("Usage: cathode data " + command), outcome.out());
        assertEquals(2, Outcome.of("data").code());
    }

    @Test
    void reportsTable1() throws IOException {
        Files.delete(root.resolve("files/p10/p10000001/s1000/dicom0.jpg"));
        Outcome outcome = Outcome.of("data", "report", "--root", root.toString());
        assertEquals(0, outcome.code(), outcome.err());
        assertEquals("", outcome.err());
        assertTrue(outcome.out().contains("377,110"), "what a whole copy has");
        assertRow(outcome, "n", "2 38,009 3 175,622 0 2,225 0 5,000");
        assertRow(outcome, "No Finding", "2 10,005 3 47,846 0 486 0 1,738");
        assertRow(outcome, "impression too short", "1 1 0 0");
        assertTrue(outcome.out().contains("--tokenizer"), outcome.out());

        Outcome counted = Outcome.of("data", "report", "--root", root.toString(), "--tokenizer", TOKENIZER, "--files");
        assertEquals(0, counted.code(), counted.err());
        assertRow(counted, "n", "1 38,009 2 175,622 0 2,225 0 5,000");
        assertFalse(counted.out().contains("--tokenizer"), counted.out());
        assertTrue(counted.err().contains("dicom0.jpg: no such file"), counted.err());
    }

    private static void assertRow(Outcome outcome, String name, String cells) {
        String line = outcome.out().lines().filter(l -> l.startsWith(name + "  ")).reduce((a, b) -> b).orElseThrow();
        assertEquals(cells, line.substring(name.length()).strip().replaceAll("\\s+", " "), name);
    }

    @Test
    void preparesThePapersSet() throws IOException {
        Outcome outcome = prepare("--set", "pa-train", "--tokenizer", TOKENIZER);
        assertEquals(0, outcome.code(), outcome.err());
        assertEquals(out.resolve("manifest.csv").toString(), outcome.out().strip());
        assertTrue(outcome.err().contains("2 pictures"), outcome.err());
        MimicDataset set = manifest();
        assertEquals(2, set.size());
        assertEquals("Small effusion.", set.caption(0));
        assertTrue(set.sample(0).clipTokens().getAsInt() > 2);
        assertEquals(ImageFit.COVER.apply(ImageFiles.read(root.resolve("files/p10/p10000001/s1000/dicom0.jpg")), 8),
                set.image(0));
        String record = Files.readString(out.resolve("prepare.json"));
        assertTrue(record.contains("\"cover, bilinear, 8x8\"") && record.contains("\"max_no_finding\" : 10005")
                && record.contains("\"too_short\" : 1") && record.contains("\"view\" : 1"), record);

        assertEquals(0, prepare("--set", "pa-train", "--tokenizer", TOKENIZER).code(), "once more changes nothing");
        assertEquals(record, Files.readString(out.resolve("prepare.json")));
        Outcome other = prepare("--set", "pa-train", "--tokenizer", TOKENIZER, "--fit", "contain");
        assertEquals(1, other.code());
        assertTrue(other.err().contains("made otherwise") && other.err().contains("--out"), other.err());
    }

    @Test
    void everythingCanBeChosenOtherwise() throws IOException {
        Outcome outcome = prepare("--set", "mimic-test", "--splits", "train", "--views", "AP,PA", "--folders", "all",
                "--one-per-study", "false", "--min-characters", "2", "--max-tokens", "0", "--max-no-finding", "3",
                "--sample", "3", "--seed", "7", "--fit", "stretch", "--filter", "lanczos", "--format", "jpeg",
                "--quality", "80");
        assertEquals(0, outcome.code(), outcome.err());
        assertEquals(3, manifest().size());
        assertTrue(Files.readString(out.resolve("prepare.json")).contains("stretch, lanczos, 8x8, jpeg 80"));
    }

    @Test
    void theOriginalsCanStay() throws IOException {
        Outcome outcome = prepare("--set", "pa-train", "--max-tokens", "0", "--originals");
        assertEquals(0, outcome.code(), outcome.err());
        assertEquals(10, manifest().image(0).width());
        assertFalse(Files.exists(out.resolve("images")));
    }

    @Test
    void brokenPicturesAreNamed() throws IOException {
        Path broken = root.resolve("files/p10/p10000001/s1000/dicom0.jpg");
        Files.writeString(broken, "not a picture");
        Outcome outcome = prepare("--set", "pa-train", "--max-tokens", "0");
        assertEquals(0, outcome.code(), outcome.err());
        assertTrue(outcome.err().contains(broken + ": not a picture"), outcome.err());
        assertEquals(1, manifest().size());
        assertTrue(Files.readString(out.resolve("prepare.json")).contains("\"problems\" : 1"));
    }

    /// Drawn films go the way of real ones.
    @Test
    void phantomsGoThrough() throws IOException {
        root = folder.resolve("phantoms");
        Outcome drawn = Outcome.of("phantom", "--count", "12", "--size", "16", "--out", root.toString());
        assertEquals(0, drawn.code(), drawn.err());
        Outcome report = Outcome.of("data", "report", "--root", root.toString(), "--files");
        assertEquals(0, report.code(), report.err());
        assertEquals("", report.err(), "nothing is wrong with them");
        Outcome outcome = prepare("--set", "pa-ap-lat-train", "--folders", "all", "--splits", "all", "--max-tokens",
                "0", "--one-per-study", "true");
        assertEquals(0, outcome.code(), outcome.err());
        MimicDataset set = manifest();
        assertTrue(set.size() > 6 && set.size() <= 12, "not every report has an impression: " + set.size());
        assertEquals(8, set.image(0).height());
        assertFalse(set.caption(0).isBlank());
    }

    @Test
    void refusesWhatCannotBe() {
        assertFails(2, "no set is called 'all-of-it'; there are pa-train", "--set", "all-of-it");
        assertFails(2, "--tokenizer is not there", "--set", "pa-train");
        assertFails(2, "no split is called 'training'", "--set", "mimic-test", "--splits", "training");
        assertFails(2, "no limit can be negative", "--set", "mimic-test", "--sample", "-1");
        assertFails(2, "quality", "--set", "mimic-test", "--quality", "0");
        assertFails(1, "no picture belongs to the set mimic-test", "--set", "mimic-test");
        assertFails(1, "of another split", "--set", "mimic-test", "--originals");
        Outcome missing = Outcome.of("data", "report", "--root", folder.toString());
        assertEquals(1, missing.code());
        assertTrue(missing.err().contains(TABLE + "metadata.csv.gz: no such file"), missing.err());
    }

    private void assertFails(int code, String message, String... more) {
        Outcome outcome = prepare(more);
        assertEquals(code, outcome.code(), outcome.err());
        assertTrue(outcome.err().contains(message), outcome.err());
        assertEquals("", outcome.out());
    }
}
