package dev.cathode.engine.data;

import dev.cathode.engine.image.RgbImage;
import java.io.IOException;

/// Pictures with captions, by position. Positions and captions are known before the first picture is read; reading a
/// picture may be done by several threads at once.
public interface ImageTextDataset {
    /// Where the pictures come from, for people.
    String description();

    /// How many there are.
    int size();

    /// The name of a picture that stays the same from run to run: a file name, a DICOM id.
    String id(int index);

    /// What the picture shows, in words; may be empty, is never null.
    String caption(int index);

    /// The picture as it is stored, at its full size.
    ///
    /// @throws IOException if it cannot be read; the message names the file
    RgbImage image(int index) throws IOException;
}
