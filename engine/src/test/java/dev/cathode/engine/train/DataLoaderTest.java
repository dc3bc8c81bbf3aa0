package dev.cathode.engine.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cathode.engine.train.DataLoader.Batch;
import dev.cathode.engine.train.DataLoader.Options;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class DataLoaderTest {
    private static final SampleOrder ORDER = new SampleOrder(new TrainingRandom(10), 11, 4);

    private static List<Batch<String>> all(int batchSize, long start, long end, Options options)
            throws IOException, InterruptedException {
        List<Batch<String>> batches = new ArrayList<>();
        // Samples take different times, so that threads finish out of order.
        try (var loader = new DataLoader<>(ORDER, batchSize, start, end, options, index -> {
            for (int i = 0; i < index % 3; i++) {
                Thread.yield();
            }
            return "sample " + index;
        })) {
            while (loader.hasNext()) {
                batches.add(loader.next());
            }
            assertThrows(NoSuchElementException.class, loader::next);
        }
        return batches;
    }

    @Test
    void threadsDoNotChangeTheOrder() throws Exception {
        List<Batch<String>> expected = all(3, 0, 8, new Options(0, 1));
        assertEquals(expected, all(3, 0, 8, new Options(1, 1)));
        assertEquals(expected, all(3, 0, 8, new Options(4, 5)));
        assertEquals(8, expected.getLast().step() + 1);
    }

    @Test
    void aRunCanGoOnAtAnyStep() throws Exception {
        List<Batch<String>> whole = all(2, 0, 8, new Options(2, 2));
        assertEquals(whole.stream().filter(b -> b.step() >= 5).toList(), all(2, 5, 8, new Options(2, 2)));
    }

    @Test
    void stepsAreCutIntoBatches() throws Exception {
        List<Batch<String>> batches = all(3, 0, 3, new Options(2, 2));
        // Steps of 4, 4 and 3 samples.
        assertEquals(List.of(0L, 0L, 1L, 1L, 2L), batches.stream().map(Batch::step).toList());
        assertEquals(List.of(3, 1, 3, 1, 3), batches.stream().map(b -> b.samples().size()).toList());
        assertEquals(List.of(0, 3, 0, 3, 0), batches.stream().map(Batch::first).toList());
        assertEquals(List.of(4, 4, 4, 4, 3), batches.stream().map(Batch::ofStep).toList());
        assertEquals(List.of(false, true, false, true, true), batches.stream().map(Batch::endsStep).toList());
        for (Batch<String> batch : batches) {
            assertEquals(batch.indices().stream().map(i -> "sample " + i).toList(), batch.samples());
        }
    }

    @Test
    void readersGoOnlySoFarAhead() throws Exception {
        AtomicInteger read = new AtomicInteger();
        try (var loader = new DataLoader<>(ORDER, 2, 0, 1000, new Options(2, 3), index -> read.incrementAndGet())) {
            assertEquals(0, read.get());
            loader.next();
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            // One batch was handed out, three may be ready.
            while (read.get() < 8 && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            Thread.sleep(20);
            assertEquals(8, read.get());
        }
    }

    @Test
    void errorsReachTheOneWhoAsked() throws Exception {
        IOException broken = new IOException("film.png: broken");
        int bad = ORDER.indices(1)[0];
        for (int readers : new int[] {0, 2}) {
            try (var loader = new DataLoader<>(ORDER, 4, 0, 3, new Options(readers, 2), index -> {
                if (index == bad) {
                    throw broken;
                }
                return index;
            })) {
                loader.next();
                IOException thrown = assertThrows(IOException.class, loader::next);
                assertEquals("film.png: broken", thrown.getMessage());
                assertSame(broken, thrown.getCause());
                assertEquals(2, loader.next().step());
            }
            try (var loader = new DataLoader<>(ORDER, 4, 0, 3, new Options(readers, 2), index -> {
                throw new ArithmeticException("sample " + index);
            })) {
                assertThrows(ArithmeticException.class, loader::next);
            }
        }
    }

    @Test
    void waitingIsMeasuredAndCanBeInterrupted() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        AtomicBoolean noticed = new AtomicBoolean();
        Set<Thread> readers = ConcurrentHashMap.newKeySet();
        try (var loader = new DataLoader<>(ORDER, 1, 0, 3, new Options(1, 1), index -> {
            readers.add(Thread.currentThread());
            try {
                never.await();
            } catch (InterruptedException e) {
                noticed.set(true);
            }
            return index;
        })) {
            Thread consumer = Thread.currentThread();
            Thread.ofVirtual().start(() -> {
                while (readers.isEmpty() || consumer.getState() == Thread.State.RUNNABLE) {
                    Thread.onSpinWait();
                }
                consumer.interrupt();
            });
            assertThrows(InterruptedException.class, loader::next);
            assertTrue(loader.waitedSeconds() > 0);
        }
        assertTrue(noticed.get());
        for (Thread reader : readers) {
            reader.join();
            assertFalse(reader.isAlive());
        }
    }

    @Test
    void nonsenseIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Options(-1, 1));
        assertThrows(IllegalArgumentException.class, () -> new Options(1, 0));
        assertThrows(IllegalArgumentException.class,
                () -> new DataLoader<>(ORDER, 0, 0, 1, new Options(0, 1), index -> index));
    }
}
