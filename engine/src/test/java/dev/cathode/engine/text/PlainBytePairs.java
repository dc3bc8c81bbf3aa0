package dev.cathode.engine.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Byte pairs learned the slow way: all pairs of all words are counted before each step. ASCII letters only.
final class PlainBytePairs {
    private PlainBytePairs() { }

    /// The first tokens that are learned.
    static List<String> learn(List<String> texts, int count) {
        List<List<String>> words = new ArrayList<>();
        for (String text : texts) {
            List<String> symbols = new ArrayList<>(Arrays.asList(text.split("")));
            symbols.set(symbols.size() - 1, symbols.getLast() + "</w>");
            words.add(symbols);
        }
        Set<String> learned = new LinkedHashSet<>();
        while (learned.size() < count) {
            Map<List<String>, Integer> pairs = new HashMap<>();
            for (List<String> word : words) {
                for (int i = 0; i + 1 < word.size(); i++) {
                    pairs.merge(List.of(word.get(i), word.get(i + 1)), 1, Integer::sum);
                }
            }
            List<String> best = pairs.keySet().stream().min(Comparator.comparing((List<String> p) -> -pairs.get(p))
                    .thenComparing(List::getFirst).thenComparing(List::getLast)).orElseThrow();
            learned.add(best.getFirst() + best.getLast());
            for (List<String> word : words) {
                for (int i = 0; i + 1 < word.size(); i++) {
                    if (word.subList(i, i + 2).equals(best)) {
                        word.set(i, word.get(i) + word.remove(i + 1));
                    }
                }
            }
        }
        return List.copyOf(learned);
    }
}
