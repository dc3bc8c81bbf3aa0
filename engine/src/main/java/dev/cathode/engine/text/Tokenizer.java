package dev.cathode.engine.text;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/// Turns text into token ids and back. Immutable; safe for use by several threads.
public abstract sealed class Tokenizer permits ClipTokenizer, BertTokenizer {
    final Vocabulary vocabulary;
    final SpecialIds special;

    Tokenizer(Vocabulary vocabulary, SpecialIds special) {
        this.vocabulary = vocabulary;
        this.special = special;
    }

    /// The ids of a text without anything around it.
    abstract List<Integer> encodeText(String text);

    /// The ids of a whole text, however long, with the begin and the end token around it.
    public final int[] encode(String text) {
        List<Integer> ids = encodeText(text);
        ids.addFirst(special.begin());
        ids.addLast(special.end());
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    /// The ids of a text as a row of exactly `maxLength` numbers: a text that is too long loses its end (the end token
    /// stays), a short one is padded.
    ///
    /// @throws IllegalArgumentException if not even begin and end token fit
    public final Encoding encode(String text, int maxLength) {
        if (maxLength < 2) {
            throw new IllegalArgumentException("a row of " + maxLength + " tokens cannot hold begin and end token");
        }
        int[] whole = encode(text);
        int[] ids = Arrays.copyOf(whole, maxLength);
        int[] mask = new int[maxLength];
        Arrays.fill(mask, 0, Math.min(whole.length, maxLength), 1);
        if (whole.length <= maxLength) {
            Arrays.fill(ids, whole.length, maxLength, special.pad());
            return new Encoding(ids, mask, "");
        }
        ids[maxLength - 1] = special.end();
        return new Encoding(ids, mask, decode(Arrays.copyOfRange(whole, maxLength - 1, whole.length - 1)));
    }

    /// The text of ids; special tokens are left out.
    ///
    /// @throws IllegalArgumentException if there is no token of some id
    public abstract String decode(int[] ids);

    /// The number of tokens, those added to the vocabulary included: rows of the embedding table.
    public final int vocabularySize() {
        return vocabulary.size();
    }

    /// The longest row the model takes (`model_max_length`), begin and end token included.
    public final int maxLength() {
        return special.maxLength();
    }

    /// The token that begins every row.
    public final int beginId() {
        return special.begin();
    }

    /// The token that ends every text.
    public final int endId() {
        return special.end();
    }

    /// The token that fills a row.
    public final int padId() {
        return special.pad();
    }

    /// The token for what the vocabulary does not know.
    public final int unknownId() {
        return special.unknown();
    }

    /// The id of a token as the vocabulary spells it.
    public final OptionalInt id(String token) {
        return vocabulary.id(token);
    }

    /// A token as the vocabulary spells it.
    ///
    /// @throws IllegalArgumentException if there is none of this id
    public final String token(int id) {
        return vocabulary.token(id);
    }
}
