package dev.cathode.weights.file;

/// Text from files, made fit for a message.
public final class Quote {
    private static final int LONGEST = 200;

    private Quote() {
    }

    /// The text in quotes: cut to 200 characters, control characters replaced, so that a message stays one line.
    public static String of(String text) {
        StringBuilder out = new StringBuilder("'");
        text.codePoints().limit(LONGEST)
                .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.SURROGATE ? '?' : c)
                .forEach(out::appendCodePoint);
        return out.append(text.codePointCount(0, text.length()) > LONGEST ? "...'" : "'").toString();
    }
}
