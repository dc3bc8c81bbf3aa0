package dev.cathode.engine.train;

import dev.cathode.engine.train.log.StepReport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// Told how a run goes, and asked whether it shall go on.
public interface TrainingListener {
    /// Something begins that may take a while.
    default void onPhase(String what) { }

    /// After a step.
    ///
    /// @param total steps of the whole run
    /// @param remaining time left, once it is known
    default void onStep(StepReport report, long total, Optional<Duration> remaining) { }

    /// The loss on samples held out.
    default void onValidation(long step, double loss) { }

    /// A checkpoint was written.
    default void onCheckpoint(Path folder) { }

    /// Whether to stop: after the step that runs, with a checkpoint.
    default boolean isCancelled() {
        return false;
    }
}
