package dev.cathode.engine.image;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import javax.imageio.IIOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/// Reads and writes picture files.
public final class ImageFiles {
    private ImageFiles() { }

    /// Reads a picture of any kind that Java knows (PNG, JPEG, BMP, GIF, TIFF): gray becomes three equal channels,
    /// palettes are looked up, 16 bits are rounded to 8, transparency is dropped. Numbers are taken as they are in the
    /// file: colour profiles and orientation marks are not applied.
    ///
    /// @throws IOException if the file cannot be read or is no picture; the message names it
    public static RgbImage read(Path file) throws IOException {
        BufferedImage image;
        try (var in = new BufferedInputStream(Files.newInputStream(file))) {
            ImageIO.setUseCache(false);
            image = ImageIO.read(in);
        } catch (IIOException | RuntimeException e) { // the readers throw both for broken files
            throw new IOException(file + ": broken or of an unknown kind: " + e.getMessage(), e);
        }
        if (image == null) {
            throw new IOException(file + ": not a picture (PNG, JPEG, BMP, GIF and TIFF can be read)");
        }
        return new RgbImage(image.getWidth(), image.getHeight(), pixels(image));
    }

    /// The numbers of the raster, not of `getRGB`, which would convert gray by its gamma.
    private static byte[] pixels(BufferedImage image) {
        Raster raster = image.getRaster();
        ColorModel colors = image.getColorModel();
        int bands = raster.getNumBands();
        int width = image.getWidth();
        byte[] pixels = new byte[Math.multiplyExact(width * 3, image.getHeight())];
        int[] row = new int[width * bands];
        int[] max = colors.getComponentSize();
        for (int y = 0, out = 0; y < image.getHeight(); y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
            for (int x = 0; x < width; x++) {
                for (int channel = 0; channel < 3; channel++) {
                    if (colors instanceof IndexColorModel palette) {
                        pixels[out++] = (byte) (palette.getRGB(row[x]) >> (16 - 8 * channel));
                    } else {
                        int band = bands < 3 ? 0 : channel; // one or two bands: gray, perhaps with transparency
                        int top = (1 << max[band]) - 1;
                        pixels[out++] = (byte) ((row[x * bands + band] * 255L + top / 2) / top);
                    }
                }
            }
        }
        return pixels;
    }

    /// Writes a picture under a temporary name in the same folder and moves it into place. One of nothing but gray is
    /// stored with one channel: a third of the numbers, and a JPEG without colours that are not there.
    ///
    /// @param quality of a JPEG file, 1 to 100; PNG files do not lose anything
    /// @param texts what the file says about itself, see [#texts(Path)]
    /// @throws IOException if the file cannot be written
    public static void write(Path file, RgbImage image, ImageFormat format, int quality, Map<String, String> texts)
            throws IOException {
        byte[] bytes = switch (format) {
            case PNG -> ImageText.insertPng(encode(image, format, 1), texts);
            case JPEG -> ImageText.insertJpeg(encode(image, format, quality / 100f), texts);
        };
        Path temporary = file.resolveSibling("." + file.getFileName() + ".part");
        try {
            Files.write(temporary, bytes);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /// A picture as a PNG file.
    ///
    /// @throws IOException if the encoder fails
    public static byte[] png(RgbImage image) throws IOException {
        return encode(image, ImageFormat.PNG, 1);
    }

    private static byte[] encode(RgbImage image, ImageFormat format, float quality) throws IOException {
        BufferedImage picture = image.isGray() ? gray(image) : colours(image);
        ImageWriter writer = ImageIO.getImageWritersByFormatName(format.name()).next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            ImageWriteParam options = writer.getDefaultWriteParam();
            if (format == ImageFormat.JPEG) {
                options.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
                options.setCompressionQuality(quality);
            }
            writer.setOutput(out);
            writer.write(null, new IIOImage(picture, null, null), options);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    private static BufferedImage gray(RgbImage image) {
        BufferedImage picture = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_BYTE_GRAY);
        // setRGB would bend the grays
        picture.getRaster().setDataElements(0, 0, image.width(), image.height(), image.gray());
        return picture;
    }

    private static BufferedImage colours(RgbImage image) {
        BufferedImage picture = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
        byte[] pixels = image.pixels();
        int[] rgb = new int[image.width() * image.height()];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (pixels[3 * i] & 0xff) << 16 | (pixels[3 * i + 1] & 0xff) << 8 | pixels[3 * i + 2] & 0xff;
        }
        picture.setRGB(0, 0, image.width(), image.height(), rgb, 0, image.width());
        return picture;
    }

    /// The texts that a PNG or JPEG file carries, by name, without decoding its pixels; none for other files.
    ///
    /// @throws IOException if the file cannot be read or breaks off
    public static Map<String, String> texts(Path file) throws IOException {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
            return ImageText.read(in);
        }
    }
}
