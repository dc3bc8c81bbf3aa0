package dev.cathode.roentgen.phantom;

/// One film of a study.
///
/// @param dicomId five groups of eight hexadecimal digits, as in MIMIC-CXR
/// @param aspect the film's width over its height
public record Radiograph(View view, String dicomId, Pose pose, double aspect) {

    /// Pixels in a row if the shorter side has `shortSide`.
    public int width(int shortSide) {
        return (int) Math.round(shortSide * Math.max(1, aspect));
    }

    /// Rows if the shorter side has `shortSide` pixels.
    public int height(int shortSide) {
        return (int) Math.round(shortSide * Math.max(1, 1 / aspect));
    }
}
