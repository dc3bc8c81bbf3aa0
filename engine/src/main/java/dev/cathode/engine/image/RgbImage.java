package dev.cathode.engine.image;

import java.util.Arrays;
import java.util.List;

/// A picture of 8 bits a channel. The array is the record's own: whoever hands it over must not change it any more.
///
/// @param width pixels in a row
/// @param height rows
/// @param pixels red, green, blue of each pixel, row by row: `[height, width, 3]`
public record RgbImage(int width, int height, byte[] pixels) {
    private static final int CHANNELS = 3;

    /// Checks the sizes.
    public RgbImage {
        if (width < 1 || height < 1
                || pixels.length != Math.multiplyExact(CHANNELS, Math.multiplyExact(width, height))) {
            throw new IllegalArgumentException("an RGB image of %d×%d does not have %d bytes"
                    .formatted(width, height, pixels.length));
        }
    }

    /// Pictures of one size side by side, row by row.
    ///
    /// @param columns pictures in a row; the last row must be full
    /// @throws IllegalArgumentException if sizes differ or a place stays empty
    public static RgbImage grid(List<RgbImage> pictures, int columns) {
        int width = pictures.getFirst().width;
        int height = pictures.getFirst().height;
        if (pictures.size() % columns != 0 || pictures.stream().anyMatch(p -> p.width != width || p.height != height)) {
            throw new IllegalArgumentException(pictures.size() + " pictures do not fill rows of " + columns
                    + ", or are not of one size");
        }
        byte[] grid = new byte[pictures.size() * pictures.getFirst().pixels.length];
        int row = CHANNELS * width;
        for (int i = 0; i < pictures.size(); i++) {
            for (int y = 0; y < height; y++) {
                System.arraycopy(pictures.get(i).pixels, y * row, grid,
                        ((i / columns * height + y) * columns + i % columns) * row, row);
            }
        }
        return new RgbImage(columns * width, pictures.size() / columns * height, grid);
    }

    /// The picture of planes from -1, black, to 1, white: what [#toCentredPlanes] gives, and what is beyond cut off.
    ///
    /// @param planes `[3, height, width]`
    public static RgbImage ofCentredPlanes(float[] planes, int width, int height) {
        float[] shifted = new float[planes.length];
        for (int i = 0; i < planes.length; i++) {
            shifted[i] = planes[i] / 2 + 0.5f;
        }
        return ofPlanes(shifted, width, height);
    }

    /// The picture that a network's output describes: each number is clamped to [0, 1], multiplied by 255 and rounded
    /// to the nearest whole number, halves to even, as NumPy rounds.
    ///
    /// @param planes `[3, height, width]`, 0 black and 1 white
    /// @throws IllegalArgumentException if the count does not fit or a value is not a number
    public static RgbImage ofPlanes(float[] planes, int width, int height) {
        int plane = Math.multiplyExact(width, height);
        if (planes.length != Math.multiplyExact(CHANNELS, plane)) {
            throw new IllegalArgumentException("3 planes of %d×%d are not %d numbers"
                    .formatted(width, height, planes.length));
        }
        byte[] pixels = new byte[planes.length];
        for (int i = 0; i < plane; i++) {
            for (int channel = 0; channel < CHANNELS; channel++) {
                pixels[i * CHANNELS + channel] = quantise(planes[channel * plane + i]);
            }
        }
        return new RgbImage(width, height, pixels);
    }

