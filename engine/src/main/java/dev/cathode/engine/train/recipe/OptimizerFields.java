package dev.cathode.engine.train.recipe;

import dev.cathode.engine.train.recipe.OptimizerSettings.AdamW;
import dev.cathode.engine.train.recipe.OptimizerSettings.Kind;
import dev.cathode.engine.train.recipe.OptimizerSettings.Sgd;

/// Reads and writes `optimizer` and its keys.
final class OptimizerFields {
    private OptimizerFields() {
    }

    static OptimizerSettings read(RecipeFields fields) {
        AdamW adamw = new AdamW(fields.number("adam_beta1", 0.9), fields.number("adam_beta2", 0.999),
                fields.number("adam_weight_decay", 1e-2), fields.number("adam_epsilon", 1e-8));
        Sgd sgd = new Sgd(fields.number("momentum", 0));
        return switch (fields.constant("optimizer", Kind.ADAMW, Kind.class)) {
            case ADAMW -> adamw;
            case SGD -> sgd;
        };
    }

    static void write(OptimizerSettings optimizer, RecipeWriter out) {
        switch (optimizer) {
            case AdamW(double beta1, double beta2, double weightDecay, double epsilon) ->
                    out.put("optimizer", Kind.ADAMW).put("adam_beta1", beta1).put("adam_beta2", beta2)
                            .put("adam_weight_decay", weightDecay).put("adam_epsilon", epsilon);
            case Sgd(double momentum) -> out.put("optimizer", Kind.SGD).put("momentum", momentum);
        }
    }
}
