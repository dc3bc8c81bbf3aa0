package dev.cathode.engine.text;

/// A special token that a configuration may name.
///
/// @param key as in `tokenizer_config.json`
/// @param usual what the tokenizer takes if the configuration does not say
record NamedToken(String key, String usual) {
}
