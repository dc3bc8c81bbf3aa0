package dev.cathode.engine.text;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/// Byte-pair encoding of one word: its bytes, the last one marked as the end of a word, joined pair by pair in the
/// order in which the pairs were learned.
///
/// Sennrich, Haddow and Birch, [Neural Machine Translation of Rare Words with Subword
/// Units](https://arxiv.org/abs/1508.07909); bytes instead of characters since GPT-2.
final class BytePairs {
    /// What the last symbol of a word carries.
    static final String END_OF_WORD = "</w>";

    private final int[] inside = new int[256];
    private final int[] last = new int[256];
    /// From a pair of ids (first in the upper half) to the rank of its merge (upper half) and the id of the result.
    private final Map<Long, Long> merges;

    /// @param ids from token to id
    /// @param unknown id of bytes that the vocabulary does not have
    BytePairs(Map<String, Integer> ids, Map<Long, Long> merges, int unknown) {
        this.merges = merges;
        for (int b = 0; b < 256; b++) {
            String symbol = String.valueOf(ByteAlphabet.symbol(b));
            inside[b] = ids.getOrDefault(symbol, unknown);
            last[b] = ids.getOrDefault(symbol + END_OF_WORD, unknown);
        }
    }

    static long pair(int first, int second) {
        return (long) first << 32 | second;
    }

    /// Appends the ids of a word.
    void encode(String word, List<Integer> out) {
        byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
        int n = bytes.length;
        // A chain of symbols: a joined symbol lives at the place of its first byte; next[i] = n at the end, id -1:
        // gone.
        int[] id = new int[n];
        int[] next = new int[n];
        int[] previous = new int[n];
        for (int i = 0; i < n; i++) {
            int b = bytes[i] & 0xFF;
            id[i] = i + 1 < n ? inside[b] : last[b];
            next[i] = i + 1;
            previous[i] = i - 1;
        }
        // Possible merges, the earliest learned first, then the leftmost: rank in the upper half, place in the lower.
        PriorityQueue<Long> queue = new PriorityQueue<>();
        for (int i = 0; i + 1 < n; i++) {
            offer(queue, id, i, i + 1);
        }
        while (!queue.isEmpty()) {
            long entry = queue.remove();
            int i = (int) entry;
            int j = id[i] < 0 ? n : next[i];
            Long merge = j == n ? null : merges.get(pair(id[i], id[j]));
            if (merge == null || merge >>> 32 != entry >>> 32) {
                continue; // one of the two has been joined with another since
            }
            id[i] = merge.intValue();
            id[j] = -1;
            next[i] = next[j];
            if (next[i] < n) {
                previous[next[i]] = i;
                offer(queue, id, i, next[i]);
            }
            if (previous[i] >= 0) {
                offer(queue, id, previous[i], i);
            }
        }
        for (int i = 0; i < n; i = next[i]) {
            out.add(id[i]);
        }
    }

    private void offer(PriorityQueue<Long> queue, int[] id, int i, int j) {
        Long merge = merges.get(pair(id[i], id[j]));
        if (merge != null) {
            queue.add(merge >>> 32 << 32 | i);
        }
    }
}
