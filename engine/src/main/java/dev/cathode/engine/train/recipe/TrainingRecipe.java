package dev.cathode.engine.train.recipe;

import dev.cathode.engine.train.EmaDecay;
import dev.cathode.engine.train.LearningRateSchedule;
import dev.cathode.engine.train.recipe.RecipeEntries.Entry;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// Everything a training run is told. In files it is flat YAML with the keys of diffusers' training scripts
/// (`learning_rate: 5e-5`); here it is a tree of records, checked when it is built.
///
/// Two keys must be there: `pretrained_model_name_or_path`, and `max_train_steps` or `num_train_epochs`; methods add
/// theirs. The defaults of the others are RoentGen's (roentgen.md B.3): AdamW with 0.9, 0.999, 1e-8 and weight decay
/// 1e-2, a constant learning rate, gradients clipped to norm 1, seed 10. Relative paths are relative to the working
/// directory.
///
/// ```
/// TrainingRecipe recipe = TrainingRecipe.load(Path.of("recipe.yaml"), List.of("learning_rate=1e-4"));
/// ```
public record TrainingRecipe(TrainingMethod method, ModelSettings model, DataSettings data, StepSettings steps,
        LossSettings loss, OptimizerSettings optimizer, LearningRateSettings learningRate, Optional<EmaDecay> ema,
        OutputSettings output, ValidationSettings validation) {
    public TrainingRecipe {
        RecipeChecks.check(method, model, data, loss);
    }

    /// Reads a recipe.
    ///
    /// @param overrides `key=value` each; they win over the file
    /// @throws IOException if the file cannot be read
    /// @throws IllegalArgumentException if it is no recipe: the message names the file, the line or the override, and
    ///         the key
    public static TrainingRecipe load(Path file, List<String> overrides) throws IOException {
        String text;
        try {
            text = Files.readString(file);
        } catch (MalformedInputException e) {
            throw new IllegalArgumentException(file + ": is not valid UTF-8", e);
        }
        return parse(text, file.toString(), overrides);
    }

    /// Reads a recipe from a text.
    ///
    /// @param source what messages call it
    /// @throws IllegalArgumentException as [#load]
    public static TrainingRecipe parse(String text, String source, List<String> overrides) {
        try {
            Map<String, Entry> entries = RecipeEntries.parse(text);
            overrides.forEach(assignment -> RecipeEntries.override(entries, assignment));
            return read(new RecipeFields(entries));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(source + ": " + e.getMessage(), e);
        }
    }

    static TrainingRecipe read(RecipeFields fields) {
        fields.refuseUnknown(RecipeKeys.ALL);
        TrainingMethod method = MethodFields.read(fields);
        TrainingRecipe recipe = new TrainingRecipe(method, ModelSettings.read(fields, method.kind()),
                DataSettings.read(fields), StepSettings.read(fields), LossSettings.read(fields),
                OptimizerFields.read(fields), LearningRateSettings.read(fields, method.kind()),
                EmaFields.read(fields), OutputSettings.read(fields), ValidationSettings.read(fields));
        fields.refuseRest(method.kind());
        return recipe;
    }

    /// The learning rates of the whole training.
    ///
    /// @param samples of an epoch
    public LearningRateSchedule schedule(int samples) {
        return learningRate.schedule(steps.samplesPerStep(), steps.totalSteps(samples));
    }

    /// The whole recipe as YAML, with the value of every key that has an effect; reads back as this recipe.
    public String toYaml() {
        return written().toYaml();
    }

    /// What a checkpoint depends on: a run may go on from a checkpoint only if these are the same. Keys are a recipe's,
    /// values texts; where training is written, how often, and how it is watched, is left out, and how long it lasts
    /// where the learning rate does not depend on it.
    public SortedMap<String, String> decisive() {
        SortedMap<String, String> decisive = new TreeMap<>();
        written().values().forEach((key, value) -> {
            if (!RecipeKeys.INDIFFERENT.contains(key)
                    && (learningRate.scheduler().dependsOnLength() || !RecipeKeys.LENGTH.contains(key))) {
                decisive.put(key, value.toString());
            }
        });
        return Collections.unmodifiableSortedMap(decisive);
    }

    private RecipeWriter written() {
        RecipeWriter out = new RecipeWriter();
        MethodFields.write(method, out);
        model.write(out);
        data.write(out);
        steps.write(out);
        loss.write(out);
        OptimizerFields.write(optimizer, out);
        learningRate.write(out);
        EmaFields.write(ema, out);
        output.write(out);
        validation.write(out);
        return out;
    }
}
