package dev.cathode.engine.train.log;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class StepTimerTest {
    private static final long SECOND = 1_000_000_000;

    @Test
    void theFirstStepDoesNotCount() {
        AtomicLong now = new AtomicLong(7);
        StepTimer timer = new StepTimer(now::get);
        step(timer, now, 0, 100);
        assertEquals(0, timer.imagesPerSecond());
        assertEquals(0, timer.secondsPerStep());
        assertEquals(Optional.empty(), timer.remaining(3));
        step(timer, now, 0, 2);
        step(timer, now, 0, 2);
        assertEquals(4, timer.imagesPerSecond(), 1e-9);
        assertEquals(2, timer.secondsPerStep(), 1e-9);
        assertEquals(Optional.of(Duration.ofSeconds(6)), timer.remaining(3));
    }

    @Test
    void pausesCountForTheTimeLeftOnly() {
        AtomicLong now = new AtomicLong();
        StepTimer timer = new StepTimer(now::get);
        step(timer, now, 0, 1);
        step(timer, now, 3, 1);
        assertEquals(8, timer.imagesPerSecond(), 1e-9);
        assertEquals(Optional.of(Duration.ofSeconds(40)), timer.remaining(10));
    }

    @Test
    void onlyTheLastStepsCount() {
        AtomicLong now = new AtomicLong();
        StepTimer timer = new StepTimer(now::get);
        for (int i = 0; i < 20; i++) {
            step(timer, now, 0, 9);
        }
        for (int i = 0; i < 50; i++) {
            step(timer, now, 0, 1);
        }
        assertEquals(8, timer.imagesPerSecond(), 1e-9);
    }

    /// Steps that overlap: each counts from the end of the one before.
    @Test
    void stepsThatBeginBeforeOthersEnd() {
        AtomicLong now = new AtomicLong();
        StepTimer timer = new StepTimer(now::get);
        long first = timer.begin();
        long second = timer.begin();
        now.addAndGet(5 * SECOND);
        timer.end(first, 8);
        long third = timer.begin();
        now.addAndGet(2 * SECOND);
        timer.end(second, 8);
        now.addAndGet(2 * SECOND);
        timer.end(third, 8);
        assertEquals(2, timer.secondsPerStep(), 1e-9);
        assertEquals(4, timer.imagesPerSecond(), 1e-9);
        assertEquals(Optional.of(Duration.ofSeconds(6)), timer.remaining(3));
    }

    private static void step(StepTimer timer, AtomicLong now, long pause, long seconds) {
        now.addAndGet(pause * SECOND);
        long begun = timer.begin();
        now.addAndGet(seconds * SECOND);
        timer.end(begun, 8);
    }
}
