package dev.cathode.engine.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TableFileTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"t.csv", "t.jsonl", "t.csv.gz", "t.jsonl.gz"})
    void comesBackAsWritten(String name) throws IOException {
        Path file = folder.resolve(name);
        List<String> columns = List.of("id", "text", "number");
        TableFile.write(file, columns, List.of(List.of("a", "commas, \"quotes\"\nand lines", 7),
                Arrays.asList("b", "\u80ba", null)));
        List<String> read = new ArrayList<>();
        DataProblems problems = new DataProblems(3);
        TableFile.read(file, List.of("id", "text"), problems, row -> read.add(
                row.get("id") + "|" + row.get("text") + "|" + row.find("number").filter(t -> !t.isEmpty())));
        assertEquals(List.of("a|commas, \"quotes\"\nand lines|Optional[7]", "b|\u80ba|Optional.empty"), read);
        assertEquals(0, problems.count());
        assertTrue(TableFile.isTable(file));
        byte[] first = Files.readAllBytes(file);
        TableFile.write(file, columns, List.of(List.of("a", "commas, \"quotes\"\nand lines", 7),
                Arrays.asList("b", "\u80ba", null)));
        assertArrayEquals(first, Files.readAllBytes(file), "the same rows, the same bytes");
        assertEquals(List.of(name), List.of(folder.toFile().list()), "nothing temporary stays");
    }

    @Test
    void aCompressedFileThatIsCutOffIsAnError() throws IOException {
        Path file = folder.resolve("t.csv.gz");
        TableFile.write(file, List.of("id"), List.of(List.of("x".repeat(1000)), List.of("y")));
        byte[] whole = Files.readAllBytes(file);
        for (byte[] broken : List.of(Arrays.copyOf(whole, whole.length / 2), new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
            11, 12})) {
            Files.write(file, broken);
            IOException e = assertThrows(IOException.class,
                    () -> TableFile.read(file, List.of("id"), problem -> { }, row -> { }));
            assertTrue(e.getMessage().startsWith(file + ": the compressed file is broken"), e.getMessage());
        }
    }

    @Test
    void namesThatAreNoTables() {
        assertFalse(TableFile.isTable(Path.of("folder")));
        assertFalse(TableFile.isTable(Path.of("x.gz")));
    }

    @Test
    void problemsAreCountedAndTheFirstAreNamed() {
        DataProblems problems = new DataProblems(2);
        assertEquals(List.of(), problems.lines());
        for (int line = 0; line < 4; line++) {
            problems.accept(new DataProblem(Path.of("t.csv"), line, "wrong"));
        }
        assertEquals(List.of("4 things are wrong and left out:", "  t.csv: wrong", "  t.csv line 1: wrong",
                "  … and 2 more"), problems.lines());
    }
}
