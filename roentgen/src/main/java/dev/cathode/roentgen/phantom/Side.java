package dev.cathode.roentgen.phantom;

import java.util.Locale;

/// A side of the patient; in frontal films the other side of the picture.
public enum Side {
    /// The picture's left.
    RIGHT(-1),
    /// The picture's right.
    LEFT(1);

    private final int sign;

    Side(int sign) {
        this.sign = sign;
    }

    /// The sign of this side's coordinates: the patient's left is positive, as the picture's right is.
    public int sign() {
        return sign;
    }

    /// The other one.
    public Side opposite() {
        return this == LEFT ? RIGHT : LEFT;
    }

    /// "left" or "right".
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
