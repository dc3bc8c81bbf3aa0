package dev.cathode.roentgen.phantom.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.data.DataProblem;
import dev.cathode.engine.image.ImageFiles;
import dev.cathode.roentgen.data.MimicCxr;
import dev.cathode.roentgen.data.MimicImage;
import dev.cathode.roentgen.data.ReportSections;
import dev.cathode.roentgen.data.Reports;
import dev.cathode.roentgen.data.Split;
import dev.cathode.roentgen.phantom.Phantom;
import dev.cathode.roentgen.phantom.Radiograph;
import dev.cathode.roentgen.phantom.View;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PhantomDatasetTest {
    private static final Set<View> ALL = EnumSet.allOf(View.class);
    private static final int SEED = 4;
    private static final int COUNT = 20;
    private static final int SIZE = 32;

    @TempDir
    Path folder;

    private static PhantomDataset.Summary write(Path to, int count, int threads) throws IOException {
        return PhantomDataset.write(to, new PhantomOptions(SEED, count, SIZE, ALL, threads), (done, all) -> { });
    }

    private static Map<String, byte[]> files(Path root) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(root)) {
            for (Path path : paths.filter(Files::isRegularFile).toList()) {
                files.put(root.relativize(path).toString(), Files.readAllBytes(path));
            }
        }
        return files;
    }

    private static void assertSame(Map<String, byte[]> expected, Map<String, byte[]> actual) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, bytes) -> assertTrue(Arrays.equals(bytes, actual.get(name)), name));
    }

    @Test
    void readsLikeMimic() throws IOException {
        List<Integer> heard = new ArrayList<>();
        PhantomDataset.Summary summary = PhantomDataset.write(folder, new PhantomOptions(SEED, COUNT, SIZE, ALL, 2),
                (done, all) -> heard.add(done));
        assertEquals(COUNT, heard.size());
        assertEquals(COUNT, heard.getLast());
        List<DataProblem> problems = new ArrayList<>();
        MimicCxr set = MimicCxr.open(folder, problems::add);
        assertEquals(List.of(), problems);
        assertEquals(summary.films(), set.images().size());
        assertEquals(summary.films(), summary.written());
        assertEquals(COUNT, set.chexpert().size());
        assertEquals(set.chexpert(), set.negbio());
        try (Reports reports = Reports.open(folder)) {
            for (int i = 0; i < COUNT; i++) {
                Phantom phantom = Phantom.of(SEED, i);
                List<MimicImage> films = set.studies().get(phantom.studyId());
                assertEquals(phantom.radiographs().size(), films.size());
                assertEquals(phantom.labels(), set.chexpert().get(phantom.studyId()));
                String report = reports.text(phantom.subjectId(), phantom.studyId()).orElseThrow();
                assertEquals(ReportSections.impression(phantom.report()), ReportSections.impression(report));
                for (MimicImage film : films) {
                    Radiograph radiograph = phantom.radiographs().stream()
                            .filter(r -> r.dicomId().equals(film.dicomId())).findFirst().orElseThrow();
                    assertEquals(radiograph.view().name(), film.view());
                    assertEquals(phantom.split(), film.split());
                    var picture = ImageIO.read(set.path(film).toFile());
                    assertEquals(1, picture.getRaster().getNumBands());
                    assertEquals(SIZE, Math.min(picture.getWidth(), picture.getHeight()));
                    assertEquals(radiograph.width(SIZE), picture.getWidth());
                }
            }
        }
    }

    @Test
    void tablesHaveAllColumns() throws IOException {
        write(folder, 3, 1);
        assertEquals("dicom_id,study_id,subject_id,split", header("split"));
        assertEquals("dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,"
                + "StudyDate,StudyTime,ProcedureCodeSequence_CodeMeaning,ViewCodeSequence_CodeMeaning,"
                + "PatientOrientationCodeSequence_CodeMeaning", header("metadata"));
        assertEquals("subject_id,study_id,Atelectasis,Cardiomegaly,Consolidation,Edema,Enlarged Cardiomediastinum,"
                + "Fracture,Lung Lesion,Lung Opacity,No Finding,Pleural Effusion,Pleural Other,Pneumonia,Pneumothorax,"
                + "Support Devices", header("chexpert"));
        assertEquals(header("chexpert"), header("negbio"));
    }

    private String header(String table) throws IOException {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(new GZIPInputStream(
                Files.newInputStream(folder.resolve("mimic-cxr-2.0.0-" + table + ".csv.gz"))),
                StandardCharsets.UTF_8))) {
            return reader.readLine();
        }
    }

    @Test
    void threadsDoNotMatter() throws IOException {
        write(folder.resolve("one"), 6, 1);
        write(folder.resolve("three"), 6, 3);
        assertSame(files(folder.resolve("one")), files(folder.resolve("three")));
    }

    @Test
    void goesOnWhereItWas() throws IOException {
        write(folder, 6, 2);
        Map<String, byte[]> whole = files(folder);
        List<Path> films = new ArrayList<>();
        try (Stream<Path> paths = Files.walk(folder.resolve("files"))) {
            paths.filter(path -> path.toString().endsWith(".jpg")).sorted().forEach(films::add);
        }
        Path lost = films.get(1);
        Path kept = films.get(2);
        Files.delete(lost);
        Files.writeString(lost.resolveSibling("." + lost.getFileName() + ".part"), "half a film");
        Files.delete(folder.resolve("mimic-cxr-2.0.0-split.csv.gz"));
        FileTime old = FileTime.fromMillis(1_000_000);
        Files.setLastModifiedTime(kept, old);
        PhantomDataset.Summary summary = write(folder, 6, 1);
        assertEquals(1, summary.written());
        assertEquals(old, Files.getLastModifiedTime(kept));
        assertSame(whole, files(folder));
    }

    @Test
    void growsToWhatALargerOneIs() throws IOException {
        write(folder.resolve("grown"), 3, 1);
        write(folder.resolve("grown"), 7, 2);
        write(folder.resolve("atOnce"), 7, 1);
        assertSame(files(folder.resolve("atOnce")), files(folder.resolve("grown")));
        IOException e = assertThrows(IOException.class, () -> write(folder.resolve("grown"), 5, 1));
        assertTrue(e.getMessage().contains("holds 7 phantoms"), e.getMessage());
    }

    @Test
    void refusesOtherFolders() throws IOException {
        Path precious = Files.writeString(folder.resolve("precious.txt"), "mine");
        IOException e = assertThrows(IOException.class, () -> write(folder, 1, 1));
        assertTrue(e.getMessage().contains(folder.toString()) && e.getMessage().contains("precious.txt"),
                e.getMessage());
        assertEquals(1, files(folder).size());
        Files.delete(precious);
        write(folder, 1, 1);
        e = assertThrows(IOException.class, () -> PhantomDataset.write(folder,
                new PhantomOptions(SEED + 1, 1, SIZE, ALL, 1), (done, all) -> { }));
        assertTrue(e.getMessage().contains("seed 4, not 5"), e.getMessage());
        e = assertThrows(IOException.class, () -> PhantomDataset.write(folder,
                new PhantomOptions(SEED, 1, SIZE, EnumSet.of(View.PA), 1), (done, all) -> { }));
        assertTrue(e.getMessage().contains("views"), e.getMessage());
    }

    @Test
    void optionsAreChecked() {
        assertThrows(IllegalArgumentException.class, () -> new PhantomOptions(1, 0, 64, ALL, 1));
        assertThrows(IllegalArgumentException.class, () -> new PhantomOptions(1, 1, 8, ALL, 1));
        assertThrows(IllegalArgumentException.class, () -> new PhantomOptions(1, 1, 64, Set.of(), 1));
        assertThrows(IllegalArgumentException.class, () -> new PhantomOptions(1, 1, 64, ALL, 0));
    }

    @Test
    void picturesForTrainingAreDrawnWhenAskedFor() throws IOException {
        PhantomPictures pictures = new PhantomPictures(SEED, COUNT, EnumSet.of(View.PA), EnumSet.of(Split.TRAIN), 40);
        assertTrue(pictures.size() > COUNT / 2 && pictures.size() < COUNT, "only those of the training patients");
        for (int i = 0; i < pictures.size(); i++) {
            assertEquals(Split.TRAIN, pictures.phantom(i).split());
            assertEquals(pictures.phantom(i).impression(), pictures.caption(i));
            assertEquals(pictures.phantom(i).radiographs().getFirst().dicomId(), pictures.id(i));
        }
        assertEquals(40, pictures.image(0).width());
        assertEquals(pictures.image(1), pictures.image(1));
    }

    @Test
    void aSheetShowsDifferentThings() throws IOException {
        var sheet = ContactSheet.draw(1, 6, 48, ALL);
        assertEquals(sheet, ContactSheet.draw(1, 6, 48, ALL));
        assertFalse(sheet.equals(ContactSheet.draw(2, 6, 48, ALL)));
        assertTrue(sheet.width() > 3 * 48 && sheet.height() > 2 * 48);
        Path file = folder.resolve("sheet.png");
        ImageFiles.write(file, sheet, dev.cathode.engine.image.ImageFormat.PNG, 90, Map.of());
        assertEquals(sheet, ImageFiles.read(file));
    }
}
