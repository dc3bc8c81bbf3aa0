package dev.cathode.roentgen.phantom.draw;

import dev.cathode.engine.image.RgbImage;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/// A gray picture of 8 bits a pixel. The array is the record's own: whoever hands it over must not change it any more.
///
/// @param pixels row by row: `[height, width]`, 0 black
public record GrayImage(int width, int height, byte[] pixels) {
    /// Checks the sizes.
    public GrayImage {
        if (width < 1 || height < 1 || pixels.length != Math.multiplyExact(width, height)) {
            throw new IllegalArgumentException("a gray image of %d×%d does not have %d bytes"
                    .formatted(width, height, pixels.length));
        }
    }

    /// The brightness of a pixel, 0 to 255.
    public int at(int x, int y) {
        return pixels[y * width + x] & 0xff;
    }

    /// The mean brightness of a part of the picture; `right` and `bottom` are not included.
    public double mean(int left, int top, int right, int bottom) {
        long sum = 0;
        for (int y = top; y < bottom; y++) {
            for (int x = left; x < right; x++) {
                sum += at(x, y);
            }
        }
        return (double) sum / ((long) (right - left) * (bottom - top));
    }

    /// The same with three equal channels.
    public RgbImage toRgb() {
        byte[] rgb = new byte[3 * pixels.length];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = pixels[i / 3];
        }
        return new RgbImage(width, height, rgb);
    }

    /// The bytes of a JPEG file with one component.
    ///
    /// @param quality from 1 to 100
    public byte[] toJpeg(int quality) {
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
        picture.getRaster().setDataElements(0, 0, width, height, pixels);
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            ImageWriteParam options = writer.getDefaultWriteParam();
            options.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            options.setCompressionQuality(quality / 100f);
            writer.setOutput(out);
            writer.write(null, new IIOImage(picture, null, null), options);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // nothing but memory is written
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GrayImage image && width == image.width && height == image.height
                && Arrays.equals(pixels, image.pixels);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * width + height) + Arrays.hashCode(pixels);
    }

    @Override
    public String toString() {
        return "GrayImage[" + width + "×" + height + "]";
    }
}
