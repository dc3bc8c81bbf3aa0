package dev.cathode.cli;

import java.io.PrintWriter;
import java.text.DecimalFormat;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/// Shows how far the work is: a bar with rate and time left, if somebody looks at a terminal.
final class Progress {
    private static final int DEFAULT_WIDTH = 80;
    private static final int UPDATE_MILLIS = 250;
    private static final String CLEAR_LINE = "\r\u001B[K";

    private final PrintWriter err;
    private final boolean shown;

    /// @param shown whether `err` is a terminal
    Progress(PrintWriter err, boolean shown) {
        this.err = err;
        this.shown = shown;
    }

    /// Progress on the error stream, if it is a terminal.
    static Progress onTerminal(PrintWriter err) {
        return new Progress(err, Posix.present() && Posix.isatty(Posix.STDERR));
    }

    /// Prints a line for people, whether or not a bar is shown.
    void note(String line) {
        err.println(shown ? CLEAR_LINE + line : line);
    }

    /// Whether bars are shown.
    boolean isShown() {
        return shown;
    }

    /// The steps of one piece of work.
    interface Bar extends AutoCloseable {
        /// Something that is no step begins.
        void phase(String what);

        /// Step `step` (from 1) of `steps` is done.
        void step(int step, int steps);

        /// The same for work whose end is known better than by the mean time of a step.
        ///
        /// @param numbers to show
        /// @param left time until the end, once it is known
        void step(long step, long steps, String numbers, Optional<Duration> left);

        /// May be called twice.
        @Override
        void close();
    }

    /// Begins a bar for about `steps` steps.
    Bar start(String label, int steps) {
        return shown ? new Shown(label, steps) : new Hidden();
    }

    /// Begins a bar for work of which `done` steps are done already; says of each step what it is told.
    Bar startAt(String label, long done, long steps) {
        return shown ? new Shown(label, done, steps) : new Hidden();
    }

    private record Hidden() implements Bar {
        @Override
        public void phase(String what) { }

        @Override
        public void step(int step, int steps) { }

        @Override
        public void step(long step, long steps, String numbers, Optional<Duration> left) { }

        @Override
        public void close() { }
    }

    private final class Shown implements Bar {
        private final ProgressBar bar;
        private volatile Optional<Duration> left = Optional.empty();
        private boolean closed;

        private Shown(String label, long done, long steps) {
            bar = new ProgressBarBuilder().setTaskName(label).setInitialMax(steps).setStyle(ProgressBarStyle.ASCII)
                    .setUpdateIntervalMillis(UPDATE_MILLIS).startsFrom(done, Duration.ZERO)
                    .setEtaFunction(state -> left)
                    .setConsumer(new DelegatingProgressBarConsumer(this::print, width())).build();
        }

        private Shown(String label, int steps) {
            bar = new ProgressBarBuilder().setTaskName(label).setInitialMax(steps).setStyle(ProgressBarStyle.ASCII)
                    .setUpdateIntervalMillis(UPDATE_MILLIS).setUnit(" steps", 1)
                    .setSpeedUnit(ChronoUnit.SECONDS).showSpeed(new DecimalFormat("0.00"))
                    .setConsumer(new DelegatingProgressBarConsumer(this::print, width())).build();
        }

        private void print(String line) {
            err.print("\r" + line);
            err.flush();
        }

        @Override
        public void phase(String what) {
            bar.setExtraMessage(" " + what);
        }

        @Override
        public void step(int step, int steps) {
            bar.setExtraMessage("");
            bar.maxHint(steps);
            bar.stepTo(step);
        }

        @Override
        public void step(long step, long steps, String numbers, Optional<Duration> remaining) {
            left = remaining;
            bar.setExtraMessage(" " + numbers);
            bar.maxHint(steps);
            bar.stepTo(step);
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                bar.close();
                err.println();
            }
        }
    }

    /// Shells that export it know the width.
    private static int width() {
        String columns = System.getenv("COLUMNS");
        return columns != null && columns.matches("\\d{2,4}") ? Integer.parseInt(columns) - 1 : DEFAULT_WIDTH - 1;
    }
}
