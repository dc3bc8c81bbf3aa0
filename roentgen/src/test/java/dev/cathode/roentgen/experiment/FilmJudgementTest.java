package dev.cathode.roentgen.experiment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cathode.engine.evaluation.ScoredLabels;
import dev.cathode.roentgen.data.Label;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What follows from a classifier's probabilities.
class FilmJudgementTest {
    private static final float NAN = Float.NaN;
    private static final FilmJudgement JUDGEMENT = new FilmJudgement(
            List.of("Edema", "Left Pneumothorax", "Right Pneumothorax", "Pleural Effusion"),
            List.of("a", "b", "c", "d", "e"), new ScoredLabels(
            new float[] {0.9f, 0.6f, 0.4f, 0.1f,
                0.2f, 0.3f, 0.7f, 0.8f,
                0.5f, 0.2f, 0.1f, 0.3f,
                0.4f, 0.4f, 0.4f, 0.6f,
                0.1f, 0.9f, 0.2f, 0.5f},
            new float[] {1, 1, 0, 0,
                0, 0, 1, 1,
                NAN, 0, 1, 0,
                0, 1, 1, 1,
                0, NAN, NAN, 1}, 4));

    @TempDir
    Path folder;

    @Test
    void sidesCountWhereOneIsNamed() {
        var sides = JUDGEMENT.sides();
        assertEquals(List.of(new FilmJudgement.SideAccuracy(Label.PNEUMOTHORAX, 2, 3)), sides);
        assertEquals(2 / 3.0, sides.getFirst().accuracy());
    }

    @Test
    void theMeanLeavesSidesOut() {
        assertArrayEquals(new double[] {1, 1, 0.5, 1}, JUDGEMENT.rocAuc());
        assertEquals(1, JUDGEMENT.macroRocAuc());
        assertEquals(3, JUDGEMENT.positives(3));
    }

    @Test
    void theTableHasTruthAndProbability() throws IOException {
        Path file = folder.resolve("scores.csv");
        JUDGEMENT.write(file);
        List<String> lines = Files.readAllLines(file);
        assertEquals("id,Edema,Edema probability,Left Pneumothorax,Left Pneumothorax probability,Right Pneumothorax,"
                + "Right Pneumothorax probability,Pleural Effusion,Pleural Effusion probability", lines.getFirst());
        assertEquals("c,,0.5,0,0.2,1,0.1,0,0.3", lines.get(3));
    }
}
