package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.image.ImageFiles;
import dev.cathode.weights.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `sample` as a process, interrupted and resumed.
@DisabledOnOs(OS.WINDOWS)
class SampleIT {
    private static final String MODEL = Goldens.root().resolve("pipeline/model").toString();

    @TempDir
    Path folder;

    private Path prompts(int count) throws IOException {
        return Files.writeString(folder.resolve("prompts.txt"), IntStream.range(0, count)
                .mapToObj(i -> "effusion number " + i).collect(Collectors.joining("\n")));
    }

    private List<String> command(Path prompts) {
        return Outcome.jar("sample", "--prompts", prompts.toString(), "--model", MODEL, "--steps", "50", "--seed", "1",
                "--threads", "1", "--out", folder.resolve("out").toString());
    }

    private List<Path> files() throws IOException {
        try (var files = Files.list(folder.resolve("out"))) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest
    @CsvSource({"INT,130", "TERM,143"})
    void aSignalLeavesWhatIsFinished(String signal, int code) throws Exception {
        Path many = prompts(5000); // more than it makes until the signal comes
        Outcome outcome;
        try (Outcome.Running running = Outcome.Running.start(command(many), Map.of())) {
            while (Outcome.Running.text(running.out()).lines().count() < 2 && running.process().isAlive()) {
                Thread.sleep(20);
            }
            running.signal(signal);
            outcome = running.end();
        }
        assertEquals(code, outcome.code(), outcome.err());
        assertTrue(outcome.err().contains("interrupted after "), outcome.err());
        List<Path> finished = files();
        assertTrue(finished.size() >= 2 && finished.size() < 5000, finished.size() + " files");
        assertTrue(finished.stream().map(Path::toString).toList().containsAll(outcome.out().lines().toList()));
        for (Path file : finished) {
            assertEquals(64, ImageFiles.read(file).width(), file.toString());
            assertTrue(ImageFiles.texts(file).containsKey("cathode"), file.toString());
        }
        resume(finished);
    }

    /// Goes on with two more pictures; the finished ones stay as they are.
    private void resume(List<Path> finished) throws IOException {
        Path some = prompts(finished.size() + 2);
        var times = finished.stream().map(file -> file.toFile().lastModified()).toList();
        Outcome outcome = Outcome.ofProcess(command(some), Map.of());
        assertEquals(0, outcome.code(), outcome.err());
        assertEquals("", outcome.err());
        assertEquals(finished.size() + 2, outcome.out().lines().count());
        assertEquals(finished.size() + 2, files().size());
        assertEquals(times, finished.stream().map(file -> file.toFile().lastModified()).toList());
    }

    @Test
    void jsonIsALineForEachPicture() throws IOException {
        List<String> command = new ArrayList<>(command(prompts(2)));
        command.add("--json");
        Outcome outcome = Outcome.ofProcess(command, Map.of());
        assertEquals(0, outcome.code(), outcome.err());
        assertEquals("", outcome.err(), "no progress bar where nobody looks");
        var lines = outcome.out().lines().map(Json.MAPPER::readTree).toList();
        assertEquals(List.of(1, 2), lines.stream().map(line -> line.at("/recipe/seed").intValue()).toList());
        assertEquals(folder.resolve("out/0002.png").toString(), lines.get(1).get("file").stringValue());
    }

    /// The same numbers, whether the weights are read from the jar or from files.
    @Test
    void theModelInTheJarDrawsWhereNoOtherIsNamed() throws IOException {
        Path copy = folder.resolve("copy");
        assertEquals(0, Outcome.ofProcess(Outcome.jar("convert", "phantom", copy.toString()), Map.of()).code());
        Path first = folder.resolve("first.png");
        Path second = folder.resolve("second.png");
        drawFilm(first);
        drawFilm(second, "--model", copy.toString());
        assertEquals(128, ImageFiles.read(first).width());
        assertEquals(ImageFiles.read(first), ImageFiles.read(second));
        assertTrue(ImageFiles.texts(first).get("cathode").contains("\"phantom\""), ImageFiles.texts(first).toString());
    }

    private static void drawFilm(Path file, String... more) throws IOException {
        List<String> command = new ArrayList<>(Outcome.jar("sample", "small right pneumothorax", "--steps", "2", "--seed",
                "1", "--scheduler", "ddim", "-o", file.toString()));
        command.addAll(List.of(more));
        Outcome outcome = Outcome.ofProcess(command, Map.of());
        assertEquals(0, outcome.code(), outcome.err());
        assertEquals(file.toString(), outcome.out().strip());
    }
}
