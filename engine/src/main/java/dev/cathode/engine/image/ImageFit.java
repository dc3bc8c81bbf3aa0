package dev.cathode.engine.image;

/// How a picture of any proportions becomes a square: what torchvision's `Resize`, `CenterCrop` and `Pad` do to it.
public enum ImageFit {
    /// The short side becomes the square's, the middle of the long side is kept: `Resize(size)`, `CenterCrop(size)`.
    COVER,
    /// The whole picture in the middle of a black square, then `Resize(size)`. Of an odd number of black lines the
    /// larger part is on the right or below.
    CONTAIN,
    /// `Resize((size, size))`: the proportions are lost.
    STRETCH;

    /// The picture as a square of `size`×`size` pixels, resized straight line by straight line.
    public RgbImage apply(RgbImage image, int size) {
        return apply(image, size, Resampling.BILINEAR);
    }

    /// The picture as a square of `size`×`size` pixels.
    ///
    /// @return a new picture, or `image` itself if it is that square already
    /// @throws IllegalArgumentException if `size` is not positive
    public RgbImage apply(RgbImage image, int size, Resampling resampling) {
        if (size < 1) {
            throw new IllegalArgumentException("no picture can have " + size + " pixels a side");
        }
        int width = image.width();
        int height = image.height();
        return switch (this) {
            case COVER -> {
                int shorter = Math.min(width, height);
                RgbImage resized = image.resize(coverSide(width, shorter, size), coverSide(height, shorter, size),
                        resampling);
                yield resized.crop(middle(resized.width(), size), middle(resized.height(), size), size, size);
            }
            case CONTAIN -> {
                int longer = Math.max(width, height);
                yield image.pad((longer - width) / 2, (longer - height) / 2, longer, longer)
                        .resize(size, size, resampling);
            }
            case STRETCH -> image.resize(size, size, resampling);
        };
    }

    /// The side of the resized picture; what is left over after the point is dropped, as torchvision does.
    private static int coverSide(int side, int shorter, int size) {
        return Math.toIntExact((long) size * side / shorter);
    }

    /// Where the crop begins: half of what is too much, halves to even, as Python rounds.
    private static int middle(int side, int size) {
        return (int) Math.rint((side - size) / 2.0);
    }
}
