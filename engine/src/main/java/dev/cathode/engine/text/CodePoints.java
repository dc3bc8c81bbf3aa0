package dev.cathode.engine.text;

/// Classes of characters as the reference tokenizers have them. Where Java knows more characters than those libraries
/// (scripts added to Unicode in recent years) the newer classes count.
final class CodePoints {
    private CodePoints() {
    }

    /// Unicode's property White_Space.
    static boolean isWhitespace(int c) {
        return switch (Character.getType(c)) {
            case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
            default -> c >= '\t' && c <= '\r' || c == 0x85;
        };
    }

    /// Control, format and private characters, except those that BERT takes for white space.
    static boolean isControl(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL -> c != '\t' && c != '\n' && c != '\r';
            case Character.FORMAT, Character.PRIVATE_USE -> true;
            default -> false;
        };
    }

    /// Everything Unicode calls punctuation, and ASCII's signs.
    static boolean isPunctuation(int c) {
        if (c < 0x80) {
            return c > ' ' && c < 0x7F && !Character.isLetterOrDigit(c);
        }
        return switch (Character.getType(c)) {
            case Character.CONNECTOR_PUNCTUATION, Character.DASH_PUNCTUATION, Character.START_PUNCTUATION,
                 Character.END_PUNCTUATION, Character.INITIAL_QUOTE_PUNCTUATION, Character.FINAL_QUOTE_PUNCTUATION,
                 Character.OTHER_PUNCTUATION -> true;
            default -> false;
        };
    }

    /// Chinese characters as BERT has them: ideographs, no kana, no hangul. Extension E begins at U+2B920 there (in
    /// Unicode at U+2B820), and so it does here.
    static boolean isChinese(int c) {
        return c >= 0x4E00 && c <= 0x9FFF || c >= 0x3400 && c <= 0x4DBF || c >= 0xF900 && c <= 0xFAFF
                || c >= 0x20000 && c <= 0x2A6DF || c >= 0x2A700 && c <= 0x2B81F || c >= 0x2B920 && c <= 0x2CEAF
                || c >= 0x2F800 && c <= 0x2FA1F;
    }

    /// Appends the lower case of a character, whatever stands beside it: a final sigma is an ordinary one.
    static void appendLowerCase(int c, StringBuilder out) {
        if (c == 0x130) {
            out.append("i\u0307"); // the only character whose lower case is two
        } else {
            out.appendCodePoint(Character.toLowerCase(c));
        }
    }
}
