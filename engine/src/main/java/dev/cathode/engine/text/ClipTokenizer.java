package dev.cathode.engine.text;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The tokenizer of CLIP, and so of Stable Diffusion: text in composed form (NFC) and lower case, cut into words,
/// each word into byte pairs.
///
/// Equal to `CLIPTokenizer` of transformers 5. The older Python tokenizer (transformers 4, OpenAI) gives the same ids
/// except for odd texts: curly quotes, HTML entities, control characters, Chinese.
public final class ClipTokenizer extends Tokenizer {
    static final String START = "<|startoftext|>";
    static final String END = "<|endoftext|>";
    private static final String CONTRACTIONS = "'s|'t|'re|'ve|'m|'ll|'d|";
    private static final Pattern WORD = Pattern.compile("<\\|startoftext\\|>|<\\|endoftext\\|>|" + CONTRACTIONS
            + "\\p{L}+|\\p{N}|[^\\s\\p{L}\\p{N}]+", Pattern.UNICODE_CHARACTER_CLASS);
    /// Words are cut once more, as GPT-2 does: changes nothing but special tokens that were not taken for such.
    private static final Pattern PART = Pattern.compile(CONTRACTIONS + "\\p{L}+|\\p{N}+|[^\\s\\p{L}\\p{N}]+",
            Pattern.UNICODE_CHARACTER_CLASS);
    static final List<NamedToken> NAMED = List.of(
            new NamedToken("bos_token", START), new NamedToken("eos_token", END), new NamedToken("unk_token", END),
            new NamedToken("pad_token", END));

    private final Map<String, Integer> learned;
    private final Map<Long, Long> merges;
    private final List<AddedToken> added;
    private final AddedTokens addedTokens;
    private final BytePairs model;

    private ClipTokenizer(Map<String, Integer> learned, Map<Long, Long> merges, List<AddedToken> added,
                          SpecialIds special) {
        super(new Vocabulary(learned, added), special);
        this.learned = learned;
        this.merges = merges;
        this.added = added;
        addedTokens = new AddedTokens(added, ClipTokenizer::normalize);
        model = new BytePairs(learned, merges, special.unknown());
    }

    /// The tokenizer of a folder with `vocab.json` and `merges.txt`, or `tokenizer.json`; the special tokens come from
    /// `tokenizer_config.json` and `special_tokens_map.json` where present.
    ///
    /// @throws dev.cathode.weights.CheckpointException if a file is missing or malformed
    public static ClipTokenizer load(Path folder) {
        return load(TokenizerFolder.read(folder));
    }

    static ClipTokenizer load(TokenizerFolder files) {
        Map<String, Integer> learned = files.bytePairVocabulary();
        List<AddedToken> added = files.addedTokens(learned, NAMED);
        return new ClipTokenizer(learned, files.merges(learned), added, SpecialIds.of(files, added, NAMED, "bos_token",
                "eos_token", 77));
    }

    /// This tokenizer with more tokens, numbered from [#vocabularySize] on; tokens it knows already are left as they
    /// are. Textual inversion adds its placeholder this way.
    public ClipTokenizer withAddedTokens(List<String> tokens) {
        List<AddedToken> all = new ArrayList<>(added);
        int id = vocabularySize();
        for (String token : tokens) {
            if (all.stream().noneMatch(t -> t.content().equals(token)) && id(token).isEmpty()) {
                all.add(new AddedToken(token, id++, false, true, false, false));
            }
        }
        return new ClipTokenizer(learned, merges, List.copyOf(all), special);
    }

    @Override
    List<Integer> encodeText(String text) {
        return addedTokens.encode(text, this::encodeWords);
    }

    private void encodeWords(String text, List<Integer> ids) {
        words(text, part -> model.encode(part, ids));
    }

    /// The words of a normalised text.
    static void words(String text, Consumer<String> out) {
        Matcher words = WORD.matcher(text);
        while (words.find()) {
            Matcher parts = PART.matcher(words.group());
            while (parts.find()) {
                out.accept(parts.group());
            }
        }
    }

    static String normalize(String text) {
        StringBuilder out = new StringBuilder(text.length());
        boolean space = false;
        for (int c : Normalizer.normalize(text, Normalizer.Form.NFC).codePoints().toArray()) {
            boolean here = CodePoints.isWhitespace(c);
            if (here && !space) {
                out.append(' ');
            } else if (!here) {
                CodePoints.appendLowerCase(c, out);
            }
            space = here;
        }
        return out.toString();
    }

    @Override
    public String decode(int[] ids) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int id : ids) {
            String token = vocabulary.token(id);
            if (!vocabulary.isSpecial(id)) {
                bytes.writeBytes(bytes(token));
            }
        }
        return bytes.toString(StandardCharsets.UTF_8).replace(BytePairs.END_OF_WORD, " ").strip();
    }

    private static byte[] bytes(String token) {
        byte[] bytes = new byte[token.length()];
        for (int i = 0; i < bytes.length; i++) {
            int b = ByteAlphabet.unsignedByte(token.charAt(i));
            if (b < 0) {
                return token.getBytes(StandardCharsets.UTF_8); // an added token: not in the alphabet of bytes
            }
            bytes[i] = (byte) b;
        }
        return bytes;
    }
}
