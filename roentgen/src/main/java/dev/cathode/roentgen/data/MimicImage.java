package dev.cathode.roentgen.data;

/// A picture of MIMIC-CXR-JPG as its tables describe it.
///
/// @param view DICOM's `ViewPosition`, like `PA`; empty if nobody said
public record MimicImage(String dicomId, int studyId, int subjectId, Split split, String view) {
    /// The folder the picture is in, `p10` to `p19`.
    public String folder() {
        return MimicPaths.folder(subjectId);
    }
}
