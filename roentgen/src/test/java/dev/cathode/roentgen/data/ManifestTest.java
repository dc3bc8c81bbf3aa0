package dev.cathode.roentgen.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.data.DataProblems;
import dev.cathode.engine.data.Subset;
import dev.cathode.engine.image.ImageFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestTest {
    @TempDir
    Path root;

    private final DataProblems problems = new DataProblems(20);

    private List<MimicSample> samples() throws IOException {
        MimicCxr set = new MiniMimic(root)
                .study(10000001, 1001, "train", "Small effusion, \"moderate\" edema.", Map.of(Label.EDEMA, "-1.0",
                        Label.PLEURAL_EFFUSION, "1.0", Label.PNEUMOTHORAX, "0.0"), "PA", "LL")
                .study(10000002, 1002, "test", "Clear.", Map.of(), "").write(true);
        try (Reports reports = Reports.open(root)) {
            return Selection.of(new SetRules("all", Set.of(), Set.of(), Set.of(Split.values()), false, 0, 0, 0, 0, 0),
                    set, Impressions.read(set, reports, problems), Optional.empty(), true, problems).samples();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"set.csv", "set.jsonl", "set.csv.gz"})
    void comesBackAsWritten(String name) throws IOException {
        List<MimicSample> samples = samples();
        MimicSample first = samples.getFirst();
        List<MimicSample> counted = List.of(new MimicSample(first.dicomId(), first.studyId(), first.subjectId(),
                first.view(), first.imagePath(), first.impression(), OptionalInt.of(12), first.labels()),
                samples.get(1), samples.get(2));
        for (Path file : List.of(root.resolve(name), Files.createDirectories(root.resolve("elsewhere"))
                .resolve(name))) {
            Manifest.write(file, counted);
            MimicDataset set = Manifest.read(file, problems);
            assertEquals(counted, set.samples());
            assertEquals(file.toString(), set.description());
        }
        assertEquals(0, problems.count());
    }

    @Test
    void columnsAreThoseOfThePreparedSet() throws IOException {
        Manifest.write(root.resolve("set.csv"), samples());
        List<String> lines = Files.readAllLines(root.resolve("set.csv"));
        assertEquals("dicom_id,study_id,subject_id,view,image_path,impression,clip_tokens,Atelectasis,Cardiomegaly,"
                + "Consolidation,Edema,Enlarged Cardiomediastinum,Fracture,Lung Lesion,Lung Opacity,No Finding,"
                + "Pleural Effusion,Pleural Other,Pneumonia,Pneumothorax,Support Devices", lines.get(0));
        assertEquals("1001-0,1001,10000001,PA,files/p10/p10000001/s1001/1001-0.jpg,"
                + "\"Small effusion, \"\"moderate\"\" edema.\",,,,,-1.0,,,,,,1.0,,,0.0,", lines.get(1));
        Path elsewhere = Files.createDirectories(root.resolve("elsewhere")).resolve("set.csv");
        Manifest.write(elsewhere, samples());
        assertTrue(Files.readAllLines(elsewhere).get(1).contains(root + "/files/p10/"), "the whole path");
    }

    @Test
    void aFolderMayMoveWithItsManifest() throws IOException {
        List<MimicSample> samples = samples();
        Path before = Files.createDirectories(root.resolve("before"));
        Files.copy(samples.getFirst().imagePath(), before.resolve("x.jpg"));
        Manifest.write(before.resolve("set.csv"), List.of(samples.getFirst().withImagePath(before.resolve("x.jpg"))));
        Files.move(before, root.resolve("after"));
        assertEquals(root.resolve("after/x.jpg"),
                Manifest.read(root.resolve("after/set.csv"), problems).sample(0).imagePath());
    }

    @Test
    void brokenRowsAreNamedAndLeftOut() throws IOException {
        Path file = root.resolve("set.csv");
        Manifest.write(file, samples());
        List<String> lines = Files.readAllLines(file);
        Files.write(file, List.of(lines.get(0), lines.get(1).replace("1001-0.jpg", "gone.jpg"),
                lines.get(1).replace("-1.0", "7"), lines.get(1).replace("edema.\",", "edema.\",many"), lines.get(2),
                lines.get(3).replace("1002", "-3")));
        MimicDataset set = Manifest.read(file, problems);
        assertEquals(1, set.size());
        assertEquals(List.of(
                file + " line 2: no such file: " + root.resolve("files/p10/p10000001/s1001/gone.jpg"),
                file + " line 3: Edema is '7', not 1.0, 0.0, -1.0 or empty",
                file + " line 4: clip_tokens 'many' is no number",
                file + " line 6: study_id '-3' is no number of a study or subject"),
                problems.first().stream().map(Object::toString).toList());
        Files.write(file, lines.subList(0, 1));
        IOException e = assertThrows(IOException.class, () -> Manifest.read(file, problems));
        assertTrue(e.getMessage().contains("no row that can be used"), e.getMessage());
    }

    @Test
    void whatTrainingSees() throws IOException {
        List<MimicSample> samples = samples();
        MimicDataset set = new MimicDataset("a set", samples);
        assertEquals("a set", set.description());
        assertEquals(3, set.size());
        assertEquals("1001-1", set.id(1));
        assertEquals("LL", set.view(1));
        assertEquals("Small effusion, \"moderate\" edema.", set.caption(1));
        assertArrayEquals(new int[] {-2, -2, -2, -1, -2, -2, -2, -2, -2, 1, -2, -2, 0, -2}, set.labels(1));
        assertArrayEquals(new int[] {0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}, set.labels(1, LabelPolicy.UONES));
        assertArrayEquals(new int[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}, set.labels(1, LabelPolicy.UZEROS));
        assertArrayEquals(new int[] {0, 0, 0, -1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}, set.labels(1, LabelPolicy.IGNORE));
        assertEquals(ImageFiles.read(samples.get(1).imagePath()), set.image(1));
        assertEquals(6, set.image(1).width());

        MimicDataset views = set.withViewTokens();
        assertEquals("PA view. Small effusion, \"moderate\" edema.", views.caption(0));
        assertEquals("Lateral view. Small effusion, \"moderate\" edema.", views.caption(1));
        assertEquals("Clear.", views.caption(2), "nobody said which view");
        assertEquals("AP view. Clear.", MimicDataset.prompt("AP", "Clear."));

        Files.writeString(samples.get(1).imagePath(), "broken");
        MimicDataset readable = views.subset(Subset.readablePositions(views, problems));
        assertEquals(List.of(samples.get(0), samples.get(2)), readable.samples());
        assertEquals(views.caption(0), readable.caption(0));
        assertTrue(problems.first().getFirst().toString().contains("1001-1.jpg"));
        assertFalse(readable.samples().isEmpty());
    }

    @Test
    void labelsAreChecked() {
        assertThrows(IllegalArgumentException.class, () -> Labels.of(1, 2));
        assertThrows(IllegalArgumentException.class,
                () -> Labels.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2));
        assertThrows(IllegalArgumentException.class, () -> LabelPolicy.UONES.apply(5));
        assertEquals("[1, 0, -1, -2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]",
                Labels.of(1, 0, -1, -2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0).toString());
    }
}
