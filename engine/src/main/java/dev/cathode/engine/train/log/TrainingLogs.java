package dev.cathode.engine.train.log;

import dev.cathode.engine.image.RgbImage;
import java.io.IOException;
import java.util.List;

/// Tells several logs the same.
record TrainingLogs(List<TrainingLog> logs) implements TrainingLog {
    @Override
    public void step(StepReport report) throws IOException {
        for (TrainingLog log : logs) {
            log.step(report);
        }
    }

    @Override
    public void scalar(long step, String tag, double value) throws IOException {
        for (TrainingLog log : logs) {
            log.scalar(step, tag, value);
        }
    }

    @Override
    public void image(long step, String tag, RgbImage image) throws IOException {
        for (TrainingLog log : logs) {
            log.image(step, tag, image);
        }
    }

    @Override
    public void close() throws IOException {
        IOException failure = null;
        for (TrainingLog log : logs) {
            try {
                log.close();
            } catch (IOException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
