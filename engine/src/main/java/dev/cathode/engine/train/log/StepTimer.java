package dev.cathode.engine.train.log;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.function.LongSupplier;

/// How fast training is and how long it will take, from the last steps. The first step is left out: it compiles.
public final class StepTimer {
    private static final int WINDOW = 50;

    /// @param nanos of the step itself
    /// @param apart nanoseconds from the end of the step before: validation and checkpoints are in there
    private record Step(long nanos, long apart, int images) {
    }

    private final LongSupplier clock;
    private final ArrayDeque<Step> window = new ArrayDeque<>();
    private long ended;
    private boolean first = true;

    public StepTimer() {
        this(System::nanoTime);
    }

    /// @param clock nanoseconds
    StepTimer(LongSupplier clock) {
        this.clock = clock;
    }

    /// A step begins; gives the time. Others may not have ended yet.
    public long begin() {
        return clock.getAsLong();
    }

    /// A step ends. If it began before the one before it ended, it took the time since then.
    ///
    /// @param begun what [#begin] gave
    /// @param images that it saw
    public void end(long begun, int images) {
        long now = clock.getAsLong();
        if (!first) {
            window.add(new Step(now - Math.max(begun, ended), now - ended, images));
            if (window.size() > WINDOW) {
                window.remove();
            }
        }
        first = false;
        ended = now;
    }

    /// Images that go through a step in a second; 0 as long as it is not known.
    public double imagesPerSecond() {
        double seconds = window.stream().mapToLong(Step::nanos).sum() * 1e-9;
        return seconds == 0 ? 0 : window.stream().mapToInt(Step::images).sum() / seconds;
    }

    /// The time a step takes; 0 as long as it is not known.
    public double secondsPerStep() {
        return window.stream().mapToLong(Step::nanos).average().orElse(0) * 1e-9;
    }

    /// How long the remaining steps will take, with what is done between steps; empty as long as it is not known.
    public Optional<Duration> remaining(long steps) {
        return window.isEmpty() ? Optional.empty() : Optional.of(Duration.ofNanos(
                Math.round(steps * window.stream().mapToLong(Step::apart).average().orElseThrow())));
    }
}
