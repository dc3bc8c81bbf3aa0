package dev.cathode.weights.file;

import java.util.Collection;
import java.util.Comparator;
import java.util.stream.Collectors;

/// "Did you mean": names that differ little from the one asked for.
public final class SimilarNames {
    private static final int SHOWN = 3;
    private static final int LONGEST = 200;
    private static final int MOST = 20_000;

    private SimilarNames() {
    }

    /// The end of a message: similar names, or nothing where there are no names.
    public static String hint(String name, Collection<String> names) {
        String wanted = name.substring(0, Math.min(LONGEST, name.length()));
        record Near(String name, int distance) {
        }
        String near = names.stream().limit(MOST).filter(n -> n.length() <= LONGEST)
                .map(n -> new Near(n, distance(wanted, n)))
                .sorted(Comparator.comparingInt(Near::distance).thenComparing(Near::name)).limit(SHOWN)
                .map(n -> Quote.of(n.name)).collect(Collectors.joining(", "));
        return near.isEmpty() ? "" : "; similar: " + near;
    }

    /// Levenshtein's distance.
    static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replace = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replace, 1 + Math.min(row[j - 1], row[j]));
            }
        }
        return row[b.length()];
    }
}
