package dev.cathode.roentgen.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.data.DataProblems;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MimicCxrTest {
    private static final String SPLIT = "mimic-cxr-2.0.0-split.csv";
    private static final String METADATA = "mimic-cxr-2.0.0-metadata.csv";
    private static final String CHEXPERT = "mimic-cxr-2.0.0-chexpert.csv";

    @TempDir
    Path root;

    private final DataProblems problems = new DataProblems(20);

    /// The problems, without the folder's name.
    private List<String> said() {
        return problems.first().stream().map(p -> p.toString().replace(root + "/", "")).toList();
    }

    private MiniMimic mini() throws IOException {
        return new MiniMimic(root)
                .study(10000032, 50414267, "train", "Effusion.", Map.of(Label.PLEURAL_EFFUSION, "1.0",
                        Label.PNEUMONIA, "-1.0", Label.EDEMA, "0.0"), "PA", "LATERAL")
                .study(19999999, 59999999, "test", "Normal.", Map.of(Label.NO_FINDING, "1.0"), "");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void joinsTheTables(boolean compressed) throws IOException {
        MimicCxr set = mini().write(compressed);
        assertEquals(List.of(new MimicImage("50414267-0", 50414267, 10000032, Split.TRAIN, "PA"),
                new MimicImage("50414267-1", 50414267, 10000032, Split.TRAIN, "LATERAL"),
                new MimicImage("59999999-0", 59999999, 19999999, Split.TEST, "")), set.images());
        assertEquals("p10", set.images().getFirst().folder());
        assertEquals(root.resolve("files/p10/p10000032/s50414267/50414267-1.jpg"), set.path(set.images().get(1)));
        assertTrue(Files.exists(set.path(set.images().get(1))));
        assertEquals(List.of(50414267, 59999999), List.copyOf(set.studies().keySet()));
        Labels labels = set.chexpert().get(50414267);
        assertArrayEquals(new int[] {-2, -2, -2, 0, -2, -2, -2, -2, -2, 1, -2, -1, -2, -2}, labels.toArray());
        assertEquals(Labels.UNCERTAIN, labels.get(Label.PNEUMONIA));
        assertEquals(set.chexpert(), set.negbio());
        assertEquals(set.chexpert().hashCode(), set.negbio().hashCode());
    }

    @Test
    void columnsMayComeInAnyOrderWithOthersBetween() throws IOException {
        mini().write(false);
        Files.writeString(root.resolve(METADATA), """
                ViewPosition,Rows,dicom_id,PerformedProcedureStepDescription
                PA,3056,50414267-0,"CHEST (PA, LAT)"
                LL,3056,50414267-1,"a ""quoted"" word"
                AP,3056,59999999-0,
                """);
        assertEquals(List.of("PA", "LL", "AP"),
                MimicCxr.open(root, problems).images().stream().map(MimicImage::view).toList());
        assertEquals(0, problems.count());
    }

    @Test
    void brokenRowsAreNamedAndLeftOut() throws IOException {
        mini().write(false);
        Files.writeString(root.resolve(SPLIT), """
                dicom_id,study_id,subject_id,split
                50414267-0,50414267,10000032,train
                50414267-0,50414267,10000032,train
                50414267-1,50414267,10000032
                gone,50414267,10000032,train
                ../secret,50414267,10000032,train
                59999999-0,5x,19999999,test
                59999999-0,59999999,7,test
                59999999-0,59999999,19999999,Test
                """);
        Files.writeString(root.resolve(CHEXPERT), Files.readString(root.resolve(CHEXPERT))
                .replace("-1.0", "maybe") + "19999999,59999999" + ",".repeat(14) + "\n");
        MimicCxr set = MimicCxr.open(root, problems);
        assertEquals(List.of("50414267-0"), set.images().stream().map(MimicImage::dicomId).toList());
        assertEquals(List.of(59999999), List.copyOf(set.chexpert().keySet()));
        assertEquals(List.of(
                CHEXPERT + " line 2: Pneumonia is 'maybe', not 1.0, 0.0, -1.0 or empty",
                CHEXPERT + " line 4: a second row for study 59999999",
                SPLIT + " line 3: a second row for 50414267-0",
                SPLIT + " line 4: 3 fields, but the header has 4",
                SPLIT + " line 5: gone is not in " + METADATA,
                SPLIT + " line 6: dicom_id '../secret' cannot be the name of a file",
                SPLIT + " line 7: study_id '5x' is no number of a study or subject",
                SPLIT + " line 8: subject_id '7' is no number of a study or subject",
                SPLIT + " line 9: split 'Test' is none of train, validate, test",
                METADATA + ": 50414267-1 has no usable row in " + SPLIT,
                METADATA + ": 59999999-0 has no usable row in " + SPLIT), said());
    }

    @Test
    void missingTablesAreErrors() throws IOException {
        mini().write(true);
        Files.delete(root.resolve(CHEXPERT + ".gz"));
        IOException e = assertThrows(IOException.class, () -> MimicCxr.open(root, problems));
        assertTrue(e.getMessage().contains(CHEXPERT + ".gz"), e.getMessage());
        Files.writeString(root.resolve(CHEXPERT), "subject_id,study_id\n");
        e = assertThrows(IOException.class, () -> MimicCxr.open(root, problems));
        assertTrue(e.getMessage().contains("no column 'Atelectasis'"), e.getMessage());
        assertThrows(IOException.class, () -> MimicCxr.open(root.resolve("nowhere"), problems));
    }

    @Test
    void reportsComeFromAFolderOrAZipFile() throws IOException {
        MiniMimic mini = mini();
        MimicCxr set = mini.write(true);
        Path zip = mini.zip(root.resolve("mimic-cxr-reports.zip"));
        for (Path path : List.of(root, zip)) {
            try (Reports reports = Reports.open(path)) {
                assertTrue(reports.text(10000032, 50414267).orElseThrow().endsWith("Effusion.\n"));
                assertEquals(Optional.empty(), reports.text(10000032, 1000));
                assertEquals(path.resolve("files/p10/p10000032/s1000.txt"), reports.path(10000032, 1000));
                Impressions impressions = Impressions.read(set, reports, problems);
                assertEquals(new Impression(Impression.Kind.IMPRESSION, "Normal."), impressions.of(59999999));
                assertEquals(Map.of(Impression.Kind.IMPRESSION, 2L), impressions.counts());
                assertThrows(IllegalArgumentException.class, () -> impressions.of(1));
            }
        }
        assertEquals(0, problems.count());
        assertThrows(IOException.class, () -> Reports.open(root.resolve("nowhere")));
        IOException e = assertThrows(IOException.class,
                () -> Reports.open(root.resolve("mimic-cxr-2.0.0-split.csv.gz")));
        assertTrue(e.getMessage().contains("neither a folder with reports nor a zip file"), e.getMessage());
    }

    @Test
    void reportsThatCannotBeReadAreNamed() throws IOException {
        MimicCxr set = mini().write(true);
        Files.delete(root.resolve("files/p19/p19999999/s59999999.txt"));
        Files.write(root.resolve("files/p10/p10000032/s50414267.txt"), new byte[] {'x', (byte) 0xfc});
        try (Reports reports = Reports.open(root)) {
            assertEquals(Map.of(Impression.Kind.NO_REPORT, 2L), Impressions.read(set, reports, problems).counts());
        }
        assertEquals(List.of("files/p10/p10000032/s50414267.txt: cannot be read: not UTF-8 text",
                "files/p19/p19999999/s59999999.txt: no such report"), said());
    }
}
