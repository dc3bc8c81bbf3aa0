package dev.cathode.engine.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResamplingTest {
    /// CRC-32 of what Pillow 12.3 makes of `picture`: both axes smaller, larger, mixed, one axis kept, extremes.
    @ParameterizedTest
    @CsvSource({
        "BILINEAR,37,53,16,24,664927d0",
        "BICUBIC,37,53,16,24,3a34fa76",
        "LANCZOS,37,53,16,24,bac0ac47",
        "BILINEAR,37,53,64,96,b3d338f6",
        "BICUBIC,37,53,64,96,1bc9540d",
        "LANCZOS,37,53,64,96,497cc12a",
        "BILINEAR,37,53,64,24,1755a2bb",
        "BICUBIC,37,53,64,24,d9ffe947",
        "LANCZOS,37,53,64,24,87c24ab7",
        "BILINEAR,37,53,16,96,510e4dee",
        "BICUBIC,37,53,16,96,3a123799",
        "LANCZOS,37,53,16,96,58a15805",
        "BILINEAR,64,64,64,32,c7a90c1a",
        "BICUBIC,64,64,64,32,8d2fb669",
        "LANCZOS,64,64,64,32,78da2cb7",
        "BILINEAR,300,5,8,64,ebc8e6cb",
        "BICUBIC,300,5,8,64,bbb93ebb",
        "LANCZOS,300,5,8,64,35bf5283",
        "BILINEAR,1,1,8,8,8bff08f2",
        "BICUBIC,1,1,8,8,8bff08f2",
        "LANCZOS,1,1,8,8,8bff08f2"
    })
    void equalsPillow(Resampling filter, int width, int height, int newWidth, int newHeight, String sum) {
        CRC32 crc = new CRC32();
        crc.update(picture(width, height).resize(newWidth, newHeight, filter).pixels());
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

    /// The input of CLIP's vision model: a gray ramp of 512×512, bicubic to 224×224.
    @Test
    void bicubicRamp() {
        byte[] ramp = new byte[512 * 512];
        for (int i = 0; i < ramp.length; i++) {
            ramp[i] = (byte) ((7 * (i / 512) + 13 * (i % 512)) / 8);
        }
        byte[] small = Resampling.BICUBIC.resize(ramp, 512, 512, 1, 224, 224);
        int[] start = {1, 5, 9, 12, 16, 20};
        for (int i = 0; i < start.length; i++) {
            assertEquals(start[i], small[i] & 0xff);
        }
        assertEquals(129, small[112 * 224 + 112] & 0xff);
        assertEquals(251, small[223 * 224 + 223] & 0xff);
        assertEquals(127.378767, mean(small, 0, small.length), 5e-7);
    }

    /// A picture of 600×700 whose short side becomes 512, with the middle 512 of 597 rows.
    @Test
    void bilinearCover() {
        byte[] tall = new byte[700 * 600];
        for (int i = 0; i < tall.length; i++) {
            tall[i] = (byte) ((3 * (i / 600) + 5 * (i % 600)) / 7);
        }
        byte[] resized = Resampling.BILINEAR.resize(tall, 600, 700, 1, 512, 597);
        int crop = 42 * 512;
        int[] start = {21, 21, 22, 23, 24};
        for (int i = 0; i < start.length; i++) {
            assertEquals(start[i], resized[crop + i] & 0xff);
        }
        assertEquals(108, resized[crop + 256 * 512 + 256] & 0xff);
        assertEquals(193, resized[crop + 511 * 512 + 511] & 0xff);
        assertEquals(127.458782, mean(resized, crop, crop + 512 * 512), 5e-7);
    }

    private static double mean(byte[] pixels, int from, int to) {
        long sum = 0;
        for (int i = from; i < to; i++) {
            sum += pixels[i] & 0xff;
        }
        return (double) sum / (to - from);
    }

    @Test
    void theSameSizeIsTheSamePicture() {
        byte[] pixels = {1, 2, 3, 4};
        assertSame(pixels, Resampling.LANCZOS.resize(pixels, 2, 2, 1, 2, 2));
    }

    @Test
    void refusesImpossibleSizes() {
        byte[] pixels = {1, 2, 3, 4};
        assertThrows(IllegalArgumentException.class, () -> Resampling.BICUBIC.resize(pixels, 2, 2, 1, 0, 2));
        assertThrows(IllegalArgumentException.class, () -> Resampling.BICUBIC.resize(pixels, 3, 2, 1, 1, 2));
    }
}
