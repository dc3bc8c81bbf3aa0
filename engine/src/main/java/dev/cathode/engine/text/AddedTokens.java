package dev.cathode.engine.text;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;

/// Cuts added tokens out of a text; of several at the same place the longest counts.
final class AddedTokens {
    private final UnaryOperator<String> normalizer;
    private final List<AddedToken> verbatim;
    private final List<AddedToken> normalized;

    /// @param normalizer what happens to the text between added tokens
    AddedTokens(List<AddedToken> tokens, UnaryOperator<String> normalizer) {
        this.normalizer = normalizer;
        Comparator<AddedToken> longestFirst = Comparator.comparingInt(t -> -t.content().length());
        verbatim = tokens.stream().filter(t -> !t.normalized()).sorted(longestFirst).toList();
        normalized = tokens.stream().filter(AddedToken::normalized).map(t -> new AddedToken(
                normalizer.apply(t.content()), t.id(), t.special(), true, t.lstrip(), t.rstrip()))
                .filter(t -> !t.content().isEmpty()).sorted(longestFirst).toList();
    }

    /// The ids of a text: those of added tokens, and what `model` adds to the list for the normalised text between
    /// them.
    List<Integer> encode(String text, BiConsumer<String, List<Integer>> model) {
        List<Integer> ids = new ArrayList<>();
        split(text, verbatim, ids, part ->
                split(normalizer.apply(part), normalized, ids, rest -> model.accept(rest, ids)));
        return ids;
    }

    private interface Part {
        void accept(String text);
    }

    private static void split(String text, List<AddedToken> tokens, List<Integer> ids, Part between) {
        int from = 0;
        for (int i = 0; i < text.length() && !tokens.isEmpty();) {
            AddedToken token = at(text, i, tokens);
            if (token == null) {
                i++;
                continue;
            }
            int start = i;
            int end = i + token.content().length();
            while (token.lstrip() && start > from && CodePoints.isWhitespace(text.charAt(start - 1))) {
                start--;
            }
            while (token.rstrip() && end < text.length() && CodePoints.isWhitespace(text.charAt(end))) {
                end++;
            }
            if (start > from) {
                between.accept(text.substring(from, start));
            }
            ids.add(token.id());
            from = end;
            i = end;
        }
        if (from < text.length()) {
            between.accept(text.substring(from));
        }
    }

    private static AddedToken at(String text, int index, List<AddedToken> longestFirst) {
        for (AddedToken token : longestFirst) {
            if (text.startsWith(token.content(), index)) {
                return token;
            }
        }
        return null;
    }
}
