package dev.cathode.roentgen.phantom;

/// The lobes of the lungs, with the lingula as one of its own.
public enum Lobe {
    RIGHT_UPPER(Side.RIGHT, "right upper lobe"),
    RIGHT_MIDDLE(Side.RIGHT, "right middle lobe"),
    RIGHT_LOWER(Side.RIGHT, "right lower lobe"),
    LEFT_UPPER(Side.LEFT, "left upper lobe"),
    LINGULA(Side.LEFT, "lingula"),
    LEFT_LOWER(Side.LEFT, "left lower lobe");

    private final Side side;
    private final String words;

    Lobe(Side side, String words) {
        this.side = side;
        this.words = words;
    }

    /// The lung it belongs to.
    public Side side() {
        return side;
    }

    /// "right upper lobe", "lingula".
    public String words() {
        return words;
    }
}
