package dev.cathode.engine.image;

import java.util.Locale;

/// The formats in which pictures are written.
public enum ImageFormat {
    /// Lossless.
    PNG("png"),
    /// Smaller, with losses.
    JPEG("jpg");

    private final String extension;

    ImageFormat(String extension) {
        this.extension = extension;
    }

    /// How names of such files end, without the dot.
    public String extension() {
        return extension;
    }

    /// The format of a file by the end of its name.
    ///
    /// @throws IllegalArgumentException if it is neither `.png` nor `.jpg` nor `.jpeg`
    public static ImageFormat ofName(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (lower.endsWith(".png")) {
            return PNG;
        }
        if (lower.endsWith(".jpg") || lower.endsWith(".jpeg")) {
            return JPEG;
        }
        throw new IllegalArgumentException(name + ": pictures are written as .png or .jpg");
    }
}
