package dev.cathode.roentgen.phantom;

/// What a radiologist says of a finding; the values are those of CheXpert's tables.
public enum Certainty {
    PRESENT(1), ABSENT(0), POSSIBLE(-1);

    private final int value;

    Certainty(int value) {
        this.value = value;
    }

    /// 1, 0 or -1.
    public int value() {
        return value;
    }
}
