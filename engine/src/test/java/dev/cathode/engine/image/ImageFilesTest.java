package dev.cathode.engine.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFilesTest {
    private static final Map<String, String> TEXTS = new LinkedHashMap<>();

    static {
        TEXTS.put("parameters", "a chest\nSteps: 75, Größe: 512x512"); // Latin-1
        TEXTS.put("cathode", "{\"prompt\":\"胸部 X 線 – 😀\"}"); // beyond
        TEXTS.put("empty", "");
    }

    @TempDir
    Path folder;

    private static RgbImage picture(int width, int height) {
        byte[] pixels = new byte[width * height * 3];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i / 3 / width + 5 * (i / 3 % width) + 40 * (i % 3));
        }
        return new RgbImage(width, height, pixels);
    }

    @Test
    void pngKeepsPixelsAndTexts() throws IOException {
        RgbImage image = picture(33, 17);
        Path file = folder.resolve("a.png");
        ImageFiles.write(file, image, ImageFormat.PNG, 100, TEXTS);
        assertEquals(image, ImageFiles.read(file));
        assertEquals(TEXTS, ImageFiles.texts(file));
        assertEquals(List.of(file), files(), "no temporary file stays");
    }

    /// Somebody else's reader accepts the chunks and their check sums too.
    @Test
    void pngTextsAreThereForOthers() throws IOException {
        Path file = folder.resolve("a.png");
        ImageFiles.write(file, picture(8, 8), ImageFormat.PNG, 100, TEXTS);
        var reader = ImageIO.getImageReadersByFormatName("png").next();
        try (var in = ImageIO.createImageInputStream(file.toFile())) {
            reader.setInput(in);
            var tree = reader.getImageMetadata(0).getAsTree("javax_imageio_1.0");
            var texts = ((org.w3c.dom.Element) tree).getElementsByTagName("TextEntry");
            Map<String, String> found = new LinkedHashMap<>();
            for (int i = 0; i < texts.getLength(); i++) {
                var entry = (org.w3c.dom.Element) texts.item(i);
                found.put(entry.getAttribute("keyword"), entry.getAttribute("value"));
            }
            assertEquals(TEXTS, found);
        } finally {
            reader.dispose();
        }
    }

    @Test
    void jpegStaysCloseAndKeepsTexts() throws IOException {
        RgbImage image = picture(32, 16);
        Path fine = folder.resolve("fine.jpg");
        Path coarse = folder.resolve("coarse.jpg");
        ImageFiles.write(fine, image, ImageFormat.JPEG, 95, TEXTS);
        ImageFiles.write(coarse, image, ImageFormat.JPEG, 20, Map.of());
        assertEquals(TEXTS, ImageFiles.texts(fine));
        assertEquals(Map.of(), ImageFiles.texts(coarse));
        assertTrue(Files.size(coarse) < Files.size(fine));
        RgbImage read = ImageFiles.read(fine);
        assertEquals(32, read.width());
        double error = 0;
        for (int i = 0; i < read.pixels().length; i++) {
            error += Math.abs((read.pixels()[i] & 0xff) - (image.pixels()[i] & 0xff));
        }
        assertTrue(error / read.pixels().length < 8, "mean error " + error / read.pixels().length);
    }

    /// One channel, and every gray as it was: no gamma on the way.
    @Test
    void grayIsStoredWithOneChannel() throws IOException {
        byte[] pixels = new byte[256 * 3];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i / 3);
        }
        RgbImage image = new RgbImage(16, 16, pixels);
        assertTrue(image.isGray());
        Path png = folder.resolve("gray.png");
        ImageFiles.write(png, image, ImageFormat.PNG, 100, TEXTS);
        assertEquals(image, ImageFiles.read(png));
        assertEquals(TEXTS, ImageFiles.texts(png));
        assertEquals(1, ImageIO.read(png.toFile()).getRaster().getNumBands());
        Path jpeg = folder.resolve("gray.jpg");
        ImageFiles.write(jpeg, image, ImageFormat.JPEG, 100, TEXTS);
        assertEquals(1, ImageIO.read(jpeg.toFile()).getRaster().getNumBands());
        RgbImage read = ImageFiles.read(jpeg);
        assertTrue(read.isGray());
        for (int i = 0; i < pixels.length; i++) {
            assertEquals(pixels[i] & 0xff, read.pixels()[i] & 0xff, 2);
        }
        pixels[767] = 0;
        assertFalse(image.isGray());
    }

    @Test
    void jpegRefusesATextThatDoesNotFit() {
        Path file = folder.resolve("a.jpg");
        var e = assertThrows(IllegalArgumentException.class, () -> ImageFiles.write(file, picture(8, 8),
                ImageFormat.JPEG, 90, Map.of("prompt", "x".repeat(70_000))));
        assertTrue(e.getMessage().contains("'prompt'"), e.getMessage());
        assertEquals(List.of(), files());
    }

    @Test
    void grayIsTakenAsItIs() throws IOException {
        BufferedImage gray = new BufferedImage(3, 1, BufferedImage.TYPE_BYTE_GRAY);
        gray.getRaster().setPixels(0, 0, 3, 1, new int[] {0, 100, 255});
        assertPixels(gray, 0, 0, 0, 100, 100, 100, 255, 255, 255);
    }

    @Test
    void sixteenBitsAreRounded() throws IOException {
        BufferedImage gray = new BufferedImage(4, 1, BufferedImage.TYPE_USHORT_GRAY);
        gray.getRaster().setPixels(0, 0, 4, 1, new int[] {128, 129, 25700, 65535}); // 257 is one step of 8 bits
        assertPixels(gray, 0, 0, 0, 1, 1, 1, 100, 100, 100, 255, 255, 255);
    }

    @Test
    void alphaIsDropped() throws IOException {
        BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_INT_ARGB);
        image.setRGB(0, 0, 2, 1, new int[] {0x000a141e, 0xff28323c}, 0, 2);
        assertPixels(image, 10, 20, 30, 40, 50, 60);
    }

    @Test
    void palettesAreLookedUp() throws IOException {
        byte[] red = {10, 40};
        byte[] green = {20, 50};
        byte[] blue = {30, 60};
        BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_BINARY,
                new IndexColorModel(1, 2, red, green, blue));
        image.getRaster().setPixels(0, 0, 2, 1, new int[] {1, 0});
        assertPixels(image, 40, 50, 60, 10, 20, 30);
    }

    private void assertPixels(BufferedImage image, int... expected) throws IOException {
        Path file = folder.resolve("in.png");
        assertTrue(ImageIO.write(image, "png", file.toFile()));
        byte[] pixels = ImageFiles.read(file).pixels();
        int[] found = new int[pixels.length];
        Arrays.setAll(found, i -> pixels[i] & 0xff);
        assertEquals(Arrays.toString(expected), Arrays.toString(found));
    }

    @Test
    void readsOtherFormats() throws IOException {
        BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, 2, 1, new int[] {0x0a141e, 0x28323c}, 0, 2);
        for (String format : List.of("bmp", "tiff")) {
            Path file = folder.resolve("in." + format);
            assertTrue(ImageIO.write(image, format, file.toFile()));
            assertEquals(new RgbImage(2, 1, new byte[] {10, 20, 30, 40, 50, 60}), ImageFiles.read(file), format);
            assertEquals(Map.of(), ImageFiles.texts(file));
        }
    }

    @Test
    void namesTheFileThatIsNoPicture() throws IOException {
        Path text = Files.writeString(folder.resolve("notes.png"), "no picture at all");
        assertTrue(assertThrows(IOException.class, () -> ImageFiles.read(text)).getMessage().contains("notes.png"));
        Path whole = folder.resolve("whole.png");
        ImageFiles.write(whole, picture(64, 64), ImageFormat.PNG, 100, TEXTS);
        byte[] bytes = Files.readAllBytes(whole);
        for (int length : new int[] {0, 1, 9, 40, 60, bytes.length / 2}) {
            Path cut = Files.write(folder.resolve("cut" + length + ".png"), Arrays.copyOf(bytes, length));
            var e = assertThrows(IOException.class, () -> ImageFiles.read(cut), length + " bytes");
            assertTrue(e.getMessage().contains(cut.getFileName().toString()), e.getMessage());
        }
        Path cut = folder.resolve("cut60.png");
        assertThrows(IOException.class, () -> ImageFiles.texts(cut));
        assertThrows(NoSuchFileException.class, () -> ImageFiles.read(folder.resolve("absent.png")));
    }

    @Test
    void aFailedWriteLeavesTheOldFile() throws IOException {
        Path file = Files.createDirectories(folder.resolve("taken.png/inside")).getParent();
        assertThrows(IOException.class,
                () -> ImageFiles.write(file, picture(8, 8), ImageFormat.PNG, 100, Map.of()));
        assertEquals(List.of(file), files());
    }

    @Test
    void knowsFormatsByName() {
        assertEquals(ImageFormat.PNG, ImageFormat.ofName("a.PNG"));
        assertEquals(ImageFormat.JPEG, ImageFormat.ofName("a.jpeg"));
        assertEquals("jpg", ImageFormat.JPEG.extension());
        assertTrue(assertThrows(IllegalArgumentException.class, () -> ImageFormat.ofName("a.webp"))
                .getMessage().startsWith("a.webp"));
    }

    private List<Path> files() {
        try (var files = Files.list(folder)) {
            return files.toList();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
