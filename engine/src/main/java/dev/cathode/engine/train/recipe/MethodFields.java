package dev.cathode.engine.train.recipe;

import dev.cathode.engine.train.recipe.TrainingMethod.DreamBooth;
import dev.cathode.engine.train.recipe.TrainingMethod.FineTune;
import dev.cathode.engine.train.recipe.TrainingMethod.Kind;
import dev.cathode.engine.train.recipe.TrainingMethod.Lora;
import dev.cathode.engine.train.recipe.TrainingMethod.PriorPreservation;
import dev.cathode.engine.train.recipe.TrainingMethod.TextualInversion;
import dev.cathode.engine.train.recipe.TrainingMethod.TextualProjection;
import dev.cathode.engine.train.recipe.TrainingMethod.Vae;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Reads and writes `method` and the keys that only one method has.
final class MethodFields {
    private MethodFields() {
    }

    /// The learning rate where a recipe names none.
    static double usualLearningRate(Kind kind) {
        return switch (kind) {
            case FINETUNE -> 5e-5;
            case DREAMBOOTH -> 5e-6;
            case TEXTUAL_INVERSION, LORA, TEXTUAL_PROJECTION -> 1e-4;
            case VAE -> 4.5e-6;
        };
    }

    static TrainingMethod read(RecipeFields fields) {
        return switch (fields.constant("method", Kind.FINETUNE, Kind.class)) {
            case FINETUNE -> new FineTune();
            case DREAMBOOTH -> new DreamBooth(required("dreambooth", "instance_data_dir",
                    fields.path("instance_data_dir")), required("dreambooth", "instance_prompt",
                    fields.text("instance_prompt")), prior(fields));
            case TEXTUAL_INVERSION -> new TextualInversion(
                    required("textual_inversion", "placeholder_token", fields.text("placeholder_token")),
                    required("textual_inversion", "initializer_token", fields.text("initializer_token")));
            case LORA -> {
                int rank = fields.integer("rank", 4);
                yield new Lora(rank, fields.number("lora_alpha", rank), fields.texts("lora_layers", Lora.ATTENTION));
            }
            case TEXTUAL_PROJECTION -> new TextualProjection(fields.constant("projection_loss",
                    TextualProjection.Loss.DIFFUSION, TextualProjection.Loss.class));
            case VAE -> new Vae(fields.number("kl_scale", 1e-6));
        };
    }

    private static Optional<PriorPreservation> prior(RecipeFields fields) {
        boolean preserved = fields.flag("with_prior_preservation", false);
        Optional<Path> folder = fields.path("class_data_dir");
        Optional<String> prompt = fields.text("class_prompt");
        int images = fields.integer("num_class_images", 100);
        double weight = fields.number("prior_loss_weight", 1);
        return preserved ? Optional.of(new PriorPreservation(
                required("dreambooth with_prior_preservation", "class_data_dir", folder),
                required("dreambooth with_prior_preservation", "class_prompt", prompt), images, weight))
                : Optional.empty();
    }

    private static <T> T required(String method, String key, Optional<T> value) {
        return value.orElseThrow(() -> new IllegalArgumentException("method " + method + " needs " + key));
    }

    static void write(TrainingMethod method, RecipeWriter out) {
        out.put("method", method.kind());
        switch (method) {
            case FineTune() -> { }
            case DreamBooth(Path folder, String prompt, Optional<PriorPreservation> prior) -> {
                out.put("instance_data_dir", folder).put("instance_prompt", prompt);
                prior.ifPresent(p -> out.put("with_prior_preservation", true).put("class_data_dir", p.classDataDir())
                        .put("class_prompt", p.classPrompt()).put("num_class_images", p.numClassImages())
                        .put("prior_loss_weight", p.priorLossWeight()));
            }
            case TextualInversion(String placeholder, String initializer) ->
                    out.put("placeholder_token", placeholder).put("initializer_token", initializer);
            case Lora(int rank, double alpha, List<String> layers) ->
                    out.put("rank", rank).put("lora_alpha", alpha).put("lora_layers", layers);
            case TextualProjection(TextualProjection.Loss loss) -> out.put("projection_loss", loss);
            case Vae(double klScale) -> out.put("kl_scale", klScale);
        }
    }
}
