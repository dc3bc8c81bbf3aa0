package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.weights.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class PhantomAurocCommandTest {
    private static final Path MODEL = Goldens.root().resolve("pipeline/model");

    @TempDir
    static Path folder;

    @BeforeAll
    static void makePhantomsAndClassifier() {
        run("phantom", "--count", "30", "--size", "32", "--out", folder.resolve("phantoms").toString());
        run("train-classifier", "--data", folder.resolve("phantoms").toString(), "--out",
                folder.resolve("judge").toString(), "--views", "all", "--splits", "all", "--size", "32", "--blocks",
                "1,1", "--growth", "4", "--batch", "8", "--validation", "0.3", "--epochs", "1", "--labels", "all");
    }

    @Test
    void filmsAreMadeJudgedAndKept() throws IOException {
        Path out = folder.resolve("out");
        String printed = experiment(out).out();
        assertTrue(printed.contains("Pleural Effusion"), printed);
        assertTrue(printed.contains("mean, without sides"), printed);
        assertTrue(printed.contains("side of Pneumothorax"), printed);
        JsonNode result = Json.MAPPER.readTree(Files.readString(out.resolve("result.json")));
        assertEquals(6, result.get("films").intValue());
        assertEquals(18, result.get("model").get("auroc").size());
        assertEquals(2, result.get("real").get("side_accuracy").size());
        assertEquals(7, Files.readAllLines(out.resolve("model.csv")).size());
        assertEquals(7, Files.readAllLines(out.resolve("real.csv")).size());
        List<Path> films;
        try (var files = Files.list(out.resolve("films"))) {
            films = files.sorted().toList();
        }
        assertEquals(6, films.size());
        byte[] first = Files.readAllBytes(films.getFirst());
        byte[] second = Files.readAllBytes(films.get(1));
        Files.delete(films.getFirst());
        Files.write(films.get(1), first); // what is there is kept
        assertEquals(0, experiment(out).code());
        assertArrayEquals(first, Files.readAllBytes(films.getFirst()), "made anew as it was");
        assertArrayEquals(first, Files.readAllBytes(films.get(1)));
        Files.write(films.get(1), second);
        assertEquals(printed, experiment(out).out());
        Outcome other = Outcome.of(args(out, "--steps", "3"));
        assertEquals(CathodeCommand.FAILURE, other.code());
        assertTrue(other.err().contains("holds films that were made otherwise"), other.err());
    }

    @Test
    void randomWeightsMakeOtherFilms() throws IOException {
        Path out = folder.resolve("random");
        assertEquals(0, experiment(out, "--random-weights", "--count", "1").code());
        assertTrue(Files.exists(out.resolve("random-model/unet/diffusion_pytorch_model.safetensors")));
        assertTrue(Files.mismatch(out.resolve("random-model/unet/diffusion_pytorch_model.safetensors"),
                MODEL.resolve("unet/diffusion_pytorch_model.safetensors")) >= 0);
        try (var files = Files.list(out.resolve("films"))) {
            assertEquals(1, files.count());
        }
    }

    private static Outcome experiment(Path out, String... more) {
        Outcome outcome = Outcome.of(args(out, more));
        assertEquals(0, outcome.code(), outcome.err());
        return outcome;
    }

    private static String[] args(Path out, String... more) {
        List<String> args = new ArrayList<>(List.of("experiment", "phantom-auroc", "--model", MODEL.toString(),
                "--classifier", folder.resolve("judge").toString(), "--data", folder.resolve("phantoms").toString(),
                "--views", "all", "--splits", "all", "--out", out.toString()));
        if (!List.of(more).contains("--count")) {
            args.addAll(List.of("--count", "6"));
        }
        if (!List.of(more).contains("--steps")) {
            args.addAll(List.of("--steps", "2"));
        }
        args.addAll(List.of(more));
        return args.toArray(String[]::new);
    }

    private static void run(String... args) {
        Outcome outcome = Outcome.of(args);
        assertEquals(0, outcome.code(), outcome.err());
    }
}
