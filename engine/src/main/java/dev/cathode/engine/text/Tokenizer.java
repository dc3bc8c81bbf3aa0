package dev.cathode.engine.text;

import java.util.Arrays;
import java.util.OptionalInt;

/// Turns text into token ids and back. Immutable; safe for use by several threads.
public sealed interface Tokenizer permits ClipTokenizer, BertTokenizer {
    /// The ids of a whole text, however long, with the begin and the end token around it.
    int[] encode(String text);

    /// The ids of a text as a row of exactly `maxLength` numbers: a text that is too long loses its end (the end token
    /// stays), a short one is padded.
    ///
    /// @throws IllegalArgumentException if not even begin and end token fit
    default Encoding encode(String text, int maxLength) {
        if (maxLength < 2) {
            throw new IllegalArgumentException("a row of " + maxLength + " tokens cannot hold begin and end token");
        }
        int[] whole = encode(text);
        int[] ids = Arrays.copyOf(whole, maxLength);
        int[] mask = new int[maxLength];
        Arrays.fill(mask, 0, Math.min(whole.length, maxLength), 1);
        if (whole.length <= maxLength) {
            Arrays.fill(ids, whole.length, maxLength, padId());
            return new Encoding(ids, mask, "");
        }
        ids[maxLength - 1] = endId();
        return new Encoding(ids, mask, decode(Arrays.copyOfRange(whole, maxLength - 1, whole.length - 1)));
    }

    /// The text of ids; special tokens are left out.
    ///
    /// @throws IllegalArgumentException if there is no token of some id
    String decode(int[] ids);

    /// The number of tokens, those added to the vocabulary included: rows of the embedding table.
    int vocabularySize();

    /// The longest row the model takes (`model_max_length`), begin and end token included.
    int maxLength();

    /// The token that begins every row.
    int beginId();

    /// The token that ends every text.
    int endId();

    /// The token that fills a row.
    int padId();

    /// The token for what the vocabulary does not know.
    int unknownId();

    /// The id of a token as the vocabulary spells it.
    OptionalInt id(String token);

    /// A token as the vocabulary spells it.
    ///
    /// @throws IllegalArgumentException if there is none of this id
    String token(int id);
}
