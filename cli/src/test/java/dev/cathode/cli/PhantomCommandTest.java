package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.image.ImageFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PhantomCommandTest {
    @TempDir
    Path folder;

    @Test
    void writesAndGoesOn() throws IOException {
        String out = folder.resolve("set").toString();
        Outcome first = Outcome.of("phantom", "--count", "3", "--out", out, "--size", "32", "--views", "PA",
                "--threads", "1");
        assertEquals(0, first.code(), first.err());
        assertEquals("", first.err());
        assertEquals(out + ": 3 studies, 3 films (3 new)", first.out().strip());
        try (Stream<Path> files = Files.walk(Path.of(out))) {
            assertEquals(3, files.filter(file -> file.toString().endsWith(".jpg")).count());
        }
        Outcome more = Outcome.of("phantom", "--count", "5", "--out", out, "--size", "32", "--views", "pa");
        assertEquals(0, more.code(), more.err());
        assertEquals(out + ": 5 studies, 5 films (2 new)", more.out().strip());
    }

    @Test
    void drawsASheet() throws IOException {
        Path sheet = folder.resolve("sheet.png");
        Outcome outcome = Outcome.of("phantom", "--contact-sheet", sheet.toString(), "--count", "4", "--size", "40");
        assertEquals(0, outcome.code(), outcome.err());
        assertEquals(sheet.toString(), outcome.out().strip());
        assertTrue(ImageFiles.read(sheet).width() > 2 * 40);
    }

    @Test
    void refusesBadInput() throws IOException {
        Files.writeString(folder.resolve("precious"), "mine");
        String out = folder.toString();
        for (String[] args : new String[][] {
            {"2", "--out DIR or --contact-sheet", "phantom", "--count", "3"},
            {"2", "--count N is missing", "phantom", "--out", out},
            {"2", "exclude", "phantom", "--out", out, "--count", "1", "--contact-sheet", "a.png"},
            {"2", "at least one phantom", "phantom", "--out", out, "--count", "0"},
            {"2", "16 to 4096", "phantom", "--out", out, "--count", "1", "--size", "4"},
            {"2", "--views", "phantom", "--out", out, "--count", "1", "--views", "ABOVE"},
            {"2", "a.gif", "phantom", "--contact-sheet", "a.gif"},
            {"1", "holds something else (precious)", "phantom", "--out", out, "--count", "1"}}) {
            Outcome outcome = Outcome.of(Arrays.copyOfRange(args, 2, args.length));
            assertEquals(Integer.parseInt(args[0]), outcome.code(), outcome.err());
            assertTrue(outcome.err().contains(args[1]), outcome.err());
            assertEquals(1, outcome.err().lines().count(), outcome.err());
        }
        assertFalse(Files.exists(folder.resolve("files")));
    }
}
