package dev.cathode.engine.text;

/// A token that is searched for in the text before anything else happens to it.
///
/// @param special left out when decoding
/// @param normalized search for it in the normalised text (so `<|STARTOFTEXT|>` is found too), not in the text as given
/// @param lstrip the token swallows white space before it
/// @param rstrip the token swallows white space after it
record AddedToken(String content, int id, boolean special, boolean normalized, boolean lstrip, boolean rstrip) {
}
