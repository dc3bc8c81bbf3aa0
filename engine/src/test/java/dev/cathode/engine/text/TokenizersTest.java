package dev.cathode.engine.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.weights.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Files in all their forms, and what is said when they are wrong. The vocabularies are made by hand.
class TokenizersTest {
    private static final String START = "<|startoftext|>";
    private static final String END = "<|endoftext|>";
    private static final List<String> MERGES = List.of("l u", "lu n", "lun g</w>");
    private static final List<String> CLIP = Stream.of(
            IntStream.range(0, 256).mapToObj(b -> String.valueOf(ByteAlphabet.symbol(b))),
            IntStream.range(0, 256).mapToObj(b -> ByteAlphabet.symbol(b) + "</w>"),
            MERGES.stream().map(merge -> merge.replace(" ", "")), Stream.of(START, END)).flatMap(s -> s).toList();
    private static final List<String> BERT = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "lung", "##s",
            "Lung", "clear", ".", "e", "\u80ba");

    @TempDir
    Path folder;

    @Test
    void clipFromItsTwoFiles() throws IOException {
        Tokenizer tokenizer = clip("{}");
        assertInstanceOf(ClipTokenizer.class, tokenizer);
        assertEquals(List.of(START, "lung</w>", "lun", "g", "s</w>", END), tokens(tokenizer, "LUNG lungs"));
        assertEquals(CLIP.size(), tokenizer.vocabularySize());
        assertEquals(77, tokenizer.maxLength());
    }

    @Test
    void clipFromOneFile() throws IOException {
        Tokenizer two = clip("{}");
        for (String merges : List.of("[\"l u\", \"lu n\", \"lun g</w>\"]",
                "[[\"l\", \"u\"], [\"lu\", \"n\"], [\"lun\", \"g</w>\"]]")) {
            Path other = Files.createDirectories(folder.resolve("one"));
            Files.writeString(other.resolve("tokenizer.json"), """
                    {"added_tokens": [],
                     "model": {"type": "BPE", "end_of_word_suffix": "</w>", "vocab": %s, "merges": %s}}
                    """.formatted(vocabulary(CLIP), merges));
            Tokenizer one = Tokenizers.load(other);
            assertArrayEquals(two.encode("Lungs: 5 mm, <|endoftext|>"), one.encode("Lungs: 5 mm, <|endoftext|>"));
        }
    }

    /// Stable Diffusion 1.4 has its special tokens "normalized", except that its padding token is plain, and it is
    /// the same as the end token. So capitals are found for the start token only.
    @Test
    void specialTokensInCapitals() throws IOException {
        String normalized = "{\"content\": \"%s\", \"normalized\": true, \"lstrip\": false, \"rstrip\": false}";
        Tokenizer tokenizer = clip("{\"bos_token\": " + normalized.formatted(START) + ", \"eos_token\": "
                + normalized.formatted(END) + ", \"unk_token\": " + normalized.formatted(END) + ", \"pad_token\": \""
                + END + "\"}");
        assertEquals(List.of(START, START, "lung</w>", END, END), tokens(tokenizer,
                "<|STARTOFTEXT|> lung<|endoftext|>"));
        assertEquals("<", tokens(tokenizer, "<|ENDOFTEXT|>").get(1));
        Tokenizer plain = clip("{}");
        assertEquals("<", tokens(plain, "<|STARTOFTEXT|>").get(1));
        assertEquals(START, tokens(plain, START).get(1));
    }

    /// Stable Diffusion 2 pads with "!", which is then a special token wherever it stands.
    @Test
    void anotherPaddingToken() throws IOException {
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"pad_token\": \"!\"}");
        Tokenizer tokenizer = clip("{\"pad_token\": \"<|endoftext|>\", \"model_max_length\": 40}");
        assertEquals("!", tokenizer.token(tokenizer.padId()));
        assertEquals(40, tokenizer.maxLength());
        Encoding encoding = tokenizer.encode("lung!", 6);
        assertArrayEquals(new int[] {tokenizer.beginId(), CLIP.indexOf("lung</w>"), CLIP.indexOf("!"),
                tokenizer.endId(), CLIP.indexOf("!"), CLIP.indexOf("!")}, encoding.ids());
        assertArrayEquals(new int[] {1, 1, 1, 1, 0, 0}, encoding.attentionMask());
    }

    @Test
    void addedTokensAreFoundAndNumbered() throws IOException {
        ClipTokenizer tokenizer = ((ClipTokenizer) clip("{}")).withAddedTokens(List.of("<Nodule>", "lung</w>", END));
        assertEquals(CLIP.size() + 1, tokenizer.vocabularySize());
        assertEquals(CLIP.size(), tokenizer.id("<Nodule>").orElseThrow());
        assertEquals(List.of(START, "lung</w>", "<Nodule>", "lung</w>", END), tokens(tokenizer, "lung<NODULE>lung"));
        assertEquals("lung <Nodule>lung", tokenizer.decode(tokenizer.encode("lung <nodule> lung")));
    }

    @Test
    void whatIsCutOffIsReported() throws IOException {
        Tokenizer tokenizer = clip("{}");
        Encoding encoding = tokenizer.encode("lung lung, \u00c9 x", 4);
        assertArrayEquals(new int[] {tokenizer.beginId(), CLIP.indexOf("lung</w>"), CLIP.indexOf("lung</w>"),
                tokenizer.endId()}, encoding.ids());
        assertTrue(encoding.truncated());
        assertEquals(", \u00e9 x", encoding.truncatedText());
        assertThrows(IllegalArgumentException.class, () -> tokenizer.encode("lung", 1));
        assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(new int[] {CLIP.size()}));
    }

    @Test
    void bertInItsForms() throws IOException {
        Tokenizer lower = bert("{\"tokenizer_class\": \"BertTokenizer\"}");
        assertEquals(List.of("[CLS]", "lung", "##s", "clear", ".", "[SEP]"), tokens(lower, "Lungs CLEAR."));
        assertEquals(List.of("[CLS]", "e", "\u80ba", "\u80ba", "[MASK]", "[UNK]", "[SEP]"),
                tokens(lower, "\u00c9\u80ba\u80ba[MASK]xyz"));
        assertEquals("lungs clear.", lower.decode(lower.encode("Lungs clear.")));
        Tokenizer cased = bert("{\"do_lower_case\": false}");
        assertEquals(List.of("[CLS]", "Lung", "##s", "[UNK]", ".", "[SEP]"), tokens(cased, "Lungs CLEAR."));
        assertEquals(List.of("[CLS]", "[UNK]", "[SEP]"), tokens(cased, "\u00c9"));
        assertEquals(List.of("[CLS]", "e", "[SEP]"), tokens(bert("{\"do_lower_case\": false, \"strip_accents\": true}"),
                "e\u0301"));
        assertEquals(List.of("[CLS]", "[UNK]", "[SEP]"), tokens(bert("{\"tokenize_chinese_chars\": false}"),
                "\u80ba\u80ba"));
        assertEquals(List.of("[CLS]", "[UNK]", "[SEP]"), tokens(lower, "s".repeat(101)));

        bert("{\"do_lower_case\": null}");
        assertEquals("lung", tokens(Tokenizers.load(folder), "Lung").get(1));
        assertEquals("Lung", tokens(BertTokenizer.load(folder, false), "Lung").get(1));

        Path other = Files.createDirectories(folder.resolve("one"));
        Files.writeString(other.resolve("tokenizer.json"), """
                {"normalizer": {"type": "BertNormalizer", "lowercase": false, "strip_accents": null},
                 "model": {"type": "WordPiece", "continuing_subword_prefix": "##", "vocab": %s}}""".formatted(
                vocabulary(BERT)));
        assertArrayEquals(cased.encode("Lungs lung CLEAR."), Tokenizers.load(other).encode("Lungs lung CLEAR."));
    }

    @Test
    void errorsNameFileAndPlace() throws IOException {
        refuses("no tokenizer found");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"T5Tokenizer\"}");
        refuses("tokenizer_config.json: tokenizer_class T5Tokenizer is not supported");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"CLIPTokenizer\"}");
        refuses("vocab.json: no such file");
        Files.writeString(folder.resolve("vocab.json"), "[1]");
        refuses("vocab.json: holds no vocabulary");
        Files.writeString(folder.resolve("vocab.json"), "{\"a\": \"b\"}");
        refuses("vocab.json: token \"a\" has the number \"b\"");
        Files.writeString(folder.resolve("vocab.json"), vocabulary(CLIP));
        refuses("merges.txt: no such file");
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\nl u\nlu n g\n");
        refuses("merges.txt: line 3: expected two tokens");
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\nl u\nq q\n");
        refuses("merges.txt: line 3: the vocabulary has no token \"qq\"");
        Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": {\"type\": \"Unigram\"}}");
        refuses("tokenizer.json: model.type is \"Unigram\"");
        assertTrue(assertThrows(CheckpointException.class, () -> Tokenizers.load(folder.resolve("absent"))).getMessage()
                .contains("absent: no such folder"));
    }

    private void refuses(String message) {
        String actual = assertThrows(CheckpointException.class, () -> Tokenizers.load(folder)).getMessage();
        assertTrue(actual.contains(folder.toString()) && actual.contains(message), actual);
    }

    private Tokenizer clip(String config) throws IOException {
        Files.writeString(folder.resolve("vocab.json"), vocabulary(CLIP));
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\n" + String.join("\n", MERGES) + "\n");
        Files.writeString(folder.resolve("tokenizer_config.json"), config);
        return Tokenizers.load(folder);
    }

    private Tokenizer bert(String config) throws IOException {
        Files.write(folder.resolve("vocab.txt"), BERT);
        Files.writeString(folder.resolve("tokenizer_config.json"), config);
        return Tokenizers.load(folder);
    }

    private static String vocabulary(List<String> tokens) {
        return IntStream.range(0, tokens.size()).mapToObj(i -> "\"" + tokens.get(i).replace("\\", "\\\\")
                .replace("\"", "\\\"") + "\": " + i).collect(Collectors.joining(", ", "{", "}"));
    }

    private static List<String> tokens(Tokenizer tokenizer, String text) {
        return Arrays.stream(tokenizer.encode(text)).mapToObj(tokenizer::token).toList();
    }
}
