package dev.cathode.engine.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cathode.weights.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/// Every text of the golden files, with every vocabulary they have.
class TokenizerGoldenTest {
    /// Where a copy of the published CLIP vocabulary lies, if there is one.
    private static final String PUBLISHED = "cathode.clip.vocabulary";

    private final Goldens.Topic goldens = Goldens.topic("tokenizer");
    private final List<JsonNode> texts = goldens.json("encodings.json").get("texts").valueStream().toList();

    @TestFactory
    Stream<DynamicTest> wholeTextsEqualTransformers() {
        return vocabularies().flatMap(name -> {
            Tokenizer tokenizer = Tokenizers.load(goldens.path(name));
            return texts.stream().map(row -> DynamicTest.dynamicTest(name + " " + row.get("text"), () ->
                    compare(tokenizer, row.get("text").asString(), row.get(name))));
        });
    }

    private static void compare(Tokenizer tokenizer, String text, JsonNode expected) {
        int[] ids = tokenizer.encode(text);
        assertEquals(expected.get("tokens").valueStream().map(JsonNode::asString).toList(),
                Arrays.stream(ids).mapToObj(tokenizer::token).toList());
        assertArrayEquals(ids(expected.get("ids")), ids);
    }

    @TestFactory
    Stream<DynamicTest> paddedRowsEqualTransformers() {
        String file = "padded.safetensors";
        return vocabularies().map(name -> DynamicTest.dynamicTest(name, () -> {
            Tokenizer tokenizer = Tokenizers.load(goldens.path(name));
            long[] ids = goldens.longs(file, name + ".input_ids");
            long[] masks = goldens.longs(file, name + ".attention_mask");
            int length = goldens.shape(file, name + ".input_ids")[1];
            int truncated = 0;
            for (int row = 0; row < texts.size(); row++) {
                String text = texts.get(row).get("text").asString();
                Encoding encoding = tokenizer.encode(text, length);
                assertArrayEquals(Arrays.copyOfRange(ids, row * length, (row + 1) * length), longs(encoding.ids()),
                        text);
                assertArrayEquals(Arrays.copyOfRange(masks, row * length, (row + 1) * length),
                        longs(encoding.attentionMask()), text);
                assertEquals(texts.get(row).get(name).get("ids").size() > length, encoding.truncated(), text);
                truncated += encoding.truncated() ? 1 : 0;
            }
            assertFalse(truncated == 0, "no text was long enough to be cut");
        }));
    }

    @TestFactory
    Stream<DynamicTest> sizesAreThoseOfTheVocabularies() {
        return goldens.json().get("sizes").propertyStream().map(size -> DynamicTest.dynamicTest(size.getKey(), () ->
                assertEquals(size.getValue().asInt(), Tokenizers.load(goldens.path(size.getKey())).vocabularySize())));
    }

    @Test
    void publishedClipVocabulary() throws IOException, NoSuchAlgorithmException {
        Path beside = Goldens.root().resolve("tokenizer_clip_vit");
        String named = System.getProperty(PUBLISHED, System.getenv().getOrDefault("CATHODE_CLIP_VOCABULARY", ""));
        Path folder = named.isEmpty() ? beside : Path.of(named);
        assumeTrue(Files.exists(folder.resolve("vocab.json")), "the published CLIP vocabulary is not part of the golden"
                + " files: to test with it name a folder with its vocab.json and merges.txt by -D" + PUBLISHED
                + " or CATHODE_CLIP_VOCABULARY, or copy them to " + beside);
        Goldens.Topic published = Goldens.topic("tokenizer_clip_vit");
        for (Map.Entry<String, JsonNode> file : published.json().get("vocabulary_sha256").properties()) {
            byte[] bytes = Files.readAllBytes(folder.resolve(file.getKey()));
            assertEquals(file.getValue().asString(),
                    HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)), file.getKey());
        }
        Tokenizer tokenizer = ClipTokenizer.load(folder);
        for (JsonNode row : published.json("encodings.json").get("texts")) {
            String text = row.get("text").asString();
            assertArrayEquals(ids(row.get("ids")), tokenizer.encode(text), text);
        }
    }

    /// Folders of the topic that have a tokenizer and encodings.
    private Stream<String> vocabularies() {
        return goldens.json().get("sizes").propertyStream().map(Map.Entry::getKey);
    }

    private static int[] ids(JsonNode array) {
        return array.valueStream().mapToInt(JsonNode::asInt).toArray();
    }

    private static long[] longs(int[] values) {
        return Arrays.stream(values).asLongStream().toArray();
    }
}
