package dev.cathode.roentgen.classify;

import java.util.Locale;
import java.util.regex.Pattern;

/// On which side an impression says that something is.
///
/// @param left whether on the left
/// @param right whether on the right
public record Laterality(boolean left, boolean right) {
    private static final Pattern CLAUSE = Pattern.compile("[.,;:]|\\band\\b|\\bwith\\b|\\bbut\\b");
    private static final Pattern BOTH_SIDES = Pattern.compile("\\b(left and right|right and left)\\b");
    private static final Pattern NEGATED = Pattern.compile(
            "\\b(no|without|free of|negative for|resolved|resolution|absence|not (seen|present|identified))\\b");
    private static final Pattern LEFT = Pattern.compile("\\bleft\\b");
    private static final Pattern RIGHT = Pattern.compile("\\bright\\b");
    private static final Pattern BOTH = Pattern.compile("\\b(bilateral|bilaterally|both|biapical|bibasilar)\\b");

    /// Reads clause by clause: a side counts if it is named in the clause that names the finding, unless the clause
    /// denies it.
    ///
    /// @param finding what the finding is called
    /// @return neither side if none is named
    public static Laterality of(String impression, Pattern finding) {
        String text = BOTH_SIDES.matcher(impression.toLowerCase(Locale.ROOT)).replaceAll("bilateral");
        boolean left = false;
        boolean right = false;
        for (String clause : CLAUSE.split(text)) {
            if (finding.matcher(clause).find() && !NEGATED.matcher(clause).find()) {
                boolean both = BOTH.matcher(clause).find();
                left |= both || LEFT.matcher(clause).find();
                right |= both || RIGHT.matcher(clause).find();
            }
        }
        return new Laterality(left, right);
    }

    /// Whether a side is named.
    public boolean known() {
        return left || right;
    }
}
