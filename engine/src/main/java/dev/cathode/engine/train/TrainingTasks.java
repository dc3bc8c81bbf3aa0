package dev.cathode.engine.train;

import dev.cathode.engine.data.ImageTextDataset;
import dev.cathode.engine.runtime.Device;
import dev.cathode.engine.train.recipe.TrainingMethod;
import dev.cathode.engine.train.recipe.TrainingRecipe;
import java.io.IOException;

/// From a recipe to what it trains.
public final class TrainingTasks {
    /// How often textual inversion goes through its few pictures in an epoch, as in diffusers.
    private static final int REPEATS = 100;

    private TrainingTasks() { }

    /// Prepares the task of a recipe's method.
    ///
    /// @param data the pictures with captions; for DreamBooth those of `instance_data_dir`, whose captions are the
    ///         instance prompt (see [dev.cathode.engine.data.PromptedFolder])
    /// @param listener told how far preparing is
    /// @throws IOException if a picture cannot be read, or the listener says to stop
    /// @throws dev.cathode.weights.CheckpointException if the model cannot be read or its parts do not fit together
    /// @throws IllegalArgumentException if the model or the recipe does not fit the method
    public static TrainingTask<?> open(Device device, TrainingRecipe recipe, ImageTextDataset data,
                                       TrainingListener listener) throws IOException {
        return switch (recipe.method()) {
            case TrainingMethod.FineTune() -> open(recipe, model ->
                    FineTuning.open(device, recipe, model, data, listener));
            case TrainingMethod.Lora lora -> open(recipe, model -> new FineTuning(device, recipe, model,
                    new LowRankVariant(device, recipe, model, lora), data, listener));
            case TrainingMethod.Vae vae -> open(recipe, model ->
                    new AutoencoderTraining(device, recipe, model, data, vae));
            case TrainingMethod.DreamBooth booth -> open(recipe, model -> booth.prior().isEmpty()
                    ? FineTuning.open(device, recipe, model, data, listener)
                    : new DreamBooth(device, recipe, booth.prior().get(), model, data, listener));
            case TrainingMethod.TextualInversion inversion -> open(recipe, model ->
                    new FineTuning(device, recipe, model, new NewTokenVariant(recipe, model, inversion), data,
                            listener));
            case TrainingMethod.TextualProjection projection -> open(TrainedModel.openProjected(recipe.model(),
                    recipe.steps().seed()), model -> switch (projection.loss()) {
                        case DIFFUSION -> new FineTuning(device, recipe, model, new ProjectionVariant(device, recipe, model),
                                data, listener);
                        case HIDDEN_STATES -> new StateProjection(device, recipe, model, data);
                    });
        };
    }

    /// The samples of a run: those held out as the recipe says, the others to train on.
    ///
    /// @param data what the task was opened with
    /// @throws IllegalArgumentException if nothing is left to train on
    public static TrainingData data(TrainingRecipe recipe, ImageTextDataset data) {
        TrainingData split = TrainingData.split(data, recipe.data().validationSplit(),
                new TrainingRandom(recipe.steps().seed()));
        return recipe.method() instanceof TrainingMethod.TextualInversion ? split.repeated(REPEATS) : split;
    }

    @FunctionalInterface
    private interface Opening {
        TrainingTask<?> of(TrainedModel model) throws IOException;
    }

    private static TrainingTask<?> open(TrainingRecipe recipe, Opening opening) throws IOException {
        return open(TrainedModel.open(recipe.model(), recipe.steps().seed()), opening);
    }

    private static TrainingTask<?> open(TrainedModel model, Opening opening) throws IOException {
        try {
            return opening.of(model);
        } catch (IOException | RuntimeException e) {
            model.close();
            throw e;
        }
    }
}
