package dev.cathode.engine.diffusion.schedulers;

/// A sampling algorithm with its settings; immutable.
public sealed interface Scheduler permits PNDMScheduler, DDIMScheduler, DDPMScheduler, EulerDiscreteScheduler,
        EulerAncestralDiscreteScheduler, HeunDiscreteScheduler, LMSDiscreteScheduler, DPMSolverMultistepScheduler,
        UniPCMultistepScheduler {
    /// The noise the network was trained with.
    NoiseSchedule noiseSchedule();

    /// What the network predicts.
    PredictionType predictionType();

    /// Timesteps that each step takes, as far as image to image counts them.
    default int order() {
        return 1;
    }

    /// A run of some steps.
    ///
    /// @param steps 1 to the number of training timesteps
    /// @throws IllegalArgumentException if the algorithm cannot take so many or so few steps
    default Sampling start(int steps) {
        return start(steps, 0);
    }

    /// A run that leaves out the first timesteps, see [#begin].
    ///
    /// @param begin index of the first timestep to evaluate
    Sampling start(int steps, int begin);

    /// Where image to image begins.
    ///
    /// @param strength how much of the picture is made anew: 1 everything, near 0 next to nothing
    /// @throws IllegalArgumentException if no step is left
    default int begin(int steps, double strength) {
        if (!(strength >= 0 && strength <= 1)) {
            throw new IllegalArgumentException("strength " + strength + " is not between 0 and 1");
        }
        int kept = Math.min((int) (steps * strength), steps);
        if (kept < 1) {
            throw new IllegalArgumentException("strength " + strength + " leaves none of " + steps
                    + " steps; take more steps or a greater strength");
        }
        return (steps - kept) * order();
    }
}
