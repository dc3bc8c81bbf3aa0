package dev.cathode.engine.models;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cathode.engine.models.TiledDecoder.Images;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TiledDecoderTest {
    /// A decoder that enlarges each pixel has no seams: tiles must give what the whole gives, in every place.
    @ParameterizedTest
    @CsvSource({"8, 4, 0.25, 20, 13", "8, 2, 0.5, 9, 8", "6, 3, 0.25, 25, 7", "5, 1, 0, 11, 12", "64, 8, 0.25, 65, 100"
    })
    void tilesOfAPointwiseDecoderEqualTheWhole(int tile, int scale, double overlap, int height, int width) {
        Images latent = new Images(2, 3, height, width, new float[2 * 3 * height * width]);
        for (int i = 0; i < latent.values().length; i++) {
            latent.values()[i] = i % 1009;
        }
        Images tiled = new TiledDecoder(tile, scale, overlap).decode(latent, part -> enlarge(part, scale));
        Images whole = enlarge(latent, scale);
        assertEquals(whole.height(), tiled.height());
        assertEquals(whole.width(), tiled.width());
        assertArrayEquals(whole.values(), tiled.values(), 1e-3f);
    }

    /// Two tiles of constant pictures 0 and 1: the second begins as the first and takes over linearly.
    @Test
    void neighboursAreBlendedLinearly() {
        var calls = new AtomicInteger();
        Images latent = new Images(1, 1, 4, 6, new float[24]);
        Images result = new TiledDecoder(4, 2, 0.5).decode(latent, part -> {
            float[] values = new float[4 * part.height() * part.width()];
            Arrays.fill(values, calls.getAndIncrement());
            return new Images(1, 1, 2 * part.height(), 2 * part.width(), values);
        });
        // Tiles begin at rows 0, 2 and columns 0, 2, 4; the last four of twelve columns come from the third tile.
        assertArrayEquals(new float[] {0, 0, 0, 0, 0, 0.25f, 0.5f, 0.75f, 1, 1.25f, 1.5f, 1.75f},
                Arrays.copyOf(result.values(), 12), 1e-6f);
    }

    @Test
    void smallLatentsAreDecodedAtOnce() {
        List<Images> seen = new ArrayList<>();
        Images latent = new Images(1, 4, 8, 8, new float[256]);
        new TiledDecoder(8, 2, 0.25).decode(latent, part -> {
            seen.add(part);
            return enlarge(part, 2);
        });
        assertEquals(List.of(latent), seen);
    }

    @Test
    void impossibleTilesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new TiledDecoder(8, 8, 1));
        assertThrows(IllegalArgumentException.class, () -> new TiledDecoder(1, 8, 0.5));
        assertThrows(IllegalArgumentException.class, () -> new Images(1, 1, 2, 2, new float[3]));
    }

    private static Images enlarge(Images x, int scale) {
        int height = x.height() * scale;
        int width = x.width() * scale;
        float[] y = new float[x.batch() * x.channels() * height * width];
        for (int i = 0; i < y.length; i++) {
            int plane = i / (height * width);
            int row = i / width % height / scale;
            int column = i % width / scale;
            y[i] = x.values()[(plane * x.height() + row) * x.width() + column];
        }
        return new Images(x.batch(), x.channels(), height, width, y);
    }
}
