package dev.cathode.roentgen.phantom;

import java.util.Locale;

/// How much there is of something.
public enum Size {
    SMALL, MODERATE, LARGE;

    /// "small", "moderate" or "large".
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// "mild", "moderate" or "severe".
    public String degree() {
        return switch (this) {
            case SMALL -> "mild";
            case MODERATE -> "moderate";
            case LARGE -> "severe";
        };
    }
}
