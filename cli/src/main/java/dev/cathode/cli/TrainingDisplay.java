package dev.cathode.cli;

import dev.cathode.engine.train.TrainingListener;
import dev.cathode.engine.train.log.StepReport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/// Shows how training goes: a bar if somebody looks at a terminal, and lines for what is worth keeping. Where there is
/// no bar, a line a minute.
final class TrainingDisplay implements TrainingListener, AutoCloseable {
    private static final long QUIET_NANOS = 60_000_000_000L;

    private final Progress progress;
    private Progress.Bar bar;
    private long lastLine = Long.MIN_VALUE;
    private String state = "";
    private long total;
    private volatile boolean cancelled;

    TrainingDisplay(Progress progress) {
        this.progress = progress;
    }

    /// Asks the run to stop after its step.
    void cancel() {
        cancelled = true;
    }

    @Override
    public boolean isCancelled() {
        return cancelled;
    }

    /// Steps of the whole run; 0 before the first step.
    long total() {
        return total;
    }

    @Override
    public void onPhase(String what) {
        if (bar == null) {
            progress.note(what);
        } else {
            bar.phase(what);
        }
    }

    @Override
    public void onStep(StepReport report, long steps, Optional<Duration> remaining) {
        total = steps;
        if (bar == null) {
            bar = progress.startAt("train", report.step() - 1, steps);
        }
        String numbers = String.format(Locale.ROOT, "loss %.4f, lr %.2e, %.2f images/s", report.loss(),
                report.learningRate(), report.imagesPerSecond());
        bar.step(report.step(), steps, numbers, remaining);
        state = "step " + report.step() + " of " + steps + ": " + numbers
                + remaining.map(left -> ", " + clock(left) + " left").orElse("");
        if (!progress.isShown() && (lastLine == Long.MIN_VALUE || System.nanoTime() - lastLine > QUIET_NANOS)) {
            line(state);
        }
    }

    @Override
    public void onValidation(long step, double loss) {
        line(String.format(Locale.ROOT, "step %d of %d: validation loss %.5f", step, total, loss));
    }

    @Override
    public void onCheckpoint(Path folder) {
        line(folder + " written" + (progress.isShown() || state.isEmpty() ? "" : "; " + state));
    }

    private void line(String text) {
        lastLine = System.nanoTime();
        progress.note(text);
    }

    /// Hours, minutes, seconds.
    static String clock(Duration time) {
        return String.format(Locale.ROOT, "%d:%02d:%02d", time.toHours(), time.toMinutesPart(), time.toSecondsPart());
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
