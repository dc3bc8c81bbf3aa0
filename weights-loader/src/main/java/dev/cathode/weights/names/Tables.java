package dev.cathode.weights.names;

import java.util.Collection;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// What all tables of names need.
final class Tables {
    private Tables() {
    }

    static Map<String, String> inverse(Map<String, String> table) {
        return table.entrySet().stream().collect(Collectors.toUnmodifiableMap(Map.Entry::getValue, Map.Entry::getKey));
    }

    /// All before the last dot.
    static String module(String name) {
        return name.substring(0, Math.max(0, name.lastIndexOf('.')));
    }

    /// The last dot and what follows.
    static String leaf(String name) {
        return name.substring(Math.max(0, name.lastIndexOf('.')));
    }

    /// The largest number that the pattern's first group finds, or -1.
    static int largest(Collection<String> names, Pattern pattern) {
        return numbers(names, pattern).max().orElse(-1);
    }

    /// The smallest number that the pattern's first group finds, or -1.
    static int smallest(Collection<String> names, Pattern pattern) {
        return numbers(names, pattern).min().orElse(-1);
    }

    private static IntStream numbers(Collection<String> names, Pattern pattern) {
        return names.stream().map(pattern::matcher).filter(Matcher::matches)
                .mapToInt(match -> Integer.parseInt(match.group(1)));
    }
}
