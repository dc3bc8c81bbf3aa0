package dev.cathode.engine.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RgbImageTest {
    @Test
    void roundsHalvesToEvenAfterClamping() {
        // times 255: 0.5, 1.5, 2.5 exactly, below 0, above 1, infinite
        float[] red = {0.5f / 255, 1.5f / 255, 2.5f / 255, -0.3f, 1.2f, Float.POSITIVE_INFINITY};
        float[] planes = new float[18];
        System.arraycopy(red, 0, planes, 0, 6);
        byte[] pixels = RgbImage.ofPlanes(planes, 6, 1).pixels();
        int[] expected = {0, 2, 2, 0, 255, 255};
        for (int i = 0; i < 6; i++) {
            assertEquals(expected[i], pixels[3 * i] & 0xff, "pixel " + i);
            assertEquals(0, pixels[3 * i + 1]);
        }
    }

    @Test
    void planesComeBackUnchanged() {
        byte[] pixels = new byte[768];
        for (int i = 0; i < 768; i++) {
            pixels[i] = (byte) i;
        }
        RgbImage image = new RgbImage(16, 16, pixels);
        float[] planes = image.toPlanes();
        assertEquals(3 / 255f, planes[1]); // red of the second pixel
        assertEquals(1 / 255f, planes[256]); // green of the first
        assertEquals(image, RgbImage.ofPlanes(planes, 16, 16));
        assertEquals(image.hashCode(), RgbImage.ofPlanes(planes, 16, 16).hashCode());
        assertNotEquals(image, RgbImage.ofPlanes(new float[768], 16, 16));
    }

    /// Every gray as torchvision's ToTensor and Normalize([0.5], [0.5]) give it: two roundings to float32.
    @Test
    void centresAsTorchvisionDoes() {
        byte[] pixels = new byte[768];
        for (int i = 0; i < 768; i++) {
            pixels[i] = (byte) i;
        }
        RgbImage image = new RgbImage(16, 16, pixels);
        float[] pixelsFirst = image.toCentredPixels();
        float[] planesFirst = image.toCentredPlanes();
        assertEquals(-1, pixelsFirst[0]);
        assertEquals(1, pixelsFirst[255]);
        assertEquals((128 / 255f - 0.5f) * 2, pixelsFirst[128]);
        for (int i = 0; i < 256; i++) {
            for (int channel = 0; channel < 3; channel++) {
                assertEquals(pixelsFirst[3 * i + channel], planesFirst[256 * channel + i]);
            }
        }
    }

    /// Gray is resized once, not three times, to the same numbers.
    @Test
    void grayIsResizedLikeColours() {
        byte[] gray = new byte[20 * 30];
        for (int i = 0; i < gray.length; i++) {
            gray[i] = (byte) (i * i / 7);
        }
        RgbImage image = RgbImage.ofGray(gray, 20, 30);
        assertTrue(image.isGray());
        byte[] expected = Resampling.BICUBIC.resize(image.pixels(), 20, 30, 3, 7, 45);
        assertEquals(new RgbImage(7, 45, expected), image.resize(7, 45, Resampling.BICUBIC));
        byte[] spot = image.pixels().clone();
        spot[1] ^= 1;
        assertFalse(new RgbImage(20, 30, spot).isGray());
        assertThrows(IllegalArgumentException.class, () -> RgbImage.ofGray(gray, 20, 31));
    }

    @Test
    void lumaIsPillows() {
        // Pillow's convert("L") of pure red, green, blue, white and (10, 20, 30)
        byte[] pixels = {-1, 0, 0, 0, -1, 0, 0, 0, -1, -1, -1, -1, 10, 20, 30};
        assertArrayEquals(new float[] {76 / 255f, 150 / 255f, 29 / 255f, 1, 18 / 255f},
                new RgbImage(5, 1, pixels).luma());
    }

    @Test
    void refusesWhatIsNoPicture() {
        assertThrows(IllegalArgumentException.class, () -> new RgbImage(2, 2, new byte[11]));
        assertThrows(IllegalArgumentException.class, () -> new RgbImage(0, 2, new byte[0]));
        assertThrows(IllegalArgumentException.class, () -> RgbImage.ofPlanes(new float[11], 2, 2));
        assertThrows(IllegalArgumentException.class,
                () -> RgbImage.ofPlanes(new float[] {0, Float.NaN, 0}, 1, 1));
    }

    /// Two rows of two pictures of 1×1 pixels; what does not fill its rows is refused.
    @Test
    void gridsGoRowByRow() {
        List<RgbImage> four = new ArrayList<>();
        for (byte i = 0; i < 4; i++) {
            four.add(new RgbImage(1, 1, new byte[] {i, i, i}));
        }
        RgbImage grid = RgbImage.grid(four, 2);
        assertEquals(2, grid.width());
        assertEquals(2, grid.height());
        assertArrayEquals(new byte[] {0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3}, grid.pixels());
        assertThrows(IllegalArgumentException.class, () -> RgbImage.grid(four, 3));
    }
}
