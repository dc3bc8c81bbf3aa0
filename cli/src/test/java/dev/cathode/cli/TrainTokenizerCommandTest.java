package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.engine.text.Tokenizer;
import dev.cathode.engine.text.Tokenizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainTokenizerCommandTest {
    @TempDir
    Path folder;

    /// Words of the captions become tokens, and what was written encodes and decodes them.
    @Test
    void learnsFromCaptions() throws IOException {
        captions("large left effusion", "small left effusion", "small right effusion", "large right pneumothorax");
        Path out = folder.resolve("tokenizer");
        Outcome outcome = Outcome.of("train-tokenizer", folder.resolve("films").toString(), "--size", "600", "--max-length",
                "8", "--out", out.toString());
        assertEquals(0, outcome.code(), outcome.err());
        Tokenizer tokenizer = Tokenizers.load(out);
        int[] ids = tokenizer.encode("large left effusion");
        assertEquals(5, ids.length);
        assertEquals("large left effusion", tokenizer.decode(ids).strip());
        assertEquals(8, tokenizer.maxLength());
        assertTrue(outcome.out().contains(tokenizer.vocabularySize() + " tokens"), outcome.out());
    }

    @Test
    void refusesWhatCannotBe() throws IOException {
        captions("an effusion");
        String data = folder.resolve("films").toString();
        Outcome small = Outcome.of("train-tokenizer", data, "--size", "100", "--out", folder.resolve("a").toString());
        assertEquals(2, small.code());
        assertTrue(small.err().contains("--size must be at least"), small.err());
        Outcome there = Outcome.of("train-tokenizer", data, "--size", "600", "--out", data);
        assertEquals(1, there.code());
        assertTrue(there.err().contains(data), there.err());
    }

    private void captions(String... captions) throws IOException {
        Path films = Files.createDirectory(folder.resolve("films"));
        for (int i = 0; i < captions.length; i++) {
            ImageFiles.write(films.resolve(i + ".png"), new RgbImage(8, 8, new byte[3 * 64]), ImageFormat.PNG, 90, Map.of());
            Files.writeString(films.resolve(i + ".txt"), captions[i]);
        }
    }
}
