package dev.cathode.engine.train.log;

import dev.cathode.engine.image.RgbImage;
import java.io.IOException;
import java.util.List;

/// Where training tells how it goes. Steps are counted in optimizer steps that are done: the first is 1, and the rows
/// up to N belong to `checkpoint-N`.
public interface TrainingLog extends AutoCloseable {
    /// After an optimizer step.
    void step(StepReport report) throws IOException;

    /// A number that is not there for each step, for example the loss on samples held out.
    ///
    /// @param tag letters, digits and `_ - . /`
    void scalar(long step, String tag, double value) throws IOException;

    /// A picture for people.
    void image(long step, String tag, RgbImage image) throws IOException;

    @Override
    void close() throws IOException;

    /// Several logs as one.
    static TrainingLog of(List<TrainingLog> logs) {
        return new TrainingLogs(List.copyOf(logs));
    }
}
