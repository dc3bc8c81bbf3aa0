package dev.cathode.engine.train.recipe;

import java.util.OptionalInt;
import java.util.OptionalLong;

/// How many steps there are and what each is made of.
///
/// @param seed of all random numbers
/// @param trainBatchSize samples that go through the networks at a time
/// @param gradientAccumulationSteps such batches a step; the loss is the mean over all their samples
/// @param maxTrainSteps optimizer steps; empty: as many as the epochs have
/// @param numTrainEpochs passes over the data, where `maxTrainSteps` is empty
/// @param maxGradNorm the gradient's largest l2 norm over all trained parameters together; 0: not limited
/// @param mixedPrecision what the networks compute in
/// @param gradientCheckpointing whether activations are computed again for the gradient instead of kept
public record StepSettings(long seed, int trainBatchSize, int gradientAccumulationSteps, OptionalLong maxTrainSteps,
        OptionalInt numTrainEpochs, double maxGradNorm, MixedPrecision mixedPrecision, boolean gradientCheckpointing) {
    public StepSettings {
        Require.positive("train_batch_size", trainBatchSize);
        Require.positive("gradient_accumulation_steps", gradientAccumulationSteps);
        maxTrainSteps.ifPresent(steps -> Require.positive("max_train_steps", steps));
        numTrainEpochs.ifPresent(epochs -> Require.positive("num_train_epochs", epochs));
        Require.notNegative("max_grad_norm", maxGradNorm);
        if (maxTrainSteps.isEmpty() && numTrainEpochs.isEmpty()) {
            throw new IllegalArgumentException("max_train_steps or num_train_epochs is needed");
        }
        if (maxTrainSteps.isPresent()) { // it decides alone, as in diffusers
            numTrainEpochs = OptionalInt.empty();
        }
        Math.multiplyExact(trainBatchSize, gradientAccumulationSteps);
    }

    /// Samples that an optimizer step sees.
    public int samplesPerStep() {
        return trainBatchSize * gradientAccumulationSteps;
    }

    /// Optimizer steps of the whole training. The last step of an epoch may see fewer samples.
    ///
    /// @param samples of an epoch
    public long totalSteps(int samples) {
        return maxTrainSteps.orElseGet(() ->
                (long) numTrainEpochs.orElseThrow() * Math.ceilDiv(samples, samplesPerStep()));
    }

    static StepSettings read(RecipeFields fields) {
        return new StepSettings(fields.whole("seed", 10), fields.integer("train_batch_size", 4),
                fields.integer("gradient_accumulation_steps", 1), fields.optionalWhole("max_train_steps"),
                fields.optionalInteger("num_train_epochs"), fields.number("max_grad_norm", 1),
                fields.constant("mixed_precision", MixedPrecision.NO, MixedPrecision.class),
                fields.flag("gradient_checkpointing", false));
    }

    void write(RecipeWriter out) {
        out.put("seed", seed).put("train_batch_size", trainBatchSize)
                .put("gradient_accumulation_steps", gradientAccumulationSteps).put("max_train_steps", maxTrainSteps)
                .put("num_train_epochs", numTrainEpochs).put("max_grad_norm", maxGradNorm)
                .put("mixed_precision", mixedPrecision).put("gradient_checkpointing", gradientCheckpointing);
    }
}
