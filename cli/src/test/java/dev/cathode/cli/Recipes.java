package dev.cathode.cli;

import java.util.List;
import java.util.Optional;

/// Recipes for tests.
final class Recipes {
    private Recipes() { }

    static Recipe plain(String prompt, long seed) {
        return new Recipe(prompt, "", seed, 75, 4, new ImageSize(16, 8), "", "sd14", "", "as stored", 0, 0.8, List.of(),
                Optional.empty(), Optional.empty(), Optional.empty());
    }

    /// Every field differs from the plain one.
    static Recipe rich() {
        return new Recipe("a \"dög\" 犬", "blurry", 12_345_678_901L, 20, 7.5, new ImageSize(64, 32), "ddim", "other",
                "fp16", "bfloat16", 1, 0.6, List.of(new Recipe.Lora(new InputFile("films.safetensors", "0c"), 0.5)),
                Optional.of(new InputFile("in.png", "0a")),
                Optional.of(new InputFile("mask.png", "0b")), Optional.empty());
    }
}
