package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PromptFileTest {
    @TempDir
    Path folder;

    private List<PromptFile.Row> read(String name, String text) throws IOException {
        return PromptFile.read(Files.writeString(folder.resolve(name), text));
    }

    @Test
    void aLineIsAPrompt() throws IOException {
        List<PromptFile.Row> rows = read("p.txt", "\uFEFFfirst, with comma\r\n\r\n  second \"quoted\"  \n");
        assertEquals(List.of("first, with comma", "second \"quoted\""),
                rows.stream().map(PromptFile.Row::prompt).toList());
        assertEquals(Optional.empty(), rows.getFirst().seed());
    }

    @Test
    void aTableSaysMore() throws IOException {
        List<PromptFile.Row> rows = read("p.CSV", """
                prompt,negative,seed,steps,guidance,width,height,out
                "effusion, large
                and right",blurry,-5,30,7.5,512,384,a.png
                "a ""quote\""",,,,,,,
                """);
        assertEquals(List.of(
                new PromptFile.Row("effusion, large\nand right", Optional.of("blurry"), Optional.of(-5L),
                        Optional.of(30), Optional.of(7.5), Optional.of(512), Optional.of(384), Optional.of("a.png")),
                PromptFile.Row.of("a \"quote\"")), rows);
    }

    @Test
    void columnsComeInAnyOrder() throws IOException {
        PromptFile.Row row = read("p.csv", "seed,prompt\r\n3,x\r\n").getFirst();
        assertEquals(Optional.of(3L), row.seed());
        assertEquals("x", row.prompt());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "prompt,sede;x,1|unknown column 'sede'",
        "seed,steps;1,2|one called 'prompt'",
        "prompt,steps;x,1;y,many|line 3: steps: 'many' is no number",
        "prompt,seed;x,1.5|line 2: seed: '1.5' is no number",
        "prompt,seed;x|line 2: 1 fields, but the header has 2",
        "prompt,seed;x,1,2|line 2: 3 fields, but the header has 2",
        "prompt,prompt;x,y|duplicate",
        "prompt;'\"open'|p.csv: ",
        "prompt|no prompts"})
    void saysWhatIsWrongAndWhere(String text, String message) {
        var e = assertThrows(IOException.class, () -> read("p.csv", text.replace(";", "\n").replace("'\"", "\"")));
        assertTrue(e.getMessage().startsWith(folder.resolve("p.csv").toString()), e.getMessage());
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    @Test
    void refusesEmptyAndBinaryFiles() throws IOException {
        assertThrows(IOException.class, () -> read("p.txt", "\n \n"));
        Path latin = Files.write(folder.resolve("l.txt"), "größe".getBytes(StandardCharsets.ISO_8859_1));
        assertTrue(assertThrows(IOException.class, () -> PromptFile.read(latin)).getMessage().contains("UTF-8"));
    }
}