    /// A picture of nothing but gray.
    ///
    /// @param gray `[height, width]`, 0 black and 255 white
    public static RgbImage ofGray(byte[] gray, int width, int height) {
        byte[] pixels = new byte[Math.multiplyExact(gray.length, CHANNELS)];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = gray[i / CHANNELS];
        }
        return new RgbImage(width, height, pixels);
    }

    private static byte quantise(float value) {
        if (Float.isNaN(value)) {
            throw new IllegalArgumentException("the picture has values that are not numbers (NaN)");
        }
        return (byte) Math.rint(Math.clamp(value, 0f, 1f) * 255f);
    }

    /// Whether red, green and blue are equal everywhere.
    public boolean isGray() {
        for (int i = 0; i < pixels.length; i += CHANNELS) {
            if (pixels[i] != pixels[i + 1] || pixels[i] != pixels[i + 2]) {
                return false;
            }
        }
        return true;
    }

    /// The first channel: all there is to a gray picture, `[height, width]`.
    byte[] gray() {
        byte[] gray = new byte[pixels.length / CHANNELS];
        for (int i = 0; i < gray.length; i++) {
            gray[i] = pixels[CHANNELS * i];
        }
        return gray;
    }

    /// The picture as a network's input: `[3, height, width]`, from 0 to 1.
    public float[] toPlanes() {
        int plane = width * height;
        float[] planes = new float[pixels.length];
        for (int i = 0; i < plane; i++) {
            for (int channel = 0; channel < CHANNELS; channel++) {
                planes[channel * plane + i] = (pixels[i * CHANNELS + channel] & 0xff) / 255f;
            }
        }
        return planes;
    }

    /// The picture as a diffusion model's input: `[3, height, width]`, from -1 to 1, computed as torchvision's
    /// `ToTensor` and `Normalize([0.5], [0.5])` do.
    public float[] toCentredPlanes() {
        float[] planes = toPlanes();
        for (int i = 0; i < planes.length; i++) {
            planes[i] = (planes[i] - 0.5f) / 0.5f;
        }
        return planes;
    }

    /// The same numbers as [#toCentredPlanes] in the order of the pixels: `[height, width, 3]`.
    public float[] toCentredPixels() {
        float[] values = new float[pixels.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = ((pixels[i] & 0xff) / 255f - 0.5f) / 0.5f;
        }
        return values;
    }

    /// Brightness as ITU-R 601-2 weighs it, with Pillow's integer arithmetic: `[height, width]`, from 0 to 1.
    public float[] luma() {
        float[] gray = new float[width * height];
        for (int i = 0; i < gray.length; i++) {
            int red = pixels[i * CHANNELS] & 0xff;
            int green = pixels[i * CHANNELS + 1] & 0xff;
            int blue = pixels[i * CHANNELS + 2] & 0xff;
            gray[i] = ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16) / 255f;
        }
        return gray;
    }

    /// This picture at another size, as Pillow resizes it; the proportions are not kept.
    ///
    /// @return a new picture, or this one if the size stays
    public RgbImage resize(int newWidth, int newHeight, Resampling resampling) {
        if (newWidth == width && newHeight == height) {
            return this;
        }
        if (isGray()) { // a third of the work
            return ofGray(resampling.resize(gray(), width, height, 1, newWidth, newHeight), newWidth, newHeight);
        }
        return new RgbImage(newWidth, newHeight,
                resampling.resize(pixels, width, height, CHANNELS, newWidth, newHeight));
    }

    /// A part of this picture.
    ///
    /// @return a new picture, or this one if nothing is cut off
    /// @throws IllegalArgumentException if the part is not inside
    public RgbImage crop(int left, int top, int newWidth, int newHeight) {
        if (left < 0 || top < 0 || newWidth > width - left || newHeight > height - top) {
            throw new IllegalArgumentException("%d×%d pixels from (%d, %d) are not inside a picture of %d×%d"
                    .formatted(newWidth, newHeight, left, top, width, height));
        }
        if (newWidth == width && newHeight == height) {
            return this;
        }
        byte[] part = new byte[Math.multiplyExact(CHANNELS * newWidth, newHeight)];
        for (int y = 0; y < newHeight; y++) {
            System.arraycopy(pixels, ((top + y) * width + left) * CHANNELS, part, y * newWidth * CHANNELS,
                    newWidth * CHANNELS);
        }
        return new RgbImage(newWidth, newHeight, part);
    }

    /// This picture on a larger black one.
    ///
    /// @param left black columns before it
    /// @param top black rows above it
    /// @return a new picture, or this one if nothing is added
    /// @throws IllegalArgumentException if it does not fit
    public RgbImage pad(int left, int top, int newWidth, int newHeight) {
        if (left < 0 || top < 0 || width > newWidth - left || height > newHeight - top) {
            throw new IllegalArgumentException("a picture of %d×%d from (%d, %d) does not fit into %d×%d"
                    .formatted(width, height, left, top, newWidth, newHeight));
        }
        if (newWidth == width && newHeight == height) {
            return this;
        }
        byte[] whole = new byte[Math.multiplyExact(CHANNELS * newWidth, newHeight)];
        for (int y = 0; y < height; y++) {
            System.arraycopy(pixels, y * width * CHANNELS, whole, ((top + y) * newWidth + left) * CHANNELS,
                    width * CHANNELS);
        }
        return new RgbImage(newWidth, newHeight, whole);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RgbImage image && width == image.width && height == image.height
                && Arrays.equals(pixels, image.pixels);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * width + height) + Arrays.hashCode(pixels);
    }

    @Override
    public String toString() {
        return "RgbImage[" + width + "×" + height + "]";
    }
}
