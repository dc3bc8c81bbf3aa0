package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.image.ImageFiles;
import dev.cathode.engine.image.ImageFormat;
import dev.cathode.engine.image.RgbImage;
import dev.cathode.weights.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What `sample` refuses, and how it says so.
class SampleCommandTest {
    private static final Path PIPELINE = Goldens.root().resolve("pipeline");

    @TempDir
    Path folder;

    @BeforeEach
    void files() throws IOException {
        ImageFiles.write(folder.resolve("in.png"), new RgbImage(64, 64, new byte[64 * 64 * 3]), ImageFormat.PNG, 90,
                Map.of());
        Files.writeString(folder.resolve("text"), "a text");
        Files.writeString(folder.resolve("p.txt"), "one\ntwo\n");
        Files.writeString(folder.resolve("p.csv"), "prompt,width\none,60\n");
        Files.writeString(folder.resolve("twice.csv"), "prompt,out\none,a.png\ntwo,a.png\n");
    }

    private Outcome sample(String line) {
        List<String> args = new ArrayList<>(List.of("sample"));
        for (String word : line.split(" ")) {
            args.add(word.replace("MODEL", PIPELINE.resolve("model").toString())
                    .replace("GOLDEN", PIPELINE.toString()).replace("HERE", folder.toString()));
        }
        return Outcome.of(args.toArray(String[]::new));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            2 | --model MODEL                                               | PROMPT is missing
            2 | cat --model MODEL --prompts HERE/p.txt                      | exclude each other
            2 | cat dog --model MODEL                                       | 'dog'
            1 | cat --model HERE/nowhere                                    | nowhere: no such file or folder
            1 | cat --model HERE                                            | HERE
            1 | cat --model HERE/text                                       | HERE/text
            2 | cat --model MODEL --scheduler magic                         | magic
            2 | cat --model MODEL --size 60x64                              | multiple of 8
            2 | cat --model MODEL --size 64*64                              | --size
            2 | cat --model MODEL --size 0                                  | --size
            2 | cat --model MODEL --steps 0                                 | --steps
            2 | cat --model MODEL --steps some                              | --steps
            2 | cat --model MODEL --guidance NaN                            | --guidance
            2 | cat --model MODEL --clip-skip -1                            | --clip-skip
            2 | cat --model MODEL --count 0                                 | --count
            2 | cat --model MODEL --threads 0                               | --threads
            2 | cat --model MODEL --dtype float8                            | --dtype
            2 | cat --model MODEL --memory huge                             | --memory
            2 | cat --model MODEL --quality 101                             | --quality
            2 | cat --model MODEL --format gif                              | --format
            2 | cat --model MODEL --steps 2 --steps 3                       | only once
            2 | cat --model MODEL --seed 1.5                                | --seed
            2 | cat --model MODEL --prediction noise                        | prediction
            1 | cat --model MODEL --variant fp8                             | fp8
            2 | cat --model MODEL --mask HERE/in.png                        | --mask needs --image
            2 | cat --model MODEL --strength 0.5                            | --strength needs --image
            2 | cat --model MODEL --image HERE/in.png --strength 0          | --strength must be
            2 | cat --model MODEL --image HERE/in.png --strength 1.1        | --strength must be
            1 | cat --model MODEL --image HERE/nowhere.png                  | nowhere.png: no such file
            1 | cat --model MODEL --image HERE/text                         | HERE/text: not a picture
            1 | cat --model MODEL --image HERE/in.png --mask HERE/text      | HERE/text: not a picture
            1 | cat --model MODEL --latents HERE/nowhere                    | nowhere: no such file
            1 | cat --model MODEL --latents HERE/text                       | HERE/text
            1 | cat --model MODEL --latents GOLDEN/prompts.safetensors      | latents
            2 | cat --model MODEL --latents GOLDEN/pndm10_g4.safetensors --count 2 | holds 3 latents
            2 | cat --model MODEL --latents GOLDEN/pndm10_g1.safetensors --size 128 | latents
            2 | cat --model MODEL --latents GOLDEN/pndm10_g1.safetensors --image HERE/in.png | does not go with
            1 | cat --model MODEL --out HERE/text/a.png                     | HERE/text: cannot write here
            1 | cat --model MODEL --out HERE/a.png --dump HERE/text/d       | HERE/text: cannot write here
            2 | cat --model MODEL --out HERE/a.png --format jpeg            | does not fit --format jpeg
            2 | cat --model MODEL --overwrite                               | --overwrite
            1 | --model MODEL --prompts HERE/nowhere.txt                    | nowhere.txt: no such file
            2 | --model MODEL --prompts HERE/p.txt --out HERE/a.png         | --out must be a folder
            2 | --model MODEL --prompts HERE/p.txt --dump HERE/d            | --dump
            2 | --model MODEL --prompts HERE/p.txt --latents HERE/text      | --latents
            2 | --model MODEL --prompts HERE/p.csv --out HERE               | multiple of 8
            1 | --model MODEL --prompts HERE/twice.csv --out HERE           | two pictures would go into
            """)
    void badInputIsOneLineBeforeAnyWork(int code, String line, String message) {
        Outcome outcome = sample(line);
        assertEquals(code, outcome.code(), outcome.err());
        assertEquals("", outcome.out());
        assertEquals(1, outcome.err().lines().count(), outcome.err());
        assertTrue(outcome.err().startsWith("cathode sample: "), outcome.err());
        assertTrue(outcome.err().contains(message.replace("HERE", folder.toString())), outcome.err());
        assertEquals(5, folder.toFile().list().length, "no new files: " + List.of(folder.toFile().list()));
    }
}
