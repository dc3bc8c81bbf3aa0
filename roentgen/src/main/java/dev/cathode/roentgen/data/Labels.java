package dev.cathode.roentgen.data;

import dev.cathode.engine.data.TableRow;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// What a report says of each [Label]. Immutable.
public final class Labels {
    /// It is there.
    public static final int POSITIVE = 1;
    /// It is not there.
    public static final int NEGATIVE = 0;
    /// It may be there.
    public static final int UNCERTAIN = -1;
    /// Not a word about it: an empty cell.
    public static final int NOT_MENTIONED = -2;

    /// The columns, in order.
    static final List<String> TITLES = Stream.of(Label.values()).map(Label::title).toList();

    private final byte[] values;

    private Labels(byte[] values) {
        this.values = values;
    }

    /// Labels in the order of [Label].
    ///
    /// @throws IllegalArgumentException if there are not fourteen, or one has no meaning
    public static Labels of(int... values) {
        if (values.length != Label.values().length) {
            throw new IllegalArgumentException(values.length + " labels; there are " + Label.values().length);
        }
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            if (values[i] < NOT_MENTIONED || values[i] > POSITIVE) {
                throw new IllegalArgumentException(Label.values()[i].title() + " cannot be " + values[i]);
            }
            bytes[i] = (byte) values[i];
        }
        return new Labels(bytes);
    }

    /// The labels of a row of CheXpert's or NegBio's table: `1.0`, `0.0`, `-1.0` or nothing.
    ///
    /// @throws IllegalArgumentException if a cell is something else
    static Labels parse(TableRow row) {
        int[] values = new int[TITLES.size()];
        for (int i = 0; i < values.length; i++) {
            String cell = row.find(TITLES.get(i)).orElse("");
            values[i] = switch (cell) {
                case "1.0", "1" -> POSITIVE;
                case "0.0", "0" -> NEGATIVE;
                case "-1.0", "-1" -> UNCERTAIN;
                case "" -> NOT_MENTIONED;
                default -> throw new IllegalArgumentException(TITLES.get(i) + " is '" + cell
                        + "', not 1.0, 0.0, -1.0 or empty");
            };
        }
        return of(values);
    }

    /// The cells of a row.
    List<String> cells() {
        return Stream.of(Label.values()).map(label -> switch (get(label)) {
            case POSITIVE -> "1.0";
            case NEGATIVE -> "0.0";
            case UNCERTAIN -> "-1.0";
            default -> null;
        }).toList();
    }

    /// One of the four values above.
    public int get(Label label) {
        return values[label.ordinal()];
    }

    /// All values in the order of [Label].
    public int[] toArray() {
        int[] array = new int[values.length];
        Arrays.setAll(array, i -> values[i]);
        return array;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Labels labels && Arrays.equals(values, labels.values);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return Arrays.toString(values);
    }
}
