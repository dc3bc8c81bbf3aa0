package dev.cathode.engine.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// WordPiece encoding of one word: from its start on, always the longest piece that the vocabulary has; pieces that
/// continue a word are written with `##` before them.
///
/// Wu et al., [Google's Neural Machine Translation System](https://arxiv.org/abs/1609.08144), as BERT uses it.
///
/// @param ids from token to id
/// @param unknown id of a word that cannot be pieced together
/// @param maxCharacters longer words are unknown
record WordPieces(Map<String, Integer> ids, int unknown, int maxCharacters) {
    /// What marks a piece inside a word.
    static final String CONTINUATION = "##";

    /// Appends the ids of a word.
    void encode(String word, List<Integer> out) {
        if (word.codePointCount(0, word.length()) > maxCharacters) {
            out.add(unknown);
            return;
        }
        List<Integer> pieces = new ArrayList<>();
        for (int start = 0; start < word.length();) {
            int end = word.length();
            Integer id = null;
            while (end > start && (id = ids.get(piece(word, start, end))) == null) {
                end = word.offsetByCodePoints(end, -1);
            }
            if (id == null) {
                out.add(unknown);
                return;
            }
            pieces.add(id);
            start = end;
        }
        out.addAll(pieces);
    }

    private static String piece(String word, int start, int end) {
        return start == 0 ? word.substring(0, end) : CONTINUATION + word.substring(start, end);
    }
}
