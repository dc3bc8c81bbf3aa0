package dev.cathode.engine.train.recipe;

/// Ranges of a recipe's values; the messages begin with the key.
final class Require {
    private Require() {
    }

    static void positive(String key, double value) {
        that(value > 0, key, "must be positive", value);
    }

    static void notNegative(String key, double value) {
        that(value >= 0, key, "must not be negative", value);
    }

    static void positive(String key, long value) {
        that(value > 0, key, "must be positive", value);
    }

    static void notNegative(String key, long value) {
        that(value >= 0, key, "must not be negative", value);
    }

    /// 0 and 1 included.
    static void fraction(String key, double value) {
        that(value >= 0 && value <= 1, key, "must be between 0 and 1", value);
    }

    private static void that(boolean holds, String key, String what, Object value) {
        if (!holds) {
            throw new IllegalArgumentException(key + " " + what + ": " + value);
        }
    }
}
