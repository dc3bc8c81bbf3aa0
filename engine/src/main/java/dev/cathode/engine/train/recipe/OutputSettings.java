package dev.cathode.engine.train.recipe;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/// What training leaves behind.
///
/// @param outputDir the folder of the trained model, the checkpoints and the logs
/// @param checkpointingSteps a checkpoint is written every so many optimizer steps
/// @param checkpointsTotalLimit how many checkpoints are kept; empty: all
/// @param resumeFromCheckpoint `latest`, or the folder of a checkpoint, to go on from
/// @param reportTo the logs that are written
public record OutputSettings(Path outputDir, long checkpointingSteps, OptionalInt checkpointsTotalLimit,
        Optional<String> resumeFromCheckpoint, Reports reportTo) {
    /// `resume_from_checkpoint` that means the newest checkpoint in the output folder, if there is one.
    public static final String LATEST = "latest";

    /// The logs that are written.
    public enum Reports {
        ALL, TENSORBOARD, CSV, NONE;

        /// Whether `log.csv` is written.
        public boolean csv() {
            return this == ALL || this == CSV;
        }

        /// Whether TensorBoard's event files are written.
        public boolean tensorboard() {
            return this == ALL || this == TENSORBOARD;
        }
    }

    public OutputSettings {
        Require.positive("checkpointing_steps", checkpointingSteps);
        checkpointsTotalLimit.ifPresent(limit -> Require.positive("checkpoints_total_limit", limit));
    }

    static OutputSettings read(RecipeFields fields) {
        return new OutputSettings(fields.path("output_dir").orElse(Path.of("output")),
                fields.whole("checkpointing_steps", 500), fields.optionalInteger("checkpoints_total_limit"),
                fields.text("resume_from_checkpoint"), fields.constant("report_to", Reports.ALL, Reports.class));
    }

    void write(RecipeWriter out) {
        out.put("output_dir", outputDir).put("checkpointing_steps", checkpointingSteps)
                .put("checkpoints_total_limit", checkpointsTotalLimit)
                .put("resume_from_checkpoint", resumeFromCheckpoint).put("report_to", reportTo);
    }
}
