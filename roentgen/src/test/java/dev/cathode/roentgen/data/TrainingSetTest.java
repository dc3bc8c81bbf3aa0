package dev.cathode.roentgen.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.data.DataProblems;
import dev.cathode.engine.data.ImageTextDataset;
import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.train.recipe.DataSettings;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a recipe's `train_data_dir` can be.
class TrainingSetTest {
    @TempDir
    Path root;

    private final DataProblems problems = new DataProblems(20);

    private static DataSettings settings(Path path, String... keys) {
        return TrainingRecipe.parse("pretrained_model_name_or_path: m\nmax_train_steps: 1\ntrain_data_dir: " + path
                + "\n" + String.join("\n", keys), "test", List.of()).data();
    }

    private TrainingSet open(Path path, String... keys) throws IOException {
        return TrainingSet.open(settings(path, keys), Optional.empty(), true, 10, problems);
    }

    private static List<String> ids(ImageTextDataset data) {
        return IntStream.range(0, data.size()).mapToObj(data::id).toList();
    }

    private void mimic() throws IOException {
        new MiniMimic(root)
                .study(10000001, 1001, "train", "Small effusion.", Map.of(), "PA", "LATERAL")
                .study(11000002, 1002, "validate", "Edema again.", Map.of(), "PA", "AP")
                .study(19000003, 1003, "train", "In the folder for tests.", Map.of(), "PA")
                .study(12000004, 1004, "test", "In the split for tests.", Map.of(), "PA")
                .study(13000005, 1005, "train", "No.", Map.of(), "PA").write(true);
    }

    @Test
    void mimicIsChosenByThePapersRules() throws IOException {
        mimic();
        assertEquals(List.of("1001-0", "1002-0"), ids(open(root, "views: [PA]").data()));
        TrainingSet lateral = open(root, "views: [LATERAL, AP]");
        assertEquals(List.of("1001-1", "1002-1"), ids(lateral.data()));
        assertEquals("Small effusion.", lateral.data().caption(0));
        String notes = String.join("\n", lateral.notes());
        assertTrue(notes.contains("of another view") && notes.contains("of another split"), notes);
        assertEquals(4, open(root).data().size());
        assertEquals(0, problems.count());
        assertSame(SetRules.PA_TRAIN, SetRules.training(Set.of("PA")));
        assertSame(SetRules.PA_AP_LAT_TRAIN, SetRules.training(Set.of("LL", "LATERAL", "AP", "PA")));
        assertThrows(IOException.class, () -> open(root, "views: [NONE]"));
    }

    @Test
    void reportsMayBeZipped() throws IOException {
        MiniMimic set = new MiniMimic(root).study(10000001, 1001, "train", "Small effusion.", Map.of(), "PA");
        set.writeTables(false);
        set.zip(root.resolve("mimic-cxr-reports.zip"));
        assertEquals("Small effusion.", open(root, "views: [PA]").data().caption(0));
    }

    @Test
    void aPreparedSetIsAManifest() throws IOException {
        mimic();
        List<MimicSample> samples = ((MimicDataset) open(root).data()).samples();
        Path prepared = Files.createDirectories(root.resolve("prepared"));
        Manifest.write(prepared.resolve("manifest.csv"), samples);
        assertEquals(List.of("1001-0", "1001-1", "1002-0", "1002-1"), ids(open(prepared).data()));
        TrainingSet frontal = open(prepared.resolve("manifest.csv"), "views: [PA]");
        assertEquals(List.of("1001-0", "1002-0"), ids(frontal.data()));
        assertEquals(List.of("2 films of other views left out"), frontal.notes());
        assertTrue(assertThrows(IOException.class, () -> open(prepared, "views: [LL]")).getMessage().contains("[LL]"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> open(prepared, "caption_column: report"))
                .getMessage().contains("caption_column"));
    }

    @Test
    void someSamplesAreDrawnByChance() throws IOException {
        Path table = root.resolve("metadata.jsonl");
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            Files.writeString(root.resolve(String.format("%02d.png", i)), "not opened");
            rows.append(String.format("{\"file_name\": \"%02d.png\", \"text\": \"%d\"}%n", i, i));
        }
        Files.writeString(table, rows);
        List<String> ten = ids(open(root, "max_train_samples: 10").data());
        assertEquals(10, ten.size());
        assertEquals(ten.stream().sorted().distinct().toList(), ten);
        assertEquals(ten, ids(open(root, "max_train_samples: 10").data()));
        DataSettings settings = settings(root, "max_train_samples: 10");
        assertNotEquals(ten, ids(TrainingSet.open(settings, Optional.empty(), true, 11, problems).data()));
        assertEquals(40, open(root, "max_train_samples: 100").data().size());
    }

    @Test
    void anAutoencoderNeedsNoCaptions() throws IOException {
        for (int i = 0; i < 3; i++) {
            ImageFiles.write(root.resolve(i + ".png"), RgbImage.ofGray(new byte[64], 8, 8), ImageFormat.PNG, 100, Map.of());
        }
        assertThrows(IOException.class, () -> open(root));
        assertEquals(List.of("0.png", "1.png", "2.png"),
                ids(TrainingSet.open(settings(root), Optional.empty(), false, 10, problems).data()));
    }

    @Test
    void namesWhatIsWrong() throws IOException {
        assertThrows(NoSuchFileException.class, () -> open(root.resolve("nowhere")));
        Path text = Files.writeString(root.resolve("notes.txt"), "x");
        assertTrue(assertThrows(IOException.class, () -> open(text)).getMessage().contains("manifest"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> open(root, "views: [PA]")).getMessage()
                .startsWith("views [PA]"));
    }
}
