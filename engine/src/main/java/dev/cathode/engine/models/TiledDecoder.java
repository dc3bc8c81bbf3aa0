package dev.cathode.engine.models;

import java.util.ArrayList;
import java.util.List;

/// Decodes large latents in overlapping tiles, so that memory does not grow with the picture. Neighbours are blended
/// linearly where they overlap; as diffusers' `AutoencoderKL.tiled_decode`. The result differs a little from decoding
/// at once, because group normalisation and attention see one tile only.
///
/// @param tileSize rows and columns of a tile of the latent; tiles at the lower and right edges are smaller
/// @param scaleFactor pixels for each pixel of the latent, along each side
/// @param overlap part of a tile that it shares with the next, in [0, 1)
public record TiledDecoder(int tileSize, int scaleFactor, double overlap) {
    private static final double DEFAULT_OVERLAP = 0.25;

    /// Checks.
    public TiledDecoder {
        if (tileSize < 1 || scaleFactor < 1 || !(overlap >= 0 && overlap < 1) || (int) (tileSize * (1 - overlap)) < 1) {
            throw new IllegalArgumentException("tile size " + tileSize + ", scale factor " + scaleFactor + ", overlap "
                    + overlap + ": the sizes must be at least 1, and tiles must advance");
        }
    }

    /// Tiles of the size the network was trained on, a quarter of which overlaps.
    public static TiledDecoder of(AutoencoderKLConfig config) {
        return new TiledDecoder(Math.max(1, config.sampleSize() / config.scaleFactor()), config.scaleFactor(),
                DEFAULT_OVERLAP);
    }

    /// A batch of images or latents.
    ///
    /// @param batch images
    /// @param channels channels
    /// @param height rows
    /// @param width columns
    /// @param values `[batch, channels, height, width]`
    public record Images(int batch, int channels, int height, int width, float[] values) {
        /// Checks the number of values.
        public Images {
            if (values.length != (long) batch * channels * height * width) {
                throw new IllegalArgumentException(values.length + " numbers are no images of [" + batch + ", "
                        + channels + ", " + height + ", " + width + "]");
            }
        }

        private Images(int batch, int channels, int height, int width) {
            this(batch, channels, height, width, new float[Math.multiplyExact(batch * channels, height * width)]);
        }

        private int row(int plane, int y) {
            return (plane * height + y) * width;
        }

        private Images cut(int y, int x, int rows, int columns) {
            Images part = new Images(batch, channels, rows, columns);
            copy(this, y, x, part, 0, 0, rows, columns);
            return part;
        }

        private static void copy(Images from, int y, int x, Images to, int toY, int toX, int rows, int columns) {
            for (int plane = 0; plane < from.batch * from.channels; plane++) {
                for (int r = 0; r < rows; r++) {
                    System.arraycopy(from.values, from.row(plane, y + r) + x, to.values, to.row(plane, toY + r) + toX,
                            columns);
                }
            }
        }
    }

    /// The network that decodes one tile.
    public interface Network {
        /// Latents `[N, C, h, w]` to pictures `[N, 3, h · scaleFactor, w · scaleFactor]`, whose numbers may be changed
        /// afterwards.
        Images decode(Images latent);
    }

    /// Latents to pictures; those not larger than a tile are decoded at once.
    public Images decode(Images latent, Network network) {
        if (latent.height <= tileSize && latent.width <= tileSize) {
            return network.decode(latent);
        }
        int step = (int) (tileSize * (1 - overlap));
        int keep = step * scaleFactor;
        int blend = tileSize * scaleFactor - keep;
        List<Images> above = List.of();
        Images result = null;
        for (int y = 0; y < latent.height; y += step) {
            List<Images> row = new ArrayList<>();
            for (int x = 0; x < latent.width; x += step) {
                Images tile = network.decode(latent.cut(y, x, Math.min(tileSize, latent.height - y),
                        Math.min(tileSize, latent.width - x)));
                // A tile is blended with neighbours that are blended already.
                if (y > 0) {
                    blendRows(above.get(x / step), tile, blend);
                }
                if (x > 0) {
                    blendColumns(row.getLast(), tile, blend);
                }
                row.add(tile);
                if (result == null) {
                    result = new Images(tile.batch, tile.channels, latent.height * scaleFactor,
                            latent.width * scaleFactor);
                }
                place(tile, result, y / step * keep, x / step * keep, keep);
            }
            above = row;
        }
        return result;
    }

    private static void place(Images tile, Images result, int y, int x, int keep) {
        int rows = Math.min(Math.min(keep, tile.height), result.height - y);
        int columns = Math.min(Math.min(keep, tile.width), result.width - x);
        if (rows > 0 && columns > 0) {
            Images.copy(tile, 0, 0, result, y, x, rows, columns);
        }
    }

    /// The first rows of `tile` become a mixture with the last of the tile above.
    private static void blendRows(Images above, Images tile, int extent) {
        int rows = Math.min(extent, Math.min(above.height, tile.height));
        for (int plane = 0; plane < tile.batch * tile.channels; plane++) {
            for (int y = 0; y < rows; y++) {
                float part = (float) y / rows;
                int from = above.row(plane, above.height - rows + y);
                int to = tile.row(plane, y);
                for (int x = 0; x < tile.width; x++) {
                    tile.values[to + x] = above.values[from + x] * (1 - part) + tile.values[to + x] * part;
                }
            }
        }
    }

    /// The first columns of `tile` become a mixture with the last of the tile to the left.
    private static void blendColumns(Images left, Images tile, int extent) {
        int columns = Math.min(extent, Math.min(left.width, tile.width));
        for (int plane = 0; plane < tile.batch * tile.channels; plane++) {
            for (int y = 0; y < tile.height; y++) {
                int from = left.row(plane, y) + left.width - columns;
                int to = tile.row(plane, y);
                for (int x = 0; x < columns; x++) {
                    float part = (float) x / columns;
                    tile.values[to + x] = left.values[from + x] * (1 - part) + tile.values[to + x] * part;
                }
            }
        }
    }
}
