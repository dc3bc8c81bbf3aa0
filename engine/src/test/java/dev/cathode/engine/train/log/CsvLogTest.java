package dev.cathode.engine.train.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvLogTest {
    @TempDir
    Path folder;

    private static void run(Path folder, long done, long end) throws IOException {
        try (CsvLog log = CsvLog.open(folder, done)) {
            for (long step = done + 1; step <= end; step++) {
                log.step(new StepReport(step, step / 4, 1f / step, 5e-5, 0.25f, 2, 0.001));
                if (step % 3 == 0) {
                    log.scalar(step, "validation/loss", 0.5);
                }
            }
        }
    }

    private static List<String> rows(Path folder, String file) throws IOException {
        return Files.readAllLines(folder.resolve(file));
    }

    @Test
    void aStepIsARow() throws IOException {
        run(folder, 0, 3);
        assertEquals(List.of("step,epoch,loss,learning_rate,gradient_norm,images_per_second,waited_seconds",
                "1,0,1.0,5.0E-5,0.25,2.000,0.001", "2,0,0.5,5.0E-5,0.25,2.000,0.001",
                "3,0,0.33333334,5.0E-5,0.25,2.000,0.001"), rows(folder, CsvLog.STEPS));
        assertEquals(List.of("step,tag,value", "3,validation/loss,0.5"), rows(folder, CsvLog.SCALARS));
    }

    @Test
    void aRunThatGoesOnLeavesTheSameFile() throws IOException {
        Path whole = folder.resolve("whole");
        run(whole, 0, 10);
        Path twice = folder.resolve("twice");
        run(twice, 0, 7);
        // Killed in the middle of a row.
        Files.writeString(twice.resolve(CsvLog.STEPS), "8,2,0.1", StandardOpenOption.APPEND);
        run(twice, 4, 10);
        assertEquals(rows(whole, CsvLog.STEPS), rows(twice, CsvLog.STEPS));
        assertEquals(rows(whole, CsvLog.SCALARS), rows(twice, CsvLog.SCALARS));
    }

    @Test
    void aNewRunBeginsNewFiles() throws IOException {
        run(folder, 0, 5);
        run(folder, 0, 2);
        assertEquals(3, rows(folder, CsvLog.STEPS).size());
        assertEquals(1, rows(folder, CsvLog.SCALARS).size());
    }

    @Test
    void goingOnWithoutALogBeginsOne() throws IOException {
        run(folder, 4, 5);
        assertEquals(2, rows(folder, CsvLog.STEPS).size());
    }

    @Test
    void otherFilesAreNotTouched() throws IOException {
        Path file = Files.writeString(folder.resolve(CsvLog.STEPS), "a,b\n1,2\n");
        assertTrue(assertThrows(IOException.class, () -> CsvLog.open(folder, 3)).getMessage().contains("log.csv"));
        assertEquals("a,b\n1,2\n", Files.readString(file));
        run(folder, 0, 1);
        Files.writeString(file, "broken\n", StandardOpenOption.APPEND);
        assertTrue(assertThrows(IOException.class, () -> CsvLog.open(folder, 3)).getMessage().contains("broken"));
    }

    @Test
    void tagsNeedNoQuotes() throws IOException {
        try (CsvLog log = CsvLog.open(folder, 0)) {
            assertThrows(IllegalArgumentException.class, () -> log.scalar(1, "a,b", 1));
            assertThrows(IllegalArgumentException.class, () -> log.scalar(1, "", 1));
        }
    }
}
