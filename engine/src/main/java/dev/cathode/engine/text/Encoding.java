package dev.cathode.engine.text;

/// A text as a row of token ids, padded and cut to a given length.
///
/// @param ids begin token, text, end token, padding
/// @param attentionMask 1 for each token of the text (begin and end included), 0 for padding
/// @param truncatedText the end of the text that did not fit, as the tokenizer decodes it; empty if everything fitted
public record Encoding(int[] ids, int[] attentionMask, String truncatedText) {
    /// Whether part of the text was cut off.
    public boolean truncated() {
        return !truncatedText.isEmpty();
    }
}
