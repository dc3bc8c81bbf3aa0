package dev.cathode.engine.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.weights.Goldens;
import dev.cathode.weights.file.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Vocabularies learned from texts.
class BytePairTrainingTest {
    private final Goldens.Topic topic = Goldens.topic("tokenizer");

    @TempDir
    Path folder;

    /// The golden vocabulary was learned from the golden corpus by another program.
    @Test
    void theGoldenCorpusGivesTheGoldenVocabulary() throws IOException {
        List<String> corpus = Files.readAllLines(topic.path("corpus.txt"));
        int size = topic.json().get("sizes").get("clip").intValue();
        BytePairTraining.learn(corpus.stream(), size).write(folder, 77);
        assertEquals(Files.readString(topic.path("clip/merges.txt")), Files.readString(folder.resolve("merges.txt")));
        for (String file : List.of("vocab.json", "special_tokens_map.json", "tokenizer_config.json")) {
            assertEquals(Json.read(topic.path("clip/" + file)), Json.read(folder.resolve(file)), file);
        }
        Tokenizer golden = Tokenizers.load(topic.path("clip"));
        Tokenizer learned = Tokenizers.load(folder);
        assertEquals(size, learned.vocabularySize());
        for (JsonNode row : topic.json("encodings.json").get("texts")) {
            String text = row.get("text").asString();
            assertArrayEquals(golden.encode(text), learned.encode(text), text);
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(4, files.count(), "nothing temporary is left");
        }
    }

    @Test
    void neitherTheOrderOfTheTextsNorTheirCaseMatters() throws IOException {
        List<String> corpus = Files.readAllLines(topic.path("corpus.txt"));
        List<String> shuffled = new ArrayList<>(corpus.stream().map(t -> t.toUpperCase(Locale.ROOT)).toList());
        Collections.shuffle(shuffled, new Random(3));
        assertEquals(BytePairTraining.learn(corpus.stream(), 700), BytePairTraining.learn(shuffled.stream(), 700));
    }

    @Test
    void learnedTokensAreUsedAndTextsComeBack() {
        String text = "no pleural effusion; 5 mm nodule, café";
        BytePairTraining.learn(Stream.of(text, text, "no pneumothorax"), 560).write(folder, 24);
        Tokenizer tokenizer = Tokenizers.load(folder);
        int[] ids = tokenizer.encode(text);
        assertEquals(List.of("no</w>", "pleural</w>", "effusion</w>", ";</w>"),
                Arrays.stream(ids).skip(1).limit(4).mapToObj(tokenizer::token).toList());
        assertEquals("no pleural effusion ; 5 mm nodule , café", tokenizer.decode(ids));
        assertEquals(24, tokenizer.maxLength());
        assertEquals(tokenizer.vocabularySize() - 2, tokenizer.beginId());
        assertEquals(tokenizer.vocabularySize() - 1, tokenizer.endId());
    }

    /// When every word is a token there is nothing left to join; words of one byte and special tokens give no pairs.
    @Test
    void learningEndsWithTheTexts() {
        BytePairVocabulary all = BytePairTraining.learn(Stream.of("aaaa b <|endoftext|> aa", "a"), 2000);
        assertEquals(List.of(new BytePairVocabulary.Merge("a", "a"), new BytePairVocabulary.Merge("a", "a</w>"),
                new BytePairVocabulary.Merge("aa", "aa</w>")), all.merges());
        assertEquals(BytePairTraining.SMALLEST + 3, all.tokens().size());
        assertTrue(BytePairTraining.learn(Stream.of("aaaa"), BytePairTraining.SMALLEST).merges().isEmpty());
        assertThrows(IllegalArgumentException.class, () -> BytePairTraining.learn(Stream.of("a"), 513));
    }

    /// Against counting anew for every pair.
    @Test
    void equalsThePlainAlgorithmOnRandomTexts() {
        Random random = new Random(11);
        List<String> texts = IntStream.range(0, 200).mapToObj(i -> random.ints(1 + random.nextInt(12), 'a', 'd')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString()).toList();
        BytePairVocabulary learned = BytePairTraining.learn(texts.stream(), BytePairTraining.SMALLEST + 60);
        assertEquals(PlainBytePairs.learn(texts, 60), learned.tokens().subList(512, 572));
    }
}
