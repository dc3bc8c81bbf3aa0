package dev.cathode.engine.train.recipe;

import java.util.List;

/// What is looked at during training: pictures of some prompts, and the loss on the samples held out.
///
/// @param prompts pictures are drawn for these; empty: none
/// @param steps every so many optimizer steps
/// @param images pictures for each prompt
public record ValidationSettings(List<String> prompts, long steps, int images) {
    public ValidationSettings {
        prompts = List.copyOf(prompts);
        Require.positive("validation_steps", steps);
        Require.positive("num_validation_images", images);
    }

    static ValidationSettings read(RecipeFields fields) {
        return new ValidationSettings(fields.texts("validation_prompts", List.of()),
                fields.whole("validation_steps", 500), fields.integer("num_validation_images", 1));
    }

    void write(RecipeWriter out) {
        out.putUnlessEmpty("validation_prompts", prompts).put("validation_steps", steps)
                .put("num_validation_images", images);
    }
}
