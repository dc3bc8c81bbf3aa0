package dev.cathode.roentgen.data;

import java.nio.file.Path;
import java.util.OptionalInt;

/// A picture with its impression and labels: a row of a manifest.
///
/// @param view DICOM's `ViewPosition`
/// @param impression the radiologist's conclusion on one line; pictures of one study share it
/// @param clipTokens how many tokens CLIP's tokenizer makes of it, begin and end token included; empty if nobody
///         counted
public record MimicSample(String dicomId, int studyId, int subjectId, String view, Path imagePath, String impression,
                          OptionalInt clipTokens, Labels labels) {
    /// The same picture in another file.
    public MimicSample withImagePath(Path path) {
        return new MimicSample(dicomId, studyId, subjectId, view, path, impression, clipTokens, labels);
    }
}
