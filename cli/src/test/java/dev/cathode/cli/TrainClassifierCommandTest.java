package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.runtime.cpu.CpuDevice;
import dev.cathode.engine.runtime.cpu.CpuOptions;
import dev.cathode.roentgen.classify.ClassifierPredictor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainClassifierCommandTest {
    @TempDir
    static Path folder;

    private static Path phantoms;

    @BeforeAll
    static void drawPhantoms() {
        phantoms = folder.resolve("phantoms");
        Outcome drawn = Outcome.of("phantom", "--count", "24", "--size", "32", "--out", phantoms.toString());
        assertEquals(0, drawn.code(), drawn.err());
    }

    @Test
    void phantomsAreLearnedFromAndTheRunGoesOn() throws IOException {
        Path out = folder.resolve("judge");
        Outcome first = train(out, "1", "--labels", "Pleural Effusion,No Finding,sides");
        assertEquals(0, first.code(), first.err());
        assertTrue(first.err().contains("epoch 1: loss "), first.err());
        assertTrue(first.out().startsWith(out + ": epoch 1, AUROC "), first.out());
        Outcome second = train(out, "2", "--labels", "Pleural Effusion,No Finding,sides");
        assertEquals(0, second.code(), second.err());
        assertTrue(second.err().contains("goes on after epoch 1"), second.err());
        assertEquals(3, Files.readAllLines(out.resolve("log.csv")).size());
        try (Device device = CpuDevice.open(CpuOptions.defaults());
                ClassifierPredictor predictor = ClassifierPredictor.open(out, device)) {
            assertEquals(List.of("Pleural Effusion", "No Finding", "Left Pleural Effusion", "Right Pleural Effusion",
                    "Left Pneumothorax", "Right Pneumothorax"), predictor.config().labels());
            assertEquals(32, predictor.config().imageSize());
        }
        Outcome other = train(out, "2", "--labels", "No Finding");
        assertEquals(CathodeCommand.FAILURE, other.code());
        assertTrue(other.err().contains("belongs to a run with other pictures, labels or settings"), other.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--labels=Effusion", "--batch=1", "--splits=none", "--validation=1", "--size=0",
        "--growth=0"})
    void whatCannotBeIsSaid(String wrong) {
        Outcome outcome = train(folder.resolve("wrong"), "1", wrong);
        assertEquals(CathodeCommand.USAGE, outcome.code(), outcome.err());
        assertTrue(Files.notExists(folder.resolve("wrong")));
    }

    private static Outcome train(Path out, String epochs, String... more) {
        List<String> args = new ArrayList<>(List.of("train-classifier", "--data", phantoms.toString(), "--out",
                out.toString(), "--views", "all", "--size", "32", "--blocks", "1,1", "--growth", "4", "--batch", "8",
                "--validation", "0.4", "--epochs", epochs, "--threads", "2"));
        args.addAll(List.of(more));
        return Outcome.of(args.toArray(String[]::new));
    }
}
