package dev.cathode.engine.text;

import dev.cathode.weights.CheckpointException;
import java.nio.file.Path;

/// Loads the tokenizer of a folder.
public final class Tokenizers {
    private Tokenizers() {
    }

    /// The tokenizer that a folder's `tokenizer_config.json` names, else the one its files belong to: CLIP has
    /// `vocab.json` and `merges.txt`, BERT `vocab.txt`, either may have a `tokenizer.json` instead.
    ///
    /// @throws CheckpointException if a file is missing or malformed, or the kind of tokenizer is not known
    public static Tokenizer load(Path folder) {
        TokenizerFolder files = TokenizerFolder.read(folder);
        return switch (files.kind()) {
            case CLIP -> ClipTokenizer.load(files);
            case BERT -> BertTokenizer.load(files);
        };
    }
}
