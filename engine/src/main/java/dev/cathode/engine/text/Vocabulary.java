package dev.cathode.engine.text;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/// All tokens of a tokenizer, the added ones included.
final class Vocabulary {
    private final Map<String, Integer> ids;
    private final Map<Integer, String> tokens = new HashMap<>();
    private final Set<Integer> special = new HashSet<>();

    Vocabulary(Map<String, Integer> learned, List<AddedToken> added) {
        ids = new HashMap<>(learned);
        for (AddedToken token : added) {
            ids.put(token.content(), token.id());
            if (token.special()) {
                special.add(token.id());
            }
        }
        ids.forEach((token, id) -> tokens.put(id, token));
    }

    int size() {
        return ids.size();
    }

    OptionalInt id(String token) {
        Integer id = ids.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    String token(int id) {
        String token = tokens.get(id);
        if (token == null) {
            throw new IllegalArgumentException("there is no token " + id + " in a vocabulary of " + size());
        }
        return token;
    }

    boolean isSpecial(int id) {
        return special.contains(id);
    }
}
