package dev.cathode.roentgen.data;

/// What an uncertain label counts as. What is not mentioned is always negative.
public enum LabelPolicy {
    /// Positive: what the counts in the paper's Table 1 are made with.
    UONES,
    /// Negative.
    UZEROS,
    /// Neither: such an image does not take part for that label.
    IGNORE;

    /// The value to learn and to judge by.
    ///
    /// @param label a value of [Labels]
    /// @return 1, 0, or [Labels#UNCERTAIN] for what [#IGNORE] leaves out
    public int apply(int label) {
        return switch (label) {
            case Labels.POSITIVE -> 1;
            case Labels.UNCERTAIN -> switch (this) {
                case UONES -> 1;
                case UZEROS -> 0;
                case IGNORE -> Labels.UNCERTAIN;
            };
            case Labels.NEGATIVE, Labels.NOT_MENTIONED -> 0;
            default -> throw new IllegalArgumentException(label + " is no label");
        };
    }
}
