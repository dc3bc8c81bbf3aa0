package dev.cathode.engine.text;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// The ids a tokenizer puts around and after a text.
record SpecialIds(int begin, int end, int pad, int unknown, int maxLength) {
    /// @param begin key of the token that begins a text
    /// @param end key of the token that ends it
    /// @param usualLength the longest row where the configuration does not say
    static SpecialIds of(TokenizerFolder files, List<AddedToken> added, List<NamedToken> named, String begin,
            String end, int usualLength) {
        Map<String, Integer> ids = added.stream().collect(Collectors.toMap(AddedToken::content, AddedToken::id));
        Map<String, Integer> byKey = named.stream().collect(Collectors.toMap(NamedToken::key,
                token -> ids.get(files.named(token))));
        return new SpecialIds(byKey.get(begin), byKey.get(end), byKey.get("pad_token"), byKey.get("unk_token"),
                files.maxLength(usualLength));
    }
}
