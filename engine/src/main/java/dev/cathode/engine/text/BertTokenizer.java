package dev.cathode.engine.text;

import java.nio.file.Path;
import java.text.Normalizer;
import java.util.List;
import java.util.Map;

/// The tokenizer of BERT and its relatives (RadBERT, SapBERT): cleaned text, cut into words at white space and
/// punctuation, each word into pieces.
///
/// Equal to `BertTokenizer` of transformers 5; Devlin et al., [BERT](https://arxiv.org/abs/1810.04805).
public final class BertTokenizer extends Tokenizer {
    private static final int MAX_WORD = 100;
    private static final List<NamedToken> NAMED = List.of(
            new NamedToken("unk_token", "[UNK]"), new NamedToken("sep_token", "[SEP]"),
            new NamedToken("pad_token", "[PAD]"), new NamedToken("cls_token", "[CLS]"),
            new NamedToken("mask_token", "[MASK]"));

    private final boolean lowerCase;
    private final boolean chinese;
    private final boolean stripAccents;
    private final AddedTokens added;
    private final WordPieces model;

    private BertTokenizer(TokenizerFolder files, boolean lowerCase) {
        Map<String, Integer> learned = files.wordPieceVocabulary();
        List<AddedToken> tokens = files.addedTokens(learned, NAMED);
        super(new Vocabulary(learned, tokens), SpecialIds.of(files, tokens, NAMED, "cls_token", "sep_token", 512));
        this.lowerCase = lowerCase;
        chinese = files.flag("tokenize_chinese_chars", "handle_chinese_chars", true);
        // null means: as with lower case.
        stripAccents = files.flag("strip_accents", "strip_accents", lowerCase);
        added = new AddedTokens(tokens, this::normalize);
        model = new WordPieces(learned, special.unknown(), MAX_WORD);
    }

    /// The tokenizer of a folder with `vocab.txt` or `tokenizer.json`; `tokenizer_config.json` says whether text is put
    /// into lower case (if neither says, it is), and names the special tokens.
    ///
    /// @throws dev.cathode.weights.CheckpointException if a file is missing or malformed
    public static BertTokenizer load(Path folder) {
        return load(TokenizerFolder.read(folder));
    }

    /// The same where the files do not say, or do not say it right, whether text is put into lower case: RadBERT has a
    /// vocabulary with capitals and no setting.
    ///
    /// @throws dev.cathode.weights.CheckpointException if a file is missing or malformed
    public static BertTokenizer load(Path folder, boolean lowerCase) {
        return new BertTokenizer(TokenizerFolder.read(folder), lowerCase);
    }

    static BertTokenizer load(TokenizerFolder files) {
        return new BertTokenizer(files, files.flag("do_lower_case", "lowercase", true));
    }

    @Override
    List<Integer> encodeText(String text) {
        return added.encode(text, this::encodeWords);
    }

    /// Words end at white space; each punctuation character is a word.
    private void encodeWords(String text, List<Integer> ids) {
        int start = 0;
        for (int i = 0; i < text.length();) {
            int c = text.codePointAt(i);
            int next = i + Character.charCount(c);
            boolean alone = CodePoints.isPunctuation(c);
            if (alone || CodePoints.isWhitespace(c)) {
                if (start < i) {
                    model.encode(text.substring(start, i), ids);
                }
                if (alone) {
                    model.encode(text.substring(i, next), ids);
                }
                start = next;
            }
            i = next;
        }
        if (start < text.length()) {
            model.encode(text.substring(start), ids);
        }
    }

    private String normalize(String text) {
        StringBuilder clean = new StringBuilder(text.length());
        text.codePoints().filter(c -> c != 0 && c != 0xFFFD && !CodePoints.isControl(c)).forEach(c -> {
            if (CodePoints.isWhitespace(c)) {
                clean.append(' ');
            } else if (chinese && CodePoints.isChinese(c)) {
                clean.append(' ').appendCodePoint(c).append(' ');
            } else {
                clean.appendCodePoint(c);
            }
        });
        String plain = stripAccents ? withoutAccents(clean) : clean.toString();
        if (!lowerCase) {
            return plain;
        }
        StringBuilder lower = new StringBuilder(plain.length());
        plain.codePoints().forEach(c -> CodePoints.appendLowerCase(c, lower));
        return lower.toString();
    }

    private static String withoutAccents(CharSequence text) {
        StringBuilder out = new StringBuilder(text.length());
        Normalizer.normalize(text, Normalizer.Form.NFD).codePoints()
                .filter(c -> Character.getType(c) != Character.NON_SPACING_MARK).forEach(out::appendCodePoint);
        return out.toString();
    }

    /// Words separated by blanks, without the blank before `.`, `,`, `?`, `!` and in contractions; what normalisation
    /// removed does not come back.
    @Override
    public String decode(int[] ids) {
        StringBuilder out = new StringBuilder();
        for (int id : ids) {
            String token = vocabulary.token(id);
            if (vocabulary.isSpecial(id)) {
                continue;
            }
            if (out.isEmpty()) {
                out.append(cleanUp(token));
            } else if (token.startsWith(WordPieces.CONTINUATION)) {
                out.append(cleanUp(token.substring(WordPieces.CONTINUATION.length())));
            } else {
                out.append(cleanUp(" " + token));
            }
        }
        return out.toString();
    }

    private static String cleanUp(String token) {
        return token.replace(" .", ".").replace(" ?", "?").replace(" !", "!").replace(" ,", ",");
    }
}
