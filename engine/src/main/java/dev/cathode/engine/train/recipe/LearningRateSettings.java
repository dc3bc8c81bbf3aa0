package dev.cathode.engine.train.recipe;

import dev.cathode.engine.train.LearningRateSchedule;
import dev.cathode.engine.train.LearningRateSchedule.Constant;
import dev.cathode.engine.train.LearningRateSchedule.ConstantWithWarmup;
import dev.cathode.engine.train.LearningRateSchedule.Cosine;
import dev.cathode.engine.train.LearningRateSchedule.CosineWithRestarts;
import dev.cathode.engine.train.LearningRateSchedule.Cyclic;
import dev.cathode.engine.train.LearningRateSchedule.Linear;
import dev.cathode.engine.train.LearningRateSchedule.PiecewiseConstant;
import dev.cathode.engine.train.LearningRateSchedule.Polynomial;
import java.util.Optional;
import java.util.OptionalDouble;

/// The learning rate and its schedule.
///
/// @param learningRate the largest of the schedule, or the smallest of a cyclic one
/// @param scaleLr whether it is multiplied by the number of samples a step
/// @param scheduler how it changes
/// @param warmupSteps in which it rises; a constant schedule has none, whatever is said here, as in diffusers
/// @param cycles of a cosine with restarts
/// @param power of a polynomial
/// @param stepRules of a piecewise constant schedule, see [PiecewiseConstant#parse]
/// @param maxLr the largest of a cyclic schedule
/// @param stepSizeUp steps in which a cyclic schedule rises; it falls in as many
public record LearningRateSettings(double learningRate, boolean scaleLr, Kind scheduler, long warmupSteps, int cycles,
        double power, Optional<String> stepRules, OptionalDouble maxLr, long stepSizeUp) {
    /// Schedules by their name in a recipe: those of diffusers, and PyTorch's cyclic one.
    public enum Kind {
        CONSTANT, CONSTANT_WITH_WARMUP, LINEAR, COSINE, COSINE_WITH_RESTARTS, POLYNOMIAL, PIECEWISE_CONSTANT, CYCLIC;

        /// Whether the schedule is stretched over the whole training.
        boolean dependsOnLength() {
            return this == LINEAR || this == COSINE || this == COSINE_WITH_RESTARTS || this == POLYNOMIAL;
        }
    }

    public LearningRateSettings {
        Require.positive("learning_rate", learningRate);
        Require.notNegative("lr_warmup_steps", warmupSteps);
        Require.positive("lr_num_cycles", cycles);
        Require.positive("lr_power", power);
        maxLr.ifPresent(rate -> Require.positive("max_lr", rate));
        Require.positive("step_size_up", stepSizeUp);
        if (scheduler == Kind.PIECEWISE_CONSTANT && stepRules.isEmpty()) {
            throw new IllegalArgumentException("lr_scheduler piecewise_constant needs lr_step_rules, for example "
                    + "1:10,0.1:20,0.01");
        }
        if (scheduler == Kind.CYCLIC && maxLr.isEmpty()) {
            throw new IllegalArgumentException("lr_scheduler cyclic needs max_lr; learning_rate is its smallest");
        }
        stepRules.ifPresent(rules -> PiecewiseConstant.parse(learningRate, rules));
        if (scheduler == Kind.POLYNOMIAL) {
            new Polynomial(learningRate, warmupSteps, 1, power);
        }
    }

    /// The schedule.
    ///
    /// @param samplesPerStep what `scale_lr` multiplies by
    /// @param steps of the whole training
    LearningRateSchedule schedule(int samplesPerStep, long steps) {
        double scale = scaleLr ? samplesPerStep : 1;
        double rate = scale * learningRate;
        return switch (scheduler) {
            case CONSTANT -> new Constant(rate);
            case CONSTANT_WITH_WARMUP -> new ConstantWithWarmup(rate, warmupSteps);
            case LINEAR -> new Linear(rate, warmupSteps, steps);
            case COSINE -> new Cosine(rate, warmupSteps, steps);
            case COSINE_WITH_RESTARTS -> new CosineWithRestarts(rate, warmupSteps, steps, cycles);
            case POLYNOMIAL -> new Polynomial(rate, warmupSteps, steps, power);
            case PIECEWISE_CONSTANT -> PiecewiseConstant.parse(rate, stepRules.orElseThrow());
            case CYCLIC -> Cyclic.triangular(rate, scale * maxLr.orElseThrow(), stepSizeUp);
        };
    }

    static LearningRateSettings read(RecipeFields fields, TrainingMethod.Kind method) {
        return new LearningRateSettings(fields.number("learning_rate", MethodFields.usualLearningRate(method)),
                fields.flag("scale_lr", method == TrainingMethod.Kind.TEXTUAL_INVERSION),
                fields.constant("lr_scheduler", Kind.CONSTANT, Kind.class),
                fields.whole("lr_warmup_steps", 500), fields.integer("lr_num_cycles", 1),
                fields.number("lr_power", 1), fields.text("lr_step_rules"), fields.optionalNumber("max_lr"),
                fields.whole("step_size_up", 2000));
    }

    void write(RecipeWriter out) {
        out.put("learning_rate", learningRate).put("scale_lr", scaleLr).put("lr_scheduler", scheduler);
        if (scheduler == Kind.CONSTANT_WITH_WARMUP || scheduler.dependsOnLength()) {
            out.put("lr_warmup_steps", warmupSteps);
        }
        switch (scheduler) {
            case COSINE_WITH_RESTARTS -> out.put("lr_num_cycles", cycles);
            case POLYNOMIAL -> out.put("lr_power", power);
            case PIECEWISE_CONSTANT -> out.put("lr_step_rules", stepRules);
            case CYCLIC -> out.put("max_lr", maxLr).put("step_size_up", stepSizeUp);
            case CONSTANT, CONSTANT_WITH_WARMUP, LINEAR, COSINE -> { }
        }
    }
}
