package dev.cathode.engine.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageFitTest {
    /// CRC-32 of what Pillow 12.3 makes, computed by tools/goldens/image_fit.py. In 24×25 and 27×24 half a pixel and
    /// one and a half would be cut off: 0 and 2, as Python rounds.
    @ParameterizedTest
    @CsvSource({
        "COVER,BILINEAR,37,53,16,e71fe895",
        "COVER,BICUBIC,37,53,16,7a3ad45a",
        "COVER,LANCZOS,37,53,16,a9f23838",
        "COVER,BILINEAR,53,37,16,2aa7d25c",
        "COVER,BILINEAR,40,41,24,93228148",
        "COVER,BILINEAR,24,25,24,8aada606",
        "COVER,BILINEAR,27,24,24,ee6299e4",
        "COVER,BILINEAR,20,31,48,dd25d1dd",
        "COVER,BILINEAR,48,48,16,3905d203",
        "COVER,BILINEAR,16,16,16,07c2b700",
        "COVER,BILINEAR,300,5,8,9aeea7bd",
        "CONTAIN,BILINEAR,37,53,16,6db9ea63",
        "CONTAIN,BICUBIC,37,53,16,350a090f",
        "CONTAIN,LANCZOS,37,53,16,e053b0a1",
        "CONTAIN,BILINEAR,53,37,16,787f0ddb",
        "CONTAIN,BILINEAR,40,41,24,a12826b2",
        "CONTAIN,BILINEAR,24,25,24,a0b6d328",
        "CONTAIN,BILINEAR,27,24,24,d0807bae",
        "CONTAIN,BILINEAR,20,31,48,35c073ca",
        "CONTAIN,BILINEAR,48,48,16,3905d203",
        "CONTAIN,BILINEAR,16,16,16,07c2b700",
        "CONTAIN,BILINEAR,300,5,8,174bacaf",
        "STRETCH,BILINEAR,37,53,16,a24dba8a",
        "STRETCH,BICUBIC,37,53,16,7e91a2b3",
        "STRETCH,LANCZOS,37,53,16,7e407bb7",
        "STRETCH,BILINEAR,53,37,16,ae741adb",
        "STRETCH,BILINEAR,40,41,24,93228148",
        "STRETCH,BILINEAR,24,25,24,2655ce3c",
        "STRETCH,BILINEAR,27,24,24,4a1006f9",
        "STRETCH,BILINEAR,20,31,48,a7a10d3d",
        "STRETCH,BILINEAR,48,48,16,3905d203",
        "STRETCH,BILINEAR,16,16,16,07c2b700",
        "STRETCH,BILINEAR,300,5,8,e981405c"
    })
    void equalsPillow(ImageFit fit, Resampling filter, int width, int height, int size, String sum) {
        RgbImage fitted = fit.apply(picture(width, height), size, filter);
        assertEquals(size, fitted.width());
        assertEquals(size, fitted.height());
        CRC32 crc = new CRC32();
        crc.update(fitted.pixels());
        assertEquals(sum, "%08x".formatted(crc.getValue()));
    }

    private static RgbImage picture(int width, int height) {
        byte[] pixels = new byte[width * height * 3];
        int i = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < 3; c++) {
                    pixels[i++] = (byte) (7 * x * x + 13 * y * (c + 1) + x * y * (c + 2));
                }
            }
        }
        return new RgbImage(width, height, pixels);
    }

    /// A film of 700 rows and 600 columns to 512×512: the sizes of the paper's preparation.
    @Test
    void coversAFilm() {
        byte[] pixels = new byte[700 * 600 * 3];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) ((3 * (i / 3 / 600) + 5 * (i / 3 % 600)) / 7);
        }
        RgbImage fitted = ImageFit.COVER.apply(new RgbImage(600, 700, pixels), 512);
        int[] start = {21, 21, 22, 23, 24};
        for (int x = 0; x < start.length; x++) {
            assertEquals(start[x], gray(fitted, 0, x));
        }
        assertEquals(108, gray(fitted, 256, 256));
        assertEquals(193, gray(fitted, 511, 511));
        long sum = 0;
        for (byte value : fitted.pixels()) {
            sum += value & 0xff;
        }
        assertEquals(127.458782, sum / (double) fitted.pixels().length, 5e-7);
    }

    private static int gray(RgbImage image, int row, int column) {
        return image.pixels()[(row * image.width() + column) * 3] & 0xff;
    }

    @Test
    void whatFitsStaysAsItIs() {
        RgbImage square = picture(8, 8);
        for (ImageFit fit : ImageFit.values()) {
            assertSame(square, fit.apply(square, 8));
            assertThrows(IllegalArgumentException.class, () -> fit.apply(square, 0));
        }
    }

    @Test
    void cropsAndPads() {
        RgbImage image = new RgbImage(3, 2, new byte[] {1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6});
        assertEquals(new RgbImage(2, 1, new byte[] {5, 5, 5, 6, 6, 6}), image.crop(1, 1, 2, 1));
        assertEquals(image, image.pad(2, 1, 6, 4).crop(2, 1, 3, 2));
        byte[] padded = image.pad(0, 1, 3, 3).pixels();
        assertArrayEquals(new byte[9], Arrays.copyOf(padded, 9), "the new row above is black");
        assertThrows(IllegalArgumentException.class, () -> image.crop(1, 1, 3, 1));
        assertThrows(IllegalArgumentException.class, () -> image.crop(-1, 0, 2, 1));
        assertThrows(IllegalArgumentException.class, () -> image.pad(0, 0, 2, 2));
        assertThrows(IllegalArgumentException.class, () -> image.pad(0, 1, 3, 2));
    }
}
