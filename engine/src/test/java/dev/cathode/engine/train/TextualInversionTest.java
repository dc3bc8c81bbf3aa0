package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.text.Tokenizer;
import dev.cathode.engine.text.Tokenizers;
import dev.cathode.weights.Checkpoint;
import dev.cathode.weights.Checkpoints;
import dev.cathode.weights.Conversions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs of `method: textual_inversion`: the written folder knows the token, and nothing else changed.
class TextualInversionTest {
    private static final String INVERSION = "method: textual_inversion\nplaceholder_token: \"<stripes>\"\n"
            + "max_train_steps: 4\nlearning_rate: 1e-2\n";
    private static final String TABLE = "text_model.embeddings.token_embedding.weight";

    @TempDir
    private Path folder;

    @Test
    void theFolderKnowsTheToken() throws Exception {
        Runs.train(folder.resolve("run"), new Stripes(), INVERSION + "initializer_token: effusion\n"
                + "validation_prompts: [\"a <stripes>\"]\nnum_validation_images: 1");
        Path model = folder.resolve("run/model");
        Tokenizer tokenizer = Tokenizers.load(model.resolve("tokenizer"));
        int[] ids = tokenizer.encode("a film of <stripes>, unchanged");
        int id = tokenizer.id("<stripes>").orElseThrow();
        assertTrue(IntStream.of(ids).anyMatch(i -> i == id), Arrays.toString(ids));
        try (Checkpoint learned = Checkpoints.open(model.resolve(NewTokenWriter.FILE));
                Checkpoint after = Checkpoints.open(model.resolve("text_encoder/model.safetensors"));
                Checkpoint before = Checkpoints.open(Runs.MODEL.resolve("text_encoder/model.safetensors"))) {
            float[] row = Conversions.toFloats(learned.tensor("<stripes>"));
            float[] table = Conversions.toFloats(after.tensor(TABLE));
            float[] old = Conversions.toFloats(before.tensor(TABLE));
            assertArrayEquals(old, Arrays.copyOf(table, old.length));
            assertArrayEquals(row, Arrays.copyOfRange(table, id * row.length, (id + 1) * row.length));
            int initial = tokenizer.encode("effusion")[1];
            float[] start = Arrays.copyOfRange(old, initial * row.length, (initial + 1) * row.length);
            assertFalse(Arrays.equals(start, row));
            for (int i = 0; i < row.length; i++) {
                // Four steps of Adam, the learning rate times the two samples of a step each.
                assertEquals(start[i], row[i], 4 * 2e-2 * 1.1);
            }
        }
        Runs.draw(model, "a <stripes>");
        assertTrue(Files.exists(folder.resolve("run/checkpoint-3/" + NewTokenWriter.FILE)));
    }

    @Test
    void tokensThatDoNotFitAreRefused() {
        assertMessage("initializer_token: \"left effusion\"", "is 2 tokens");
        assertMessage("initializer_token: left\nplaceholder_token: left</w>", "in the vocabulary already");
    }

    private void assertMessage(String settings, String part) {
        String all = settings.contains("placeholder") ? INVERSION.replace("placeholder_token: \"<stripes>\"\n", "")
                : INVERSION;
        String message = assertThrows(IllegalArgumentException.class, () ->
                Runs.train(folder, new Stripes(), all + settings)).getMessage();
        assertTrue(message.contains(part), message);
    }
}
