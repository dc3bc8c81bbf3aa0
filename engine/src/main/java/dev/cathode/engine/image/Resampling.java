package dev.cathode.engine.image;

/// The filters that resize pictures of 8 bits a channel, equal to Pillow's bit for bit.
///
/// A filter widens when a picture shrinks, so nothing aliases. Rows first, then columns; the picture in between has
/// 8 bits as well. Weights are rounded to 22 bits after the point.
public enum Resampling {
    /// Straight lines between pixels.
    BILINEAR(1) {
        @Override
        double weight(double x) {
            double t = Math.abs(x);
            return t < 1 ? 1 - t : 0;
        }
    },
    /// Keys' cubic with a = -0.5.
    BICUBIC(2) {
        @Override
        double weight(double x) {
            double a = -0.5;
            double t = Math.abs(x);
            if (t < 1) {
                return ((a + 2) * t - (a + 3)) * t * t + 1;
            }
            return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
        }
    },
    /// A sinc windowed by its own middle, over three pixels.
    LANCZOS(3) {
        @Override
        double weight(double x) {
            return -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0;
        }
    };

    private static final int PRECISION_BITS = 22;
    private static final int HALF = 1 << (PRECISION_BITS - 1);

    private final double support;

    Resampling(double support) {
        this.support = support;
    }

    /// The filter at `x` pixels from its centre.
    abstract double weight(double x);

    private static double sinc(double x) {
        double t = x * Math.PI;
        return t == 0 ? 1 : Math.sin(t) / t;
    }

    /// Resizes `[height, width, channels]` to `[newHeight, newWidth, channels]`.
    ///
    /// @return a new array, or `pixels` itself if the size stays
    /// @throws IllegalArgumentException if a size is not positive or the array has another length
    public byte[] resize(byte[] pixels, int width, int height, int channels, int newWidth, int newHeight) {
        if (newWidth < 1 || newHeight < 1) {
            throw new IllegalArgumentException("no picture can have %d×%d pixels".formatted(newWidth, newHeight));
        }
        if (pixels.length != (long) width * height * channels) {
            throw new IllegalArgumentException("%d bytes are not %d×%d pixels of %d channels"
                    .formatted(pixels.length, width, height, channels));
        }
        byte[] rows = newWidth == width ? pixels : filter(pixels, height, taps(width, newWidth), channels);
        return newHeight == height ? rows : filter(rows, 1, taps(height, newHeight), newWidth * channels);
    }

    /// The pixels that each new pixel along one axis is a weighted sum of.
    ///
    /// @param first the index of the first of them
    /// @param weights their weights times 2^22
    private record Taps(int[] first, int[][] weights) { }

    private Taps taps(int size, int newSize) {
        double scale = (double) size / newSize;
        double stretch = Math.max(scale, 1);
        double radius = support * stretch;
        int[] first = new int[newSize];
        int[][] weights = new int[newSize][];
        for (int x = 0; x < newSize; x++) {
            double centre = (x + 0.5) * scale;
            first[x] = Math.max(0, (int) (centre - radius + 0.5));
            int end = Math.min(size, (int) (centre + radius + 0.5));
            double[] exact = new double[end - first[x]];
            double sum = 0;
            for (int k = 0; k < exact.length; k++) {
                exact[k] = weight((k + first[x] - centre + 0.5) / stretch);
                sum += exact[k];
            }
            weights[x] = new int[exact.length];
            for (int k = 0; k < exact.length; k++) {
                double scaled = exact[k] / sum * (1 << PRECISION_BITS);
                weights[x][k] = (int) (scaled < 0 ? scaled - 0.5 : scaled + 0.5); // halves away from zero
            }
        }
        return new Taps(first, weights);
    }

    /// Filters the middle axis of `[outer, size, inner]`.
    private static byte[] filter(byte[] in, int outer, Taps taps, int inner) {
        int size = in.length / outer / inner;
        int newSize = taps.first.length;
        byte[] out = new byte[Math.multiplyExact(outer * newSize, inner)];
        for (int i = 0; i < outer; i++) {
            for (int x = 0; x < newSize; x++) {
                int[] weights = taps.weights[x];
                int from = (i * size + taps.first[x]) * inner;
                int to = (i * newSize + x) * inner;
                for (int j = 0; j < inner; j++) {
                    int sum = HALF;
                    for (int k = 0; k < weights.length; k++) {
                        sum += (in[from + k * inner + j] & 0xff) * weights[k];
                    }
                    out[to + j] = (byte) Math.clamp(sum >> PRECISION_BITS, 0, 255);
                }
            }
        }
        return out;
    }
}
