package dev.cathode.roentgen.classify;

import dev.cathode.engine.image.RgbImage;
import java.io.IOException;
import java.util.List;

/// Pictures and what is true of them, by position. Pictures may be read by several threads at once.
public interface LabelledImages {
    /// Names of the labels.
    List<String> labels();

    /// How many pictures there are.
    int size();

    /// The name of a picture that stays the same from run to run.
    String id(int index);

    /// What is true of a picture, in the order of [#labels]: 1 there, 0 not there, NaN not known.
    float[] truth(int index);

    /// The picture as it is stored.
    ///
    /// @throws IOException if it cannot be read; the message names the file
    RgbImage image(int index) throws IOException;
}
