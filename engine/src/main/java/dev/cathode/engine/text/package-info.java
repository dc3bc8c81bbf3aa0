/// From text to token ids, exactly as transformers 5 does it.
///
/// [Tokenizers] loads a folder; [ClipTokenizer] (byte-pair encoding) and [BertTokenizer] (WordPiece) are the two
/// kinds of [Tokenizer]; [Encoding] is a padded row and tells what did not fit. The steps are the same in both:
/// [AddedTokens] cuts out special tokens, the rest is normalised, split into words, and each word into pieces
/// ([BytePairs], [WordPieces]). [TokenizerFolder] knows the files.
///
/// [BytePairTraining] learns a [BytePairVocabulary] of one's own.
package dev.cathode.engine.text;
