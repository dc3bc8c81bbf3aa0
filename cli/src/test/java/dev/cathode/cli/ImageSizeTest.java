package dev.cathode.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageSizeTest {
    @Test
    void widthComesFirst() {
        assertEquals(new ImageSize(512, 384), ImageSize.parse("512x384"));
        assertEquals(new ImageSize(512, 384), ImageSize.parse("512×384"));
        assertEquals(new ImageSize(640, 640), ImageSize.parse("640"));
        assertEquals("512x384", new ImageSize(512, 384).toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "512x", "0x512", "512*512", "-8x8", "512x512x3", "999999", "5e2"})
    void otherFormsAreRefused(String text) {
        var e = assertThrows(IllegalArgumentException.class, () -> ImageSize.parse(text));
        assertTrue(e.getMessage().contains("512x384"), e.getMessage());
    }

    @Test
    void fitsWholeMultiples() {
        assertEquals(new ImageSize(504, 8), new ImageSize(511, 8).whole(8));
    }
}
