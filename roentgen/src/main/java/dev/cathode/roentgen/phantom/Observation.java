package dev.cathode.roentgen.phantom;

/// A finding and what the radiologist says of it.
///
/// @param drawn whether the picture shows it: always if it is present, by a coin if it is possible, never if absent
public record Observation(Finding finding, Certainty certainty, boolean drawn) {
    /// Checks that picture and words agree.
    public Observation {
        if (certainty != Certainty.POSSIBLE && drawn != (certainty == Certainty.PRESENT)) {
            throw new IllegalArgumentException(finding + " is " + certainty + ", but drawn: " + drawn);
        }
    }
}
