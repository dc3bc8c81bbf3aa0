package dev.cathode.engine.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/// Learns byte pairs from texts: the most frequent pair of neighbours within words is joined to a new token, again and
/// again. Pairs of equal frequency come in the order of their characters, so the same texts always give the same
/// vocabulary, whatever their order.
///
/// Sennrich, Haddow and Birch, [Neural Machine Translation of Rare Words with Subword
/// Units](https://arxiv.org/abs/1508.07909). Words are those of [ClipTokenizer].
public final class BytePairTraining {
    /// Tokens of the smallest vocabulary: bytes, bytes that end a word, `<|startoftext|>` and `<|endoftext|>`.
    public static final int SMALLEST = 2 * 256 + 2;

    private final List<String> tokens = new ArrayList<>();
    private final Map<String, Integer> ids = new HashMap<>();
    private final List<Word> words = new ArrayList<>();
    private final Map<Long, Long> counts = new HashMap<>();
    /// Words that have, or once had, a pair.
    private final Map<Long, Set<Integer>> places = new HashMap<>();
    private final PriorityQueue<Candidate> queue;

    /// A word as the tokens it consists of so far, and how often it occurs.
    private record Word(int[] symbols, long count) { }

    /// A pair and its frequency when it was queued.
    private record Candidate(long pair, long count) { }

    private BytePairTraining(Map<String, Long> frequencies) {
        queue = new PriorityQueue<>(Comparator.comparingLong(Candidate::count).reversed()
                .thenComparing(c -> first(c.pair)).thenComparing(c -> second(c.pair)));
        List<String> bytes = ByteAlphabet.symbols();
        bytes.forEach(this::id);
        bytes.forEach(symbol -> id(symbol + BytePairs.END_OF_WORD));
        frequencies.forEach((word, count) -> {
            words.add(new Word(symbols(word), count));
            count(words.size() - 1, 1);
        });
        counts.forEach((pair, count) -> queue.add(new Candidate(pair, count)));
    }

    /// Learns a vocabulary.
    ///
    /// @param texts lower-cased and cut into words as the tokenizer does it; read once, closed by the caller
    /// @param size tokens; there are fewer where the texts' words are all tokens before
    /// @throws IllegalArgumentException if the size is below [#SMALLEST]
    public static BytePairVocabulary learn(Stream<String> texts, int size) {
        if (size < SMALLEST) {
            throw new IllegalArgumentException("a vocabulary of byte pairs has at least " + SMALLEST + " tokens, not "
                    + size);
        }
        Map<String, Long> frequencies = new TreeMap<>();
        texts.forEachOrdered(text -> cut(text, frequencies));
        return new BytePairTraining(frequencies).learn(size);
    }

    private static void cut(String text, Map<String, Long> frequencies) {
        String bare = ClipTokenizer.normalize(text).replace(ClipTokenizer.START, " ").replace(ClipTokenizer.END, " ");
        ClipTokenizer.words(bare, word -> frequencies.merge(word, 1L, Long::sum));
    }

    private BytePairVocabulary learn(int size) {
        List<BytePairVocabulary.Merge> merges = new ArrayList<>();
        while (tokens.size() + 2 < size && !queue.isEmpty()) {
            Candidate best = queue.remove();
            long now = counts.getOrDefault(best.pair, 0L);
            if (now == 0 || best.count != now) {
                if (now > 0 && now < best.count) {
                    queue.add(new Candidate(best.pair, now)); // rarer since it was queued
                }
                continue;
            }
            merges.add(new BytePairVocabulary.Merge(first(best.pair), second(best.pair)));
            merge(best.pair, id(first(best.pair) + second(best.pair)));
        }
        tokens.add(ClipTokenizer.START);
        tokens.add(ClipTokenizer.END);
        return new BytePairVocabulary(tokens, merges);
    }

    private void merge(long pair, int joined) {
        Map<Long, Long> before = new HashMap<>();
        for (int index : places.remove(pair)) {
            Word word = words.get(index);
            pairs(word.symbols).forEach(p -> before.putIfAbsent(p, counts.get(p)));
            count(index, -1);
            words.set(index, new Word(join(word.symbols, pair, joined), word.count));
            pairs(words.get(index).symbols).forEach(p -> before.putIfAbsent(p, counts.getOrDefault(p, 0L)));
            count(index, 1);
        }
        before.forEach((p, count) -> {
            if (counts.getOrDefault(p, 0L) > count) {
                queue.add(new Candidate(p, counts.get(p)));
            }
        });
    }

    /// Adds a word's pairs to the counts, or takes them away.
    private void count(int index, int sign) {
        Word word = words.get(index);
        for (long pair : pairs(word.symbols)) {
            counts.merge(pair, sign * word.count, (a, b) -> a + b == 0 ? null : a + b);
            if (sign > 0) {
                places.computeIfAbsent(pair, p -> new HashSet<>()).add(index);
            }
        }
    }

    private static List<Long> pairs(int[] symbols) {
        List<Long> pairs = new ArrayList<>();
        for (int i = 0; i + 1 < symbols.length; i++) {
            pairs.add(BytePairs.pair(symbols[i], symbols[i + 1]));
        }
        return pairs;
    }

    private static int[] join(int[] symbols, long pair, int joined) {
        int[] out = new int[symbols.length];
        int n = 0;
        for (int i = 0; i < symbols.length; i++) {
            boolean here = i + 1 < symbols.length && BytePairs.pair(symbols[i], symbols[i + 1]) == pair;
            out[n++] = here ? joined : symbols[i];
            i += here ? 1 : 0;
        }
        return Arrays.copyOf(out, n);
    }

    private int[] symbols(String word) {
        byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
        int[] symbols = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            String symbol = String.valueOf(ByteAlphabet.symbol(bytes[i] & 0xFF));
            symbols[i] = id(i + 1 < bytes.length ? symbol : symbol + BytePairs.END_OF_WORD);
        }
        return symbols;
    }

    private int id(String token) {
        return ids.computeIfAbsent(token, t -> {
            tokens.add(t);
            return tokens.size() - 1;
        });
    }

    private String first(long pair) {
        return tokens.get((int) (pair >>> 32));
    }

    private String second(long pair) {
        return tokens.get((int) pair);
    }
}
