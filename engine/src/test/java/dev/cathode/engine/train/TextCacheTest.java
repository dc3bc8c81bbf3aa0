package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextCacheTest {
    private static final int CAPTIONS = 100;

    @TempDir
    Path folder;

    private final List<String> encoded = new ArrayList<>();

    private float[] encode(String caption) {
        encoded.add(caption);
        return new float[] {caption.length(), caption.hashCode(), -0f};
    }

    private void seeAllTwice(TextCache cache) {
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < CAPTIONS; i++) {
                String caption = "caption " + i;
                assertArrayEquals(new float[] {caption.length(), caption.hashCode(), -0f},
                        cache.states(caption, this::encode));
            }
        }
    }

    @Test
    void aFileKeepsAllAndGoesWithTheRun() throws IOException {
        Path file = folder.resolve("text.cache");
        Files.writeString(file, "of a run that was killed");
        try (TextCache cache = new TextCache.All(file, 3)) {
            seeAllTwice(cache);
            assertEquals(CAPTIONS, encoded.size());
        }
        assertFalse(Files.exists(file));
    }

    @Test
    void memoryKeepsTheLatest() {
        int large = (256 << 20) / Float.BYTES / 10; // room for ten
        try (TextCache cache = new TextCache.Latest(large)) {
            seeAllTwice(cache);
            assertEquals(2 * CAPTIONS, encoded.size());
            cache.states("caption " + (CAPTIONS - 1), this::encode);
            assertEquals(2 * CAPTIONS, encoded.size());
        }
    }
}
