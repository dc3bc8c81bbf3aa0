package dev.cathode.engine.train.recipe;

import dev.cathode.engine.train.recipe.RecipeEntries.Entry;
import dev.cathode.weights.file.Quote;
import dev.cathode.weights.file.SimilarNames;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/// A recipe while it is read. It remembers the keys it was asked for and refuses the others at the end.
final class RecipeFields {
    private final Map<String, Entry> entries;
    private final Set<String> asked = new HashSet<>();

    RecipeFields(Map<String, Entry> entries) {
        this.entries = entries;
    }

    String text(String key, String otherwise) {
        return text(key).orElse(otherwise);
    }

    Optional<String> text(String key) {
        return read(key, "a text", text -> text);
    }

    Optional<Path> path(String key) {
        return read(key, "a path", Path::of);
    }

    boolean flag(String key, boolean otherwise) {
        return read(key, "true or false", text -> switch (text.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(text);
        }).orElse(otherwise);
    }

    int integer(String key, int otherwise) {
        return optionalInteger(key).orElse(otherwise);
    }

    OptionalInt optionalInteger(String key) {
        return read(key, "a whole number", Integer::valueOf).map(OptionalInt::of).orElse(OptionalInt.empty());
    }

    long whole(String key, long otherwise) {
        return optionalWhole(key).orElse(otherwise);
    }

    OptionalLong optionalWhole(String key) {
        return read(key, "a whole number", Long::valueOf).map(OptionalLong::of).orElse(OptionalLong.empty());
    }

    double number(String key, double otherwise) {
        return optionalNumber(key).orElse(otherwise);
    }

    OptionalDouble optionalNumber(String key) {
        return read(key, "a number", RecipeFields::finite).map(OptionalDouble::of).orElse(OptionalDouble.empty());
    }

    /// A list of texts; one text alone is a list of one.
    List<String> texts(String key, List<String> otherwise) {
        asked.add(key);
        Entry entry = entries.get(key);
        return entry == null || entry.values().isEmpty() && !entry.list() ? otherwise : entry.values();
    }

    /// A constant of an enumeration, written in lower case.
    <E extends Enum<E>> E constant(String key, E otherwise, Class<E> constants) {
        return constant(key, constants).orElse(otherwise);
    }

    <E extends Enum<E>> Optional<E> constant(String key, Class<E> constants) {
        List<E> all = List.of(constants.getEnumConstants());
        return read(key, all.stream().map(RecipeFields::lower).collect(Collectors.joining(", ")),
                text -> all.stream().filter(c -> lower(c).equals(text)).findFirst().orElseThrow(
                        () -> new IllegalArgumentException(text)));
    }

    static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /// Refuses keys that no method has.
    ///
    /// @param known the keys of all methods
    void refuseUnknown(Set<String> known) {
        entries.forEach((key, entry) -> {
            if (!known.contains(key)) {
                throw new IllegalArgumentException(entry.where() + ": unknown key " + Quote.of(key)
                        + SimilarNames.hint(key, known));
            }
        });
    }

    /// Refuses keys with a value that nobody asked for.
    void refuseRest(TrainingMethod.Kind method) {
        entries.forEach((key, entry) -> {
            if (!asked.contains(key) && !entry.values().isEmpty()) {
                throw new IllegalArgumentException(entry.where() + ": " + key + " does not belong to method "
                        + lower(method) + "; take it away");
            }
        });
    }

    Set<String> asked() {
        return Set.copyOf(asked);
    }

    private <T> Optional<T> read(String key, String expected, Function<String, T> convert) {
        asked.add(key);
        Entry entry = entries.get(key);
        if (entry == null || entry.values().isEmpty() && !entry.list()) {
            return Optional.empty();
        }
        if (!entry.list()) {
            try {
                return Optional.of(convert.apply(entry.values().getFirst()));
            } catch (IllegalArgumentException e) {
                // refused below: a number that is none, a path with characters that no path has
            }
        }
        throw new IllegalArgumentException(entry.where() + ": " + key + " must be " + expected + ", not "
                + (entry.list() ? "a list" : Quote.of(entry.values().getFirst())));
    }

    private static double finite(String text) {
        // Double.valueOf takes "1d" and "0x1p3" too.
        if (!text.matches("[-+]?(\\d+\\.?\\d*|\\.\\d+)([eE][-+]?\\d+)?")) {
            throw new NumberFormatException(text);
        }
        return Double.parseDouble(text);
    }
}
